"""The names of a stack that does not set them."""

from pathlib import Path

import pytest
import yaml

from infra.settings.names import NAMES, derive_name
from infra.settings.reading import SettingsError
from tests.unit.infra.conftest import as_config

QUERY_ON = {"queryWorker": "true"}


def names_of(settings):
    return settings.worker_name, settings.query_worker_name, settings.bucket


def test_production_has_the_plain_names(read):
    assert names_of(read(**QUERY_ON)) == ("building-vitals-backfill", "building-vitals-query", "ace-timeseries")


def test_any_other_stack_has_its_name_at_the_end(read):
    found = read(stack="dev", **QUERY_ON)
    assert names_of(found) == ("building-vitals-backfill-dev", "building-vitals-query-dev", "ace-timeseries-dev")
    assert found.worker_url == "https://building-vitals-backfill-dev.example.workers.dev"
    assert found.query_url == "https://building-vitals-query-dev.example.workers.dev"
    assert found.derived_names == NAMES.keys()


@pytest.mark.parametrize("stack", ["prod", "dev"])
def test_a_name_that_is_set_stays(read, stack):
    given = {"workerName": "one", "queryWorkerName": "two", "bucket": "three"}
    found = read(stack=stack, **given, **QUERY_ON)
    assert names_of(found) == ("one", "two", "three")
    assert found.derived_names == frozenset()


@pytest.mark.parametrize("stack", ["Dev", "my.stack", "my_stack", "dev-", "x" * 39])
def test_a_stacks_name_that_no_worker_may_have_is_one_line_a_name(read, stack):
    with pytest.raises(SettingsError) as caught:
        read(stack=stack)
    first, *others = str(caught.value).splitlines()
    assert first.startswith(("bucket: expected", "workerName: expected"))
    assert [line.partition(":")[0] for line in [first, *others]] in (["bucket", "workerName"], ["workerName"])
    assert f"found {derive_name('workerName', stack)!r}, which is the default of the stack {stack!r}." in str(
        caught.value
    )
    assert str(caught.value).endswith(
        "Choose a name, or keep 'building-vitals-backfill' if an older version deployed this stack, "
        "run: pulumi config set workerName NAME"
    )


def test_such_a_stack_may_set_its_names(read):
    assert read(stack="My.Stack", workerName="my-stack", bucket="my-stack").query_worker_name is None


def test_the_name_of_a_query_worker_is_judged_where_it_is_deployed(read):
    with pytest.raises(SettingsError, match=r"^queryWorkerName: expected"):
        read(stack="My.Stack", workerName="my-stack", bucket="my-stack", **QUERY_ON)


def test_the_template_of_staging_needs_the_three_values_of_production_and_no_more(read):
    template = yaml.safe_load(Path("Pulumi.staging.yaml").read_text())["config"]
    values = {key.removeprefix("building-vitals:"): as_config(value) for key, value in template.items()}
    found = read(stack="staging", **values)
    assert names_of(found) == ("building-vitals-backfill-staging", None, "ace-timeseries-staging")
    production = yaml.safe_load(Path("Pulumi.prod.yaml").read_text())["config"]
    assert template.keys() == production.keys()
