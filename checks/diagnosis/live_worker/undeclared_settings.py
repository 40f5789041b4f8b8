"""Finds settings of the live worker that nothing declares: they send its logs elsewhere, or limit it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from checks.model.finding import Cause, Finding, describe
from checks.model.hint import Hint

if TYPE_CHECKING:
    from cloudflare_client.script_settings import ScriptSettings

EXPECTED = "none, because nothing declares it"


def find_undeclared_settings(worker: str, live: ScriptSettings) -> Iterator[Finding]:
    """Yield a finding for each setting. The program declares none, so a change outside Pulumi made it.

    An upload replaces limits, because they belong to a version. It keeps the settings of the script, so the fix is in
    the explanation of the check.
    """
    found = {
        "tail consumers": ", ".join(live.tail_consumers),
        "logpush": "on" if live.logpush else "",
        "observability": f"{live.observability} on" if live.observability else "",
        "limits": live.limits,
    }
    for name, text in found.items():
        hint = Hint.deploy() if name == "limits" else Hint.explain("bindings")
        if text:
            yield describe(f"{name} of {worker}", EXPECTED, text, Cause.OUTSIDE_CHANGE, hint)
