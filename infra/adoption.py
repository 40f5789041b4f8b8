"""Secrets that the live worker has and that nobody can read: they are kept, or their absence is said, never lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contract.drift import deed
from infra import live
from infra.bindings.secret_text import SecretText
from infra.declaration import BINDING_NAMES
from infra.settings import Settings, SettingsError


def kept_secrets(
    settings: Settings, worker: live.Worker | None, *, uploaded: Sequence[Mapping[str, Any]] | None
) -> tuple[SecretText, ...]:
    """Return the live secrets that an adopting stack takes over beside those that it declares.

    Those of the worker that it adopts, and those of its own last upload from then on: one that somebody adds later is
    drift. Raises SettingsError where ``extraBindings`` keeps a secret that is not there.
    """
    latest = () if worker is None else worker.latest  # what an upload inherits from, rolled back or not
    there = {item["name"] for item in latest if item["type"] == SecretText.type}
    listed = [item.name for item in settings.extra_bindings if isinstance(item, SecretText)]
    for name in listed:
        if name not in there:
            raise SettingsError(_absent(name, settings.worker_name, worker))
    if not settings.adopt or worker is None:
        return ()
    declared = {*BINDING_NAMES, *(item.name for item in settings.extra_bindings)}
    before = worker.bindings if uploaded is None else uploaded
    names = [item["name"] for item in before if item["type"] == SecretText.type and item["name"] in there - declared]
    return tuple(SecretText(name=name) for name in sorted(names))


def _absent(secret: str, name: str, worker: live.Worker | None) -> str:
    """Return what to do about a listed secret that is not there: one put into no worker would make a foreign one."""
    put = f"wrangler secret put {secret} --name {name}"
    if worker is None:
        return (
            f"extraBindings keeps the secret {secret}, and there is no worker {name}: take it out of extraBindings, "
            f"run: pulumi up, then: {put}, and list it again"
        )
    serving, deployment = worker.serving, worker.deployment
    how = "" if serving is None else deed(serving.triggered_by, by=deployment.author, on=deployment.moment)
    made = f" (what is live, {deployment.versions[0][:8]}, was made {how})" if how else ""
    return (
        f"extraBindings keeps the secret {secret}, and the live worker has none of this name{made}: "
        f"put it ({put}), or take it out of extraBindings"
    )
