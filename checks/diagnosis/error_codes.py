"""Whom a failure accuses that the worker itself reports, and what to type. Source: contracts, section 2."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.worker.progress import day_at
from checks.diagnosis import ace_probe
from checks.model.finding import Cause, Finding

if TYPE_CHECKING:
    from checks.clients.worker.client import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Accusation:
    """Whose fault it is, what to type, and what speaks against the worker's own words, if anything does."""

    cause: Cause
    hint: str
    against: str = ""

    def shown(self, words: str) -> str:
        """Return the worker's own words, and what speaks against them."""
        return f"{words}; yet {self.against}" if self.against else words


def accuse(context: Context, subject: str, reply: Reply) -> Finding:
    """Return the finding for an answer in which the worker itself reports a failure."""
    accused = of(context, reply.code, day_at(reply.body))
    actual = accused.shown(reply.shown)
    return Finding(subject=subject, expected="200", found=actual, cause=accused.cause, hint=accused.hint)


def of(context: Context, code: str, day: date | None) -> Accusation:
    """Return whom an error code of the worker accuses; ``day`` is the one that it is at, None when it is not known.

    ``upstream_auth`` and ``upstream_rejected`` accuse the configuration: the worker holds the key that was declared
    (the check ``key`` holds by then), so what ACE refuses is that key, that site or that page size. Unless ACE serves
    just that when it is asked without the worker: then the worker asks wrongly, as it does who reads well-formed pages
    and calls them broken (``upstream_contract``).
    """
    against = ace_probe.contradiction(context, code, day)
    if against:
        return Accusation(cause=Cause.WORKER, hint=context.tail(), against=against)
    upload = context.pulumi("up")
    known = {
        "not_configured": (Cause.CONFIGURATION, upload),
        "upstream_auth": (Cause.CONFIGURATION, f"{context.pulumi('config set --secret aceApiKey')} && {upload}"),
        "upstream_rejected": (Cause.CONFIGURATION, context.edit()),
        "upstream_unavailable": (Cause.ACE, context.again("trigger")),
        "upstream_contract": (Cause.ACE, context.again("trigger")),
        "storage": (Cause.STORAGE, upload),
    }
    cause, hint = known.get(code, (Cause.WORKER, context.tail()))
    return Accusation(cause=cause, hint=hint)
