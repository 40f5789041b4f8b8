"""Names the cause of lost days where the worker's own answer shows that it did not store them.

The run log is written by the worker, so ``history`` alone cannot tell a removed day from one that the worker counts as
stored. The check ``r2`` can: the worker lists its bucket for GET /status, and reports such days as complete.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.model.report import Outcome, ReportedFinding, Result
from checks.run.causes.explanation import explain
from checks.stored_days.judgement import REPORTED
from checks.stored_days.lost_days import SUBJECT


def explain_lost_days(results: Mapping[str, Result]) -> Mapping[str, Result]:
    """Return the results. Lost days that the worker still reports as complete have the cause and the hint of ``r2``."""
    history, r2 = results.get("history"), results.get("r2")
    if history is None or r2 is None or r2.outcome is not Outcome.FAIL:
        return results
    told = next((finding for finding in r2.findings if finding.expected.endswith(REPORTED)), None)
    if told is None:
        return results
    return {**results, "history": explain(history, told, is_loss)}


def is_loss(finding: ReportedFinding) -> bool:
    """Return whether a finding of ``history`` names days that were stored and are gone."""
    return finding.subject.startswith(SUBJECT)
