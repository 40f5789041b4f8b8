"""Names one cause where the check ``deployed`` knows that a change outside Pulumi is live.

The checks run concurrently, so this is done with all results at hand.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.clients.http.leaks import EXPECTED
from checks.model.finding import Cause
from checks.model.report import Outcome, ReportedFinding, Result
from checks.run.causes.explanation import explain

EXPLAINED_CHECKS = frozenset({"fresh", "history", "health", "key", "trigger", "logs"})  # they judge the live code
EXPLAINED_CAUSES = (Cause.CONFIGURATION, Cause.WORKER)
OWN_FIXES = ("pulumi config set ", "unset ", "${EDITOR")  # a hint that corrects something else than the live version


def explain_by_outside_change(results: Mapping[str, Result]) -> Mapping[str, Result]:
    """Return the results. Failures of the live code have the cause and the hint of a change outside Pulumi."""
    deployed = results.get("deployed")
    findings = () if deployed is None else deployed.findings
    change = next((finding for finding in findings if finding.cause is Cause.OUTSIDE_CHANGE), None)
    if change is None:
        return results
    return {
        name: explain(result, change, _is_explained) if _judges_live_code(result) else result
        for name, result in results.items()
    }


def _judges_live_code(result: Result) -> bool:
    return result.id in EXPLAINED_CHECKS and result.outcome is Outcome.FAIL


def _is_explained(finding: ReportedFinding) -> bool:
    """Return whether the live version explains a finding. A leaked secret must be replaced in any case."""
    if finding.cause not in EXPLAINED_CAUSES or finding.root or finding.expected == EXPECTED:
        return False
    return not finding.hint.startswith(OWN_FIXES)
