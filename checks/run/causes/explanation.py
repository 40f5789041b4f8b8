"""Gives findings the cause and the next command of another finding, which explains them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from checks.model.report import ReportedFinding, Result


def explain(result: Result, told: ReportedFinding, is_explained: Callable[[ReportedFinding], bool]) -> Result:
    """Return the result. Each explained finding has the cause and the hint of ``told``."""
    findings = tuple(
        replace(finding, cause=told.cause, hint=told.hint) if is_explained(finding) else finding
        for finding in result.findings
    )
    return replace(result, findings=findings)
