"""Names the cause of a standstill where the worker's own run log tells it.

The check ``fresh`` asks the worker nothing, and the checks run concurrently, so this is done with all results at hand.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.model.finding import Cause
from checks.model.report import Outcome, Result
from checks.run.causes.explanation import explain
from checks.run.causes.lost_days import is_loss

UNKNOWN = (Cause.WORKER, Cause.CHECKER)  # causes of `history` that tell no more than `fresh` does


def explain_standstill(results: Mapping[str, Result]) -> Mapping[str, Result]:
    """Return the results. Missing days have the cause and the hint of the failed runs that ``history`` found.

    Removed days are the cause only where the runs are right: a right cron stores them again.
    """
    fresh, history = results.get("fresh"), results.get("history")
    if fresh is None or history is None or history.outcome is not Outcome.FAIL:
        return results
    runs = [finding for finding in history.findings if not is_loss(finding)]
    told = next((finding for finding in runs or history.findings if finding.cause not in UNKNOWN), None)
    if told is None:
        return results
    return {**results, "fresh": explain(fresh, told, lambda finding: finding.cause is Cause.WORKER)}
