"""A change outside Pulumi that is live is one cause for the run."""

import httpx
import pytest

from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import KEY, URL, manifest_data
from tests.fakes.outcomes import UP

FOREIGN = {"status": "healthy", "service": "another-worker", "version": "9.0.0"}


def foreign_system(url=URL):
    system = healthy_system(manifest=manifest_data(worker__url=url))
    system.script.upload("")
    system.routes["GET", "/health"] = answer(200, FOREIGN)
    system.routes["GET", "/status"] = answer(200, {"status": "in_progress"})
    return system


@pytest.mark.parametrize("url", [URL, "https://worker.example"])  # whose name the account cannot confirm
def test_foreign_code_is_the_one_cause_of_all_that_it_breaks(tmp_path, url):
    """Case C17: before, health and key named the worker or the configuration."""
    code, report = foreign_system(url).report(tmp_path)
    assert code == 1
    failed = {name: check["findings"] for name, check in report.items() if check["outcome"] == "fail"}
    assert {"deployed", "health", "key"} <= failed.keys()
    causes = {(name, item["cause"], item["hint"]) for name in ("deployed", "health", "key") for item in failed[name]}
    assert causes == {(name, "outside_change", UP) for name in ("deployed", "health", "key")}


def test_the_report_ends_with_one_line_about_it(tmp_path):
    """Case C17: one closing line with one command."""
    _, text = foreign_system().run(tmp_path)
    assert text.count("one cause") == 1
    assert "live version v2 is not the program's last upload v1" in " ".join(text.rpartition("one cause")[2].split())


@pytest.mark.parametrize("secrets", [(), ("ACE_API_KEY",)])
def test_a_secret_that_was_changed_outside_explains_health_and_key(tmp_path, secrets):
    """Case C17: the deleted key, and another one."""
    system = healthy_system()
    system.script.change_secrets(*secrets)
    system.worker.key = "put-outside-pulumi" if secrets else ""
    _, report = system.report(tmp_path)
    for name in ("secrets", "deployed", "key"):
        assert {(item["cause"], item["hint"]) for item in report[name]["findings"]} == {("outside_change", UP)}, name


def test_without_a_change_outside_the_causes_stay(tmp_path):
    """Case C17, kept: the same answers of the program's own upload."""
    system = foreign_system()
    system.script.versions.pop(0)
    system.script.live = [system.script.versions[0]["id"]]
    _, report = system.report(tmp_path)
    assert report["deployed"]["outcome"] == "pass"
    assert {item["cause"] for item in report["health"]["findings"]} == {"configuration"}
    assert {item["cause"] for item in report["key"]["findings"]} == {"worker"}


def test_a_failure_with_another_fix_keeps_its_cause(tmp_path):
    """Case C17, kept: a wrong address, and a leaked secret, need their own commands whatever is live."""
    system = healthy_system(
        manifest=manifest_data(worker__url="https://building-vitals-backfill.elsewhere.workers.dev")
    )
    system.script.upload("")
    system.routes["GET", "/health"] = httpx.Response(404, text="There is nothing here yet")
    _, report = system.report(tmp_path, "deployed", "health")
    assert report["deployed"]["findings"][0]["cause"] == "outside_change"
    (found,) = report["health"]["findings"]
    assert (found["cause"], found["hint"].startswith("pulumi config set workersSubdomain")) == ("configuration", True)
    system.routes["GET", "/health"] = answer(200, {**FOREIGN, "debug": KEY})
    _, report = system.report(tmp_path, "deployed", "health")
    assert "pulumi config set --secret aceApiKey" in report["health"]["findings"][0]["hint"]
