"""Maps an error code reported by the worker to its cause and the next command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.worker.progress import read_failed_day
from checks.diagnosis.ace_probe import UNREACHED, find_contradiction
from checks.model.finding import Cause, Finding
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.clients.worker.client import WorkerReply
    from contract.schedule import SiteDay

_KNOWN = {
    "not_configured": (Cause.CONFIGURATION, Hint.deploy()),
    "upstream_auth": (Cause.CONFIGURATION, Hint.set_secret("aceApiKey")),
    "upstream_rejected": (Cause.CONFIGURATION, Hint.edit_settings()),
    "upstream_unavailable": (Cause.ACE, Hint.rerun("trigger")),
    "upstream_contract": (Cause.ACE, Hint.rerun("trigger")),
    "storage": (Cause.STORAGE, Hint.deploy()),
    "queue": (Cause.CLOUDFLARE, Hint.deploy()),
    "killed": (Cause.CONFIGURATION, Hint.set_setting("parallelism", "1")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The cause of an error code, the next command, and the observation that contradicts the worker, if any."""

    cause: Cause
    hint: Hint
    contradiction: str = ""

    def explain(self, words: str) -> str:
        """Return the worker's own words, and the contradiction."""
        return f"{words}, but {self.contradiction}" if self.contradiction else words


def find_code_cause(code: str) -> tuple[Cause, Hint | None]:
    """Return the cause of a failed day by its code, and the step before a retry, None where a retry alone may help."""
    if code == "over_budget":  # the query worker has it for something else
        return Cause.ACE, None
    cause, hint = _KNOWN.get(code, (Cause.WORKER, Hint.show_logs()))
    return cause, hint if cause is Cause.CONFIGURATION else None


def describe_reported_error(context: Context, subject: str, reply: WorkerReply) -> Finding:
    """Return the finding for an answer in which the worker itself reports an error."""
    diagnosis = diagnose_error_code(context, reply.code, read_failed_day(reply.body), reply.error.message)
    found = diagnosis.explain(reply.shown)
    return Finding(subject=subject, expected="200", found=found, cause=diagnosis.cause, hint=diagnosis.hint)


def diagnose_error_code(context: Context, code: str, day: SiteDay | None, reason: str | None = None) -> Diagnosis:
    """Return the diagnosis of an error code. ``day`` is the worker's failed or current day, None when it is not known.

    ``reason`` is the worker's own text about an error of this run, None for an earlier error.

    ``upstream_auth`` and ``upstream_rejected`` mean that ACE refuses the declared key, site or page size, because the
    check ``key`` has passed before. If ACE serves the same request to the checker, the worker asks wrongly. The same
    holds for a worker that cannot read well-formed pages (``upstream_contract``). If the worker does not reach ACE
    (``upstream_unavailable``) and the checker does, the worker's network or address is the cause.
    """
    contradiction = find_contradiction(context, code, day, reason)
    if contradiction and code in UNREACHED:
        contradiction += ", so the worker's network or the address in ACE_BASE_URL is the cause"
    if contradiction:
        return Diagnosis(cause=Cause.WORKER, hint=Hint.show_logs(), contradiction=contradiction)
    cause, hint = _KNOWN.get(code, (Cause.WORKER, Hint.show_logs()))
    return Diagnosis(cause=cause, hint=hint)
