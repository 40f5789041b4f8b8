"""Names the cause of a standstill where the worker's own run log, or its paused queue, tells it.

The check ``fresh`` asks the worker nothing, and the checks run concurrently, so this is done with all results at hand.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.diagnosis.live_worker.queues import STOPPED
from checks.model.finding import Cause
from checks.model.report import Outcome, ReportedFinding, Result
from checks.run.causes.explanation import explain
from checks.run.causes.lost_days import is_loss

UNKNOWN = (Cause.WORKER, Cause.CHECKER)  # causes of `history` that tell no more than `fresh` does


def explain_standstill(results: Mapping[str, Result]) -> Mapping[str, Result]:
    """Return the results. Missing days have the cause and the hint of a paused queue, or else of the failed runs.

    The check ``bindings`` finds the first, and ``history`` the second.
    Removed days are the cause only where the runs are right: a right cron stores them again.
    """
    fresh = results.get("fresh")
    told = _find_stopped_queue(results.get("bindings")) or _find_failed_run(results.get("history"))
    if fresh is None or told is None:
        return results
    return {**results, "fresh": explain(fresh, told, lambda finding: finding.cause is Cause.WORKER)}


def _find_stopped_queue(bindings: Result | None) -> ReportedFinding | None:
    findings = () if bindings is None else bindings.findings
    return next((finding for finding in findings if finding.found.startswith(STOPPED)), None)


def _find_failed_run(history: Result | None) -> ReportedFinding | None:
    if history is None or history.outcome is not Outcome.FAIL:
        return None
    runs = [finding for finding in history.findings if not is_loss(finding)]
    return next((finding for finding in runs or history.findings if finding.cause not in UNKNOWN), None)
