import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import ace_key
from contract.setting_rules import RULES, find_conflicts, find_violation, find_violations

TABLE = json.loads((Path(__file__).parents[2] / "contract" / "setting_examples.json").read_text())
EXAMPLES = [example for example in TABLE if example["setting"] in RULES]
KEYS = [example for example in TABLE if example["setting"] == "aceApiKey"]


def name_of(example):
    return f"{example['setting']}-{example['value']!r}"


@pytest.mark.parametrize("example", EXAMPLES, ids=name_of)
def test_a_rule_agrees_with_the_example(example):
    """Cases P5 (a key template with capitals and digits), P9 (crons) and P10 (values that `config` accepted)."""
    violation = find_violation(example["setting"], example["value"])
    assert (violation is None) is example["valid"]
    if violation is not None:
        assert violation.setting.partition("[")[0] == example["setting"]
        assert "\n" not in str(violation)


@pytest.mark.parametrize("example", KEYS, ids=name_of)
def test_the_rule_of_the_key_agrees_with_the_example(example):
    problem = ace_key.assess(example["value"], now=datetime(2026, 11, 27, tzinfo=UTC)).problem
    assert (problem is None) is example["valid"]


def test_the_table_has_no_other_settings():
    assert len(EXAMPLES) + len(KEYS) == len(TABLE)
    assert KEYS


def test_every_rule_has_a_valid_and_a_broken_example():
    covered = {(example["setting"], example["valid"]) for example in EXAMPLES}
    assert covered == {(setting, valid) for setting in RULES for valid in (True, False)}


@given(st.sampled_from(list(RULES)), st.text(max_size=80))
def test_any_text_is_accepted_or_refused_in_one_line(setting, value):
    violation = find_violation(setting, value)
    assert violation is None or "\n" not in str(violation)


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({}, []),
        ({"workerUrl": ""}, []),
        ({"workerUrl": "https://a.b", "workersSubdomain": ""}, []),
        ({"workerUrl": "", "workersSubdomain": "a"}, []),
        ({"workerUrl": "", "workersSubdomain": ""}, ["workersSubdomain or workerUrl: expected exactly one of them, found neither"]),
        ({"workerUrl": "https://a.b", "workersSubdomain": "a"}, ["workersSubdomain or workerUrl: expected exactly one of them, found both"]),
        ({"etlWorker": "etl", "workersSubdomain": ""}, ["etlWorker: expected a whole URL, because workersSubdomain is not set, found 'etl'"]),
        ({"etlWorker": "https://etl.example.org", "workersSubdomain": ""}, []),
        ({"etlWorker": "etl", "workersSubdomain": "a"}, []),
        # Case X3: the ETL worker is the backfill worker itself
        ({"etlWorker": "w", "workerName": "w"}, ["etlWorker: expected another worker than the backfill worker, found 'w'"]),
        ({"etlWorker": "https://W.s.workers.dev/etl", "workerName": "w", "workersSubdomain": "s"}, ["etlWorker: expected another worker than the backfill worker, found 'https://W.s.workers.dev/etl'"]),
        ({"etlWorker": "https://a.b:443/x", "workerUrl": "https://A.b"}, ["etlWorker: expected another worker than the backfill worker, found 'https://a.b:443/x'"]),
        ({"etlWorker": "https://w-etl.s.workers.dev", "workerName": "w", "workersSubdomain": "s"}, []),
        ({"etlWorker": "https://a.b:8443", "workerUrl": "https://a.b"}, []),
        ({"etlWorker": "https://[", "workerUrl": "https://["}, []),
        ({"queryWorker": "true", "queryWorkerName": "a", "workerName": "a"}, ["queryWorkerName: expected a name that is not workerName, found 'a'"]),
        ({"queryWorker": "true", "queryWorkerName": "", "workerName": "a"}, ["queryWorkerName: expected a name that is not workerName, found nothing"]),
        ({"queryWorker": "false", "queryWorkerName": "a", "workerName": "a"}, []),
        (
            {"queryWorker": "true", "queryWorkerName": "q", "queryUrl": "", "workersSubdomain": ""},
            ["queryUrl: expected a whole URL, because workersSubdomain is not set, found nothing"],
        ),
    ],
)  # fmt: skip
def test_rules_between_settings(values, problems):
    assert [str(item) for item in find_conflicts(values)] == problems


def test_a_url_that_may_hold_a_password_is_never_shown():
    assert "fakefake" not in str(find_violation("aceBaseUrl", "https://jo:fakefake@db.example.org"))
    assert "fakefake" not in str(find_violation("sites", "https://jo:fakefake@db.example.org"))
    sites = json.dumps([{"name": "https://jo:fakefake@db.example.org", "startDate": "2024-12-10"}])
    assert "fakefake" not in str(find_violation("sites", sites))


def test_each_broken_part_of_the_sites_is_named_by_its_path():
    sites = [
        {"name": "a", "startDate": "2024-12-10", "endDate": "2024-12-09"},
        {"name": "a", "startDate": "soon", "more": 1},
        "b",
        {},
    ]
    assert list(map(str, find_violations("sites", json.dumps(sites)))) == [
        "sites[0].endDate: expected 2024-12-10 (its startDate) or later, found '2024-12-09'",
        "sites[1]: expected only name, startDate, endDate, found 'more'",
        "sites[1].startDate: expected a date as YYYY-MM-DD, found 'soon'",
        "sites[1].name: expected a name that no other site has, found 'a'",
        "sites[2]: expected an object with name, startDate and perhaps endDate, found 'b'",
        "sites[3].name: expected letters, digits, '_', '-' and '.', with no '.' at its start, found nothing",
        "sites[3].startDate: expected a date as YYYY-MM-DD, found nothing",
    ]


def test_a_text_without_sites_is_one_line():
    for text, found in (("", "nothing"), ("[]", "nothing"), ("{}", "'{}'"), ("x" * 99, repr("x" * 60))):
        [violation] = find_violations("sites", text)
        assert (
            str(violation)
            == f"sites: expected a list of sites, each with name, startDate and perhaps endDate, found {found}"
        )
