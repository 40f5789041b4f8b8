"""Compares the settings of the live script with the declared ones: its logs, the limits of its CPU, its placement."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TYPE_CHECKING

from checks.diagnosis import live_version
from checks.model.finding import Evidence, Finding
from cloudflare_client.script_settings import NONE, OFF

if TYPE_CHECKING:
    from cloudflare_client.script_settings import ScriptSettings
    from contract.manifest import DeclaredSettings

UNDECLARED = "none, because nothing declares it"  # in the manifest of an older deployment
_OLDER = ("observability", "logpush", "tail_consumers", "limits")  # were expected to be off before they were declared


def compare_settings(
    worker: str, declared: DeclaredSettings | None, live: ScriptSettings, *, outside: bool
) -> Iterator[Evidence | Finding]:
    """Yield a finding for each setting that differs, evidence where none does.

    ``outside`` says that a change outside Pulumi made the difference. Another upload restores every setting.
    """
    found = dataclasses.asdict(live)
    expected = {} if declared is None else dataclasses.asdict(declared)
    differing = [name for name, text in expected.items() if found[name] != text]
    if declared is None:
        differing = [name for name in _OLDER if found[name] not in (OFF, NONE)]
    for name in differing:
        subject = f"{name.replace('_', ' ')} of {worker}"
        text = expected.get(name, UNDECLARED)
        yield live_version.describe_difference(subject, text, found[name], outside=outside)
    if not differing:
        yield Evidence(_describe_agreement(expected))


def _describe_agreement(expected: dict[str, str]) -> str:
    if not expected:
        return "no tail consumer, logpush, observability or limit was added"
    enabled = [f"{name.replace('_', ' ')} {text}" for name, text in expected.items() if text not in (OFF, NONE)]
    return f"the script settings are as declared: {', '.join(enabled) or NONE}"
