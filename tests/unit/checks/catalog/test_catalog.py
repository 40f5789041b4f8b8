"""All checks together: a healthy system, a missing key, and the dependencies between checks."""

from checks import catalog
from tests.fakes.healthy_system import healthy_system
from tests.fakes.outcomes import UP, first_finding, outcomes


def test_a_healthy_system_passes_every_check(tmp_path):
    code, report = healthy_system().report(tmp_path)
    assert code == 0
    assert outcomes(report) == dict.fromkeys(catalog.load().keys() - {"access"}, "pass") | {
        "failures": "skip",
        "parity": "skip",
        "query": "skip",
    }
    assert [name for name in report if name != "token"][:4] == ["config", "secrets", "bindings", "bucket"]


def test_the_dependencies_of_the_checks_are_sound():
    checks = catalog.load()
    for check in checks.values():
        assert {*check.needs, *check.after, *check.includes} < checks.keys()
        assert check.proves
        assert check.causes
        assert check.tags
        assert all(checks[name].step <= check.step for name in (*check.needs, *check.after))


def test_the_incident_of_the_runbook_takes_few_lines(tmp_path):
    system = healthy_system()
    system.worker.key = ""
    system.script.change_secrets()
    code, text = system.run(tmp_path)
    assert code == 1
    assert len(text.splitlines()) < 32  # a finding takes four
    assert text.count(UP) == 5
    assert [line.partition(":")[0] for line in text.splitlines() if "one cause" in line] == ["4 failed, one cause"]
    code, report = system.report(tmp_path)
    assert outcomes(report) == {
        "config": "pass",
        "token": "pass",
        "secrets": "fail",
        "bindings": "pass",
        "bucket": "pass",
        "deployed": "fail",
        "fresh": "pass",
        "health": "fail",
        "history": "pass",
        "key": "fail",
        **dict.fromkeys(("failures", "trigger", "logs", "r2", "proof", "query", "parity"), "skip"),
    }
    causes = {first_finding(report[name])["cause"] for name in ("secrets", "deployed", "health", "key")}
    assert causes == {"outside_change"}
    assert report["trigger"]["reason"] == "needs key, which failed"
