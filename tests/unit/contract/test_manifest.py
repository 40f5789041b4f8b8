import copy
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.manifest import (
    DeclaredAce,
    DeclaredBinding,
    DeclaredQueue,
    DeclaredWorker,
    Manifest,
    ManifestError,
    RelatedWorkers,
    Storage,
)
from contract.manifest.sites import DeclaredSite

MANIFEST = Manifest(
    project="building-vitals",
    stack="prod",
    account_id="0123456789abcdef0123456789abcdef",
    worker=DeclaredWorker(
        name="w", url="https://w.x.workers.dev", service="backfill-worker", version="1.0.0", tag="bv:a:b:c:d"
    ),
    bindings=(
        DeclaredBinding(name="ACE_API_KEY", type="secret_text"),
        DeclaredBinding(name="PAGE_SIZE", type="plain_text", properties={"text": "10000"}),
    ),
    schedules=("*/5 * * * *",),
    storage=Storage(
        bucket="ace-timeseries",
        jurisdiction="default",
        key_template="timeseries/{site}/{date}/data.ndjson.gz",
    ),
    ace=DeclaredAce(
        base_url="https://flightdeck.aceiot.cloud",
        page_size=10000,
        settle_hours=6,
        recheck_days=3,
        key_expiry_warning_days=30,
    ),
    sites=(
        DeclaredSite(name="ses_falls_city", start_date="2024-12-10"),
        DeclaredSite(name="ses_other", start_date="2025-01-01", end_date="2025-01-31"),
    ),
    queue=DeclaredQueue(name="w-days", dead_letter_name="w-dead-days", parallelism=4),
    siblings=RelatedWorkers(),
)
SETTINGS = {
    "observability": "logs at 100 %",
    "logpush": "off",
    "tail_consumers": "none",
    "limits": "cpu_ms 30000",
    "placement": "none",
}


def test_a_manifest_survives_json():
    assert Manifest.from_dict(json.loads(json.dumps(MANIFEST.to_dict()))) == MANIFEST


def test_the_output_is_a_json_text_and_the_object_of_an_older_program_is_read_too():
    assert Manifest.from_output(json.dumps(MANIFEST.to_dict())) == MANIFEST
    assert Manifest.from_output(MANIFEST.to_dict()) == MANIFEST


@pytest.mark.parametrize("data", ["", "[secret]", "[", "[" * 10**5, "1" * 5000, "null", "[]", '"{}"', None, 1])
def test_another_output_is_refused_in_one_line(data):
    with pytest.raises(ManifestError, match=r"^manifest: expected an object"):
        Manifest.from_output(data)


def make_schema_1(**changes):
    """Return a manifest as programs wrote it that copied a single site."""
    ace = {"base_url": "https://ace.example", "site": "s", "start_date": "2024-12-10", "end_date": None}
    ace |= {"page_size": 10000, "settle_hours": 0, "key_expiry_warning_days": 60}
    data = MANIFEST.to_dict() | {"schema": 1, "ace": ace | changes}
    del data["sites"], data["queue"]
    data["storage"]["prefix"] = "timeseries/s/"
    return data


def test_a_manifest_of_schema_1_is_read():
    found = Manifest.from_dict(make_schema_1())
    assert found.sites == (DeclaredSite(name="s", start_date="2024-12-10"),)
    assert (found.ace.settle_hours, found.ace.recheck_days, found.ace.key_expiry_warning_days) == (0, 0, 60)
    assert found.queue is None
    assert Manifest.from_dict(found.to_dict()) == found


def test_a_manifest_of_a_still_older_program_gets_the_defaults():
    data = make_schema_1(end_date="2025-01-31")
    del data["ace"]["settle_hours"], data["ace"]["key_expiry_warning_days"], data["storage"]["prefix"]
    found = Manifest.from_dict(data)
    assert (found.ace.settle_hours, found.ace.key_expiry_warning_days) == (6, 30)
    assert found.sites[0].end_date == "2025-01-31"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"site": None}, "manifest.ace.site: expected str, found nothing"),
        ({"end_date": 5}, "manifest.ace.end_date: expected str or null, found int"),
        ({"more": 5}, "manifest.ace: unknown field 'more'"),
    ],
)
def test_a_broken_manifest_of_schema_1_is_refused(changes, message):
    with pytest.raises(ManifestError) as caught:
        Manifest.from_dict(make_schema_1(**changes))
    assert str(caught.value) == message


def test_a_manifest_of_an_older_deployment_has_no_digest_of_the_code():
    data = MANIFEST.to_dict()
    del data["worker"]["code"]
    assert Manifest.from_dict(data).worker.code == ""


def test_a_manifest_of_an_older_deployment_has_no_settings_of_the_script():
    data = MANIFEST.to_dict()
    assert Manifest.from_dict({**data, "worker": {**data["worker"], "settings": SETTINGS}}).to_dict()["worker"] == {
        **data["worker"],
        "settings": SETTINGS,
    }
    del data["worker"]["settings"]
    assert Manifest.from_dict(data).worker.settings is None


@pytest.mark.parametrize("wrong", [{**SETTINGS, "limits": 50}, {**SETTINGS, "more": "x"}, {"logpush": "off"}, []])
def test_settings_of_another_form_are_refused(wrong):
    data = MANIFEST.to_dict()
    data["worker"]["settings"] = wrong
    with pytest.raises(ManifestError, match=r"^manifest\.worker\.settings"):
        Manifest.from_dict(data)


def test_bindings_are_written_flat():
    assert MANIFEST.to_dict()["bindings"][1] == {"name": "PAGE_SIZE", "type": "plain_text", "text": "10000"}


def test_key_of_a_day():
    assert MANIFEST.prefix("s") == "timeseries/s/"
    assert MANIFEST.storage.key("s", "2024-12-10") == "timeseries/s/2024-12-10/data.ndjson.gz"


def test_the_digest_depends_on_everything_but_the_tag():
    assert MANIFEST.with_tag("other").digest() == MANIFEST.digest()
    changed = MANIFEST.to_dict()
    changed["bindings"][1]["text"] = "another_site"
    assert Manifest.from_dict(changed).digest() != MANIFEST.digest()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((), [], "manifest: expected an object, found list"),
        (("schema",), 3, "manifest.schema: expected 1 or 2, found 3"),
        (("worker",), None, "manifest.worker: expected an object, found nothing"),
        (("worker", "url"), 7, "manifest.worker.url: expected str, found int"),
        (("ace", "page_size"), True, "manifest.ace.page_size: expected int, found bool"),
        (("ace", "settle_hours"), None, "manifest.ace.settle_hours: expected int, found nothing"),
        (("sites",), [], "manifest.sites: expected at least one site, found none"),
        (("sites", 1, "end_date"), 5, "manifest.sites[1].end_date: expected str or null, found int"),
        (("queue",), 5, "manifest.queue: expected an object, found int"),
        (("queue", "parallelism"), "4", "manifest.queue.parallelism: expected int, found str"),
        (("bindings",), {}, "manifest.bindings: expected a list, found dict"),
        (("bindings", 0), {"type": "d1"}, "manifest.bindings[0].name: missing"),
        (("bindings", 0, "x"), 1, "manifest.bindings[0].x: expected str, found int"),
        (("schedules", 0), None, "manifest.schedules[0]: expected str, found nothing"),
        (("more",), 1, "manifest: unknown field 'more'"),
        (("storage", "more"), 1, "manifest.storage: unknown field 'more'"),
        (("stack",), None, "manifest.stack: expected str, found nothing"),
    ],
)
def test_other_data_is_refused_in_one_line(path, value, message):
    data = {"root": MANIFEST.to_dict()}
    place, keys = data, ("root", *path)
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    with pytest.raises(ManifestError) as caught:
        Manifest.from_dict(data["root"])
    assert str(caught.value) == message


def test_the_digest_has_12_digits_for_a_hundred_sites():
    sites = tuple(DeclaredSite(name=f"s{number}", start_date="2024-12-10") for number in range(100))
    assert len(dataclasses.replace(MANIFEST, sites=sites).digest()) == 12


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, st.sampled_from(sorted(MANIFEST.to_dict())))
def test_any_other_value_of_a_field_is_read_or_refused_never_a_crash(value, name):
    data = copy.deepcopy(MANIFEST.to_dict())
    data[name] = value
    try:
        Manifest.from_dict(data)
    except ManifestError as error:
        assert "\n" not in str(error)
