"""The format `prometheus`: valid by Prometheus' own parser, and a number that was not measured is absent."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from checks.model.metric import DESCRIPTIONS, Metric
from checks.model.report import Outcome
from checks.reporters import load_renderer
from tests.fakes import run_log
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NOW
from tests.fakes.reports import PASSED, SKIPPED, STYLE, finding, report, result

GOLDEN = Path(__file__).parents[3] / "golden" / "checks"
FAILED, UNKNOWN = result("c", Outcome.FAIL, finding()), result("d", Outcome.INCONCLUSIVE, finding())


def parse(text):
    families = list(text_string_to_metric_families(text))
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation and family.type == "gauge" for family in families)
    samples = [(s.name, tuple(sorted(s.labels.items()))) for family in families for s in family.samples]
    assert len(set(samples)) == len(samples)
    return {family.name.removeprefix("building_vitals_"): family.samples for family in families}


def render(*results, **options):
    return parse(load_renderer("prometheus")(report(*results, **options), STYLE))


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.prom")), ids=lambda file: file.name)
def test_prometheus_reads_every_whole_report(file):
    samples = parse(file.read_text())
    assert file.name.endswith(f".exit{samples['exit_code'][0].value:g}.prom")


def test_only_a_check_with_a_result_is_ok_or_not():
    values = {s.labels["check"]: s.value for s in render(PASSED, SKIPPED, FAILED, UNKNOWN)["check_ok"]}
    assert values == {"a": 1, "c": 0}


def test_every_outcome_has_a_sample_so_that_an_inconclusive_check_can_be_an_alert():
    samples = render(PASSED, UNKNOWN)["check_outcome"]
    assert {(s.labels["check"], s.labels["outcome"]) for s in samples if s.value == 1} == {
        ("a", "pass"),
        ("d", "inconclusive"),
    }
    assert len(samples) == 2 * len(Outcome)


def test_a_number_that_was_measured_is_exact_and_any_other_is_absent():
    measured = result("fresh", Outcome.FAIL, finding(), metrics={Metric.MISSING_DAYS: 0, Metric.LAST_RUN_AGE: 1e9 + 1})
    found = render(measured, PASSED)
    assert [(s.labels, s.value) for s in found["missing_days"]] == [({"check": "fresh", "stack": "prod"}, 0)]
    assert found["last_run_age_seconds"][0].value == 1e9 + 1
    assert not {"newest_day_age_seconds", "key_expires_seconds"} & found.keys()


def test_a_run_without_a_result_has_no_check_ok_at_all():
    assert "check_ok" not in render(SKIPPED)


def test_a_label_may_hold_any_text():
    hostile = 'a"b\\c\nd} 1'
    assert {s.labels["stack"] for s in render(PASSED, stack=hostile)["check_ok"]} == {hostile}


def test_every_metric_is_described_in_the_docs_and_allowed_by_the_schema():
    assert set(DESCRIPTIONS) == set(Metric)
    reference = Path(__file__).parents[4] / "docs" / "reference"
    schema = json.loads((reference / "report.schema.json").read_text())
    assert set(schema["$defs"]["check"]["properties"]["metrics"]["propertyNames"]["enum"]) == set(Metric)
    assert all(f"`building_vitals_{metric}`" in (reference / "reports.md").read_text() for metric in Metric)


def test_the_check_token_measures_the_time_until_the_key_expires(tmp_path):
    parts = ({"alg": "HS256"}, {"exp": int((NOW + timedelta(days=40)).timestamp())})
    key = ".".join([*(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts), "c2ln"])
    system = healthy_system()
    system.ace.key = key
    _, text = system.run(tmp_path, "token", formats=("prometheus",), environ={"ACE_API_KEY": key})
    assert parse(text)["key_expires_seconds"][0].value == timedelta(days=40).total_seconds()


def test_the_check_token_measures_nothing_where_the_key_has_no_date(tmp_path):
    _, text = healthy_system().run(tmp_path, "token", formats=("prometheus",))
    assert "key_expires_seconds" not in parse(text)


def test_a_whole_run_measures_days_and_runs_in_seconds(tmp_path):
    _, text = healthy_system(stored=5).run(tmp_path, formats=("prometheus",))
    found = {name: samples[0].value for name, samples in parse(text).items()}
    assert found["missing_days"] == 0
    assert found["newest_day_age_seconds"] == timedelta(days=5, hours=12).total_seconds()
    assert 0 < found["last_run_age_seconds"] < 3600


def test_a_cron_that_stands_still_is_measured_as_well(tmp_path):
    """Case T2: the age grows while the check fails."""
    system = healthy_system()
    system.now = NOW + timedelta(days=2)
    code, text = system.run(tmp_path, "history", formats=("prometheus",))
    samples = parse(text)
    assert (code, samples["check_ok"][0].value) == (1, 0)
    assert samples["last_run_age_seconds"][0].value > timedelta(days=2).total_seconds()


def test_a_bucket_without_a_run_log_has_no_age(tmp_path):
    system = healthy_system()
    run_log.write_runs(system.objects, [])
    _, text = system.run(tmp_path, "history", formats=("prometheus",))
    assert "last_run_age_seconds" not in parse(text)


def test_the_numbers_of_each_site_have_a_name_of_their_own():
    sites = {"a": {Metric.MISSING_DAYS: 0}, "b": {Metric.MISSING_DAYS: 2, Metric.NEWEST_DAY_AGE: 5.5}}
    found = render(result("fresh", Outcome.PASS, metrics={Metric.MISSING_DAYS: 2}, site_metrics=sites))
    assert [(s.labels["site"], s.value) for s in found["site_missing_days"]] == [("a", 0), ("b", 2)]
    assert [(s.labels["site"], s.value) for s in found["site_newest_day_age_seconds"]] == [("b", 5.5)]
    assert len(found["missing_days"]) == 1
    assert "site_missing_days" not in render(PASSED)
