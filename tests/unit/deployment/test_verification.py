"""The checks' report as a deployment needs it."""

import json
import sys

import pytest

from deployment import verification
from deployment.child import Ended
from deployment.verification import Failure, Verification, verify

CHECKS = [
    {"id": "config", "outcome": "pass", "findings": []},
    {
        "id": "health",
        "outcome": "fail",
        "findings": [{"subject": "GET", "expected": "200", "found": "502", "cause": "worker", "hint": "curl"}],
    },
    {"id": "r2", "outcome": "skip", "findings": []},
]


@pytest.fixture
def run(monkeypatch, tmp_path):
    def run(report, markdown="# x", **more):
        seen = []

        def run_child(command, _interruption, *, environ):
            seen.extend(command)
            if report is not None:
                (tmp_path / "checks.json").write_text(report)
                (tmp_path / "checks.md").write_text(markdown)
            return Ended(code=1, lines=())

        monkeypatch.setattr(verification, "run_child", run_child)
        return verify(["--stack", "prod"], None, environ={}, folder=tmp_path, **more), seen

    return run


def test_passed_checks_and_failures(run, tmp_path):
    found, command = run(json.dumps({"checks": CHECKS}), junit=tmp_path / "j.xml")
    failure = Failure(check="health", outcome="fail", cause="worker", text="GET: expected 200, found 502", hint="curl")
    assert found == Verification(code=1, passed=1, failures=(failure,), markdown="# x")
    assert found.is_worker_broken
    assert command[:6] == [sys.executable, "-m", "checks", "run", "--stack", "prod"]
    assert f"junit={tmp_path / 'j.xml'}" in command


@pytest.mark.parametrize("report", [None, "", "[]", "{}"])
def test_a_run_without_a_report_is_not_green(run, report):
    found, _ = run(report, markdown="")
    assert found == Verification(code=1, passed=0, failures=(), markdown="")
    assert not found.is_worker_broken


def test_an_older_report_is_not_read_again(run):
    run(json.dumps({"checks": CHECKS}))
    assert run(None)[0].failures == ()
