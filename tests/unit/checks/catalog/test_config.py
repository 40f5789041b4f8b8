"""The check `config`: each setting that cannot work is named, without any request."""

import json
from pathlib import Path

import pytest

from contract.setting_rules import RULES
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import KEY, manifest_data
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
        ({"storage__prefix": "elsewhere/"}, "the manifest's prefix"),
        ({"storage__key_template": "{date}/{site}"}, "keyTemplate"),
        ({"schedules": ["every day"]}, "schedule"),
        ({"ace__page_size": 10}, "pageSize"),
        ({"ace__start_date": "2024-13-01"}, "startDate"),
        ({"ace__end_date": "2024-12-01"}, "endDate"),
        ({"ace__start_date": ""}, "startDate"),
        ({"ace__start_date": "", "ace__end_date": None}, "startDate"),
        ({"ace__base_url": "ftp://ace"}, "aceBaseUrl"),
        ({"ace__site": "a/b"}, "site"),
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
    "site": "ace__site",
    "startDate": "ace__start_date",
    "endDate": "ace__end_date",
    "pageSize": "ace__page_size",
    "settleHours": "ace__settle_hours",
    "keyExpiryWarningDays": "ace__key_expiry_warning_days",
    "schedule": "schedules",
    "etlWorker": "siblings__etl_worker",
    "queryUrl": "siblings__query_url",
}
NUMBERS = {"pageSize", "settleHours", "keyExpiryWarningDays"}  # a manifest holds them as integers
ONLY_THE_PROGRAM_READS = {"workersSubdomain", "queryWorker", "queryWorkerName", "adopt", "notSecret"}


def refused(tmp_path, setting, value):
    """Return whether the check refuses a manifest that holds the value."""
    held = [value] if setting == "schedule" else int(value) if setting in NUMBERS else value
    end = {} if setting in {"startDate", "endDate"} else {"ace__end_date": None}
    manifest = manifest_data(**{**end, PLACES[setting]: held})
    _, report = healthy_system(manifest=manifest).report(tmp_path, "config")
    return setting in {item["subject"] for item in report["config"]["findings"]}


def test_every_setting_with_a_rule_is_in_the_manifest_or_only_for_the_program():
    assert set(RULES) == set(PLACES) | ONLY_THE_PROGRAM_READS


@pytest.mark.parametrize("setting", PLACES)
def test_config_refuses_the_same_values_as_the_program(tmp_path, setting):
    """Case P10."""
    examples = [item for item in EXAMPLES if item["setting"] == setting and item["value"]]
    if setting in NUMBERS:  # a manifest holds an integer
        examples = [item for item in examples if item["value"].strip() == item["value"] and item["value"].isdecimal()]
        examples = [item for item in examples if str(int(item["value"])) == item["value"]]
    if setting == "startDate":  # the manifest's own last day is 2024-12-14
        examples = [item for item in examples if item["value"] < "2024-12-14" or not item["valid"]]
    if setting == "endDate":  # the manifest's own first day is 2024-12-10
        examples = [item for item in examples if item["value"] >= "2024-12-10" or not item["valid"]]
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
