"""Runs the checks on a deployment and reads their report."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployment.child import Interruption, run_child

DEADLINE = "120s"
FAILED = ("fail", "inconclusive")  # outcomes
WORKER = "worker"  # the cause of a finding that an earlier version may solve


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One finding of a check that did not pass."""

    check: str
    outcome: str
    cause: str
    text: str
    hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of one run of the checks. ``markdown`` is empty where the run ended before its checks."""

    code: int
    passed: int
    failures: tuple[Failure, ...]
    markdown: str

    @property
    def is_worker_broken(self) -> bool:
        """Return whether a failed check has the cause ``worker``."""
        return any(failure.outcome == "fail" and failure.cause == WORKER for failure in self.failures)


def verify(
    arguments: Sequence[str],
    interruption: Interruption,
    *,
    environ: Mapping[str, str],
    folder: Path,
    junit: Path | None = None,
) -> Verification:
    """Run the checks with these arguments, and show their report. ``junit`` is the file of a report in that form."""
    report, markdown = folder / "checks.json", folder / "checks.md"
    targets = ["text", f"json={report}", f"markdown={markdown}", *([f"junit={junit}"] if junit else [])]
    formats = [word for target in targets for word in ("--format", target)]
    for path in (report, markdown):
        path.unlink(missing_ok=True)
    command = (sys.executable, "-m", "checks", "run", *arguments, "--deadline", DEADLINE, *formats)
    code = run_child(command, interruption, environ=environ).code
    checks = _read_checks(report)
    return Verification(
        code=code,
        passed=sum(item.get("outcome") == "pass" for item in checks),
        failures=tuple(_list_failures(checks)),
        markdown=markdown.read_text(encoding="utf-8") if markdown.is_file() else "",
    )


def _read_checks(path: Path) -> list[dict[str, Any]]:
    """Return the checks of a report, none where there is no report."""
    try:
        return list(json.loads(path.read_bytes())["checks"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _list_failures(checks: Sequence[Mapping[str, Any]]) -> Iterator[Failure]:
    for check in checks:
        for finding in check["findings"] if check["outcome"] in FAILED else ():
            yield Failure(
                check=check["id"],
                outcome=check["outcome"],
                cause=finding["cause"],
                text=f"{finding['subject']}: expected {finding['expected']}, found {finding['found']}",
                hint=finding["hint"],
            )
