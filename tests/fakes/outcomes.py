"""The outcome of one check over a fake system: its findings, after the exit code and the outcome were asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fakes.system import System

Check = dict[str, Any]  # one check of the JSON report
UP = "pulumi up --stack prod"


def outcomes(report: dict[str, Check]) -> dict[str, str]:
    """Return the outcome of each check of a report."""
    return {name: check["outcome"] for name, check in report.items()}


def failed_finding(folder: Path, system: System, name: str, **options: Any) -> dict[str, str]:
    """Run one check, assert that it fails, and return its first finding."""
    code, report = system.report(folder, name, **options)
    assert (code, report[name]["outcome"]) == (1, "fail"), report[name]
    return first_finding(report[name])


def inconclusive_finding(folder: Path, system: System, name: str, **options: Any) -> dict[str, str]:
    """Run one check, assert that it is inconclusive, and return its first finding."""
    code, report = system.report(folder, name, **options)
    assert (code, report[name]["outcome"]) == (3, "inconclusive"), report[name]
    return first_finding(report[name])


def first_finding(check: Check) -> dict[str, str]:
    """Return the first finding of a check."""
    found: dict[str, str] = check["findings"][0]
    return found


def all_findings(folder: Path, system: System, name: str, *, cause: str = "configuration") -> list[tuple[str, str]]:
    """Run one check, assert that all findings have one cause, and return subject and found of all of them."""
    _, report = system.report(folder, name)
    assert {(item["cause"], item["hint"]) for item in report[name]["findings"]} <= {(cause, UP)}
    return [(item["subject"], item["found"]) for item in report[name]["findings"]]


def run_outcomes(folder: Path, system: System, *names: str) -> tuple[int, dict[str, str]]:
    """Run checks, assert that none has a defect of its own, and return the exit code and the outcomes."""
    code, text = system.run(folder, *names, formats=("json",))
    assert code in (0, 1, 3), text
    assert "a defect of the check" not in text, text
    return code, {check["id"]: check["outcome"] for check in json.loads(text)["checks"]}
