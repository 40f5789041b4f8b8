"""The check `config` judges a manifest by the program's own rules."""

import json
from pathlib import Path

import pytest

from contract.setting_rules import RULES
from tests.unit.checks.world import World, manifest_data

EXAMPLES = json.loads((Path(__file__).parents[2] / "contract" / "setting_examples.json").read_text())
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
    "schedule": "schedules",
    "etlWorker": "siblings__etl_worker",
    "queryUrl": "siblings__query_url",
}
ONLY_THE_PROGRAM_READS = {"workersSubdomain", "queryWorker", "queryWorkerName", "adopt"}


def refused(tmp_path, setting, value):
    """Return whether the check refuses a manifest that holds the value."""
    held = [value] if setting == "schedule" else int(value) if setting == "pageSize" else value
    end = {} if setting in {"startDate", "endDate"} else {"ace__end_date": None}
    manifest = manifest_data(**{**end, PLACES[setting]: held})
    _, report = World(manifest=manifest).report(tmp_path, "config")
    return setting in {item["subject"] for item in report["config"]["findings"]}


def test_every_setting_with_a_rule_is_in_the_manifest_or_only_for_the_program():
    assert set(RULES) == set(PLACES) | ONLY_THE_PROGRAM_READS


@pytest.mark.parametrize("setting", PLACES)
def test_config_refuses_what_the_program_refuses(tmp_path, setting):
    examples = [item for item in EXAMPLES if item["setting"] == setting and item["value"]]
    if setting == "pageSize":  # a manifest holds an integer
        examples = [item for item in examples if item["value"].strip() == item["value"] and item["value"].isdecimal()]
        examples = [item for item in examples if str(int(item["value"])) == item["value"]]
    if setting == "startDate":  # the manifest's own last day is 2024-12-14
        examples = [item for item in examples if item["value"] < "2024-12-14" or not item["valid"]]
    if setting == "endDate":
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
    _, report = World().report(tmp_path, "config", environ={"ACE_API_KEY": key})
    [finding] = report["config"]["findings"]
    assert finding["subject"] == "the key in ACE_API_KEY"
    assert key not in json.dumps(report)
