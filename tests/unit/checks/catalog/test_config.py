"""The check `config`: each setting that cannot work is named, without any request."""

import pytest

from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import KEY, manifest_data
from tests.fakes.verdicts import failed_finding


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"account_id": "short"}, "accountId"),
        ({"worker__url": "http://example.org"}, "workerUrl"),
        ({"worker__url": "https://u:p@example.org"}, "workerUrl"),
        ({"worker__url": "https://[failed_finding"}, "workerUrl"),
        ({"worker__name": "No_Name!"}, "workerName"),
        ({"worker__tag": ""}, "the upload's mark"),
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
    assert "plausible" in report["config"]["evidence"][1]
