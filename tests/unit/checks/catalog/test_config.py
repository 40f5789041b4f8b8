"""The check `config`: each setting that cannot work is named, without any request."""

import dataclasses
import json
from pathlib import Path

import pytest

from contract.manifest.sites import read_sites
from contract.setting_rules import RULES
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import KEY, NAME, manifest_data
from tests.fakes.outcomes import failed_finding


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"account_id": "short"}, "accountId"),
        ({"worker__url": "http://example.org"}, "workerUrl"),
        ({"worker__url": "https://u:p@example.org"}, "workerUrl"),
        ({"worker__url": "https://[broken"}, "workerUrl"),
        ({"worker__name": "No_Name!"}, "workerName"),
        ({"worker__tag": ""}, "the upload's tag"),
        ({"storage__bucket": "A"}, "bucket"),
        ({"storage__key_template": "{date}/{site}"}, "keyTemplate"),
        ({"schedules": ["every day"]}, "schedule"),
        ({"ace__page_size": 10}, "pageSize"),
        ({"sites__0__start_date": "2024-13-01"}, "sites[0].startDate"),
        ({"sites__0__end_date": "2024-12-01"}, "sites[0].endDate"),
        ({"sites__0__start_date": ""}, "sites[0].startDate"),
        ({"names": ["a", "b"], "sites__1__name": "a"}, "sites[1].name"),
        ({"sites__0__name": "another"}, "binding SITES"),
        ({"ace__recheck_days": 31}, "recheckDays"),
        ({"ace__base_url": "ftp://ace"}, "aceBaseUrl"),
        ({"sites__0__name": "a/b"}, "sites[0].name"),
        ({"bindings": []}, "binding ACE_API_KEY"),
    ],
)
def test_config_names_the_setting_that_cannot_work(tmp_path, changes, subject):
    _, report = healthy_system(manifest=manifest_data(**changes)).report(tmp_path, "config")
    assert subject in [item["subject"] for item in report["config"]["findings"]]
    assert {item["cause"] for item in report["config"]["findings"]} == {"configuration"}


@pytest.mark.parametrize("key", [" ", f"{KEY}\n", "your-token-here", "changeme"])
def test_config_refuses_a_key_that_cannot_work(tmp_path, key):
    found = failed_finding(tmp_path, healthy_system(), "config", environ={"ACE_API_KEY": key})
    assert found["subject"] == "the key in ACE_API_KEY"
    assert "pulumi config set --secret aceApiKey --stack prod" in found["hint"]


def test_config_sends_no_request_and_needs_no_key(tmp_path):
    system = healthy_system()
    code, report = system.report(tmp_path, "config", environ={})
    assert (code, system.asked) == (0, [])
    assert len(report["config"]["evidence"]) == 1


def test_config_accepts_a_jwt_that_has_not_expired(tmp_path):
    key = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjI3MzQ2NTQwMDB9.c2ln"
    _, report = healthy_system().report(tmp_path, "config", environ={"ACE_API_KEY": key})
    assert "valid" in report["config"]["evidence"][1]


EXAMPLES = json.loads((Path(__file__).parents[3] / "contract" / "setting_examples.json").read_text())
PLACES = {
    "accountId": "account_id",
    "workerName": "worker__name",
    "workerUrl": "worker__url",
    "bucket": "storage__bucket",
    "keyTemplate": "storage__key_template",
    "aceBaseUrl": "ace__base_url",
    "sites": "sites",
    "pageSize": "ace__page_size",
    "settleHours": "ace__settle_hours",
    "recheckDays": "ace__recheck_days",
    "parallelism": "queue__parallelism",
    "keyExpiryWarningDays": "ace__key_expiry_warning_days",
    "schedule": "schedules",
    "etlWorker": "siblings__etl_worker",
    "queryUrl": "siblings__query_url",
}
NUMBERS = {
    "pageSize",
    "settleHours",
    "recheckDays",
    "parallelism",
    "keyExpiryWarningDays",
}  # a manifest holds them as integers
ONLY_THE_PROGRAM_READS = {"workersSubdomain", "queryWorker", "queryWorkerName", "adopt", "notSecret"}


def refused(tmp_path, setting, value):
    """Return whether the check refuses a manifest that holds the value."""
    held = [value] if setting == "schedule" else int(value) if setting in NUMBERS else value
    if setting == "sites":
        held = [dataclasses.asdict(site) for site in read_sites(value)]
    queue = {"name": f"{NAME}-days", "dead_letter_name": f"{NAME}-dead-days", "parallelism": 4}
    system = healthy_system()
    system.manifest = manifest_data(**{"queue": queue, PLACES[setting]: held})
    _, report = system.report(tmp_path, "config")
    return setting in {item["subject"].partition("[")[0] for item in report["config"]["findings"]}


def is_in_a_manifest(setting, value):
    """Return whether a manifest can hold the value: its reader refuses another form."""
    if setting in NUMBERS:
        return value.strip() == value and value.isdecimal() and str(int(value)) == value
    try:
        return setting != "sites" or (
            bool(sites := read_sites(value))
            and all(
                isinstance(text, str) for site in sites for text in (site.name, site.start_date, site.end_date or "")
            )
        )
    except (ValueError, TypeError):
        return False


def test_every_setting_with_a_rule_is_in_the_manifest_or_only_for_the_program():
    assert set(RULES) == set(PLACES) | ONLY_THE_PROGRAM_READS


@pytest.mark.parametrize("setting", PLACES)
def test_config_refuses_the_same_values_as_the_program(tmp_path, setting):
    """Case P10."""
    examples = [item for item in EXAMPLES if item["setting"] == setting and item["value"]]
    examples = [item for item in examples if is_in_a_manifest(setting, item["value"])]
    assert {item["valid"] for item in examples} == {True, False}
    wrong = [item for item in examples if refused(tmp_path, setting, item["value"]) is item["valid"]]
    assert wrong == []


@pytest.mark.parametrize(
    "key",
    [
        '"eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjI3MzQ2NTQwMDB9.c2ln"',
        "abc",
        "eyJhbGciOiJIUzI1NiJ9.eyJuYmYiOjI3MzQ2NTQwMDB9.c2ln",  # nbf in 2056
        "eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjI3MzQ2NTQwMDB9.c2ln",  # iat in 2056
    ],
)
def test_config_refuses_a_key_in_quotes_a_short_one_and_one_of_the_future(tmp_path, key):
    _, report = healthy_system().report(tmp_path, "config", environ={"ACE_API_KEY": key})
    [finding] = report["config"]["findings"]
    assert finding["subject"] == "the key in ACE_API_KEY"
    assert key not in json.dumps(report)
