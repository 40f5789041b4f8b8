"""Reports that are made for tests of the formats."""

from __future__ import annotations

from typing import Any

from checks.model.finding import Cause
from checks.model.report import Outcome, Report, ReportedFinding, Result
from checks.reporters import Style

HOSTILE = (
    "a|b `x` ``` <img src=x onerror=y> @octocat #1 [l](https://evil.example) **b** \\| \\\\| www.evil.example &amp; ]]>"
)
STYLE = Style()


def finding(number: int = 1, text: str = HOSTILE) -> ReportedFinding:
    """Return a finding with this text in every place."""
    return ReportedFinding(
        subject=f"{text}{number}", expected=text, found=text, cause=Cause.WORKER, hint=f"pulumi up {text}"
    )


def result(name: str, outcome: Outcome, *findings: ReportedFinding, **options: Any) -> Result:
    """Return the result of a check."""
    return Result(id=name, outcome=outcome, findings=findings, seconds=1.23456, **options)


def report(*results: Result, **options: Any) -> Report:
    """Return a report of these results."""
    stack = options.pop("stack", "prod")
    return Report(project="p", stack=stack, worker="w", url="https://w", results=results, **options)


PASSED = result("a", Outcome.PASS, evidence=("seen", "twice"))
SKIPPED = result("b", Outcome.SKIP, reason="needs CLOUDFLARE_API_TOKEN")
