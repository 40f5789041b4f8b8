"""Secrets of the live worker that the next upload inherits, because no API returns their values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from infra.account import LiveWorker
from infra.bindings import Binding
from infra.bindings.secret_text import SecretText
from infra.errors import DeploymentError


class MissingSecretError(DeploymentError):
    """``extraBindings`` keeps a secret that the live worker does not have."""


def find_kept_secrets(
    declared: Sequence[Binding],
    worker: LiveWorker | None,
    *,
    script: str,
    reserved: Collection[str],
    adopt: bool,
    uploaded: Sequence[Mapping[str, Any]] | None,
) -> tuple[SecretText, ...]:
    """Return the live secrets that an adopting stack keeps besides the declared ones.

    They are those of the adopted worker, and those of the stack's own last upload from then on. A secret that is added
    later is drift. ``reserved`` are names that are never kept. Raises MissingSecretError where ``extraBindings`` keeps
    a secret that is not live.
    """
    latest = () if worker is None else worker.latest  # an upload inherits from the newest version, rolled back or not
    live = {item["name"] for item in latest if item["type"] == SecretText.type}
    for item in declared:
        if isinstance(item, SecretText) and item.text is None and item.name not in live:
            raise MissingSecretError(_advise(item.name, script, worker))
    if not adopt or worker is None:
        return ()
    before = worker.bindings if uploaded is None else uploaded
    wanted = live.difference(reserved, (item.name for item in declared))
    names = [item["name"] for item in before if item["type"] == SecretText.type and item["name"] in wanted]
    return tuple(SecretText(name=name) for name in sorted(names))


def _advise(secret: str, script: str, worker: LiveWorker | None) -> str:
    """Return the next commands. A secret put into no worker would make a worker that this stack did not deploy."""
    put = f"wrangler secret put {secret} --name {script}"
    if worker is None:
        return (
            f"extraBindings keeps the secret {secret}, but worker {script!r} does not exist: remove the secret from "
            f"extraBindings, run `pulumi up`, then `{put}`, and list it again"
        )
    deployment = worker.deployment
    author = "".join(char if char.isprintable() else "?" for char in deployment.author)
    return (
        f"extraBindings keeps the secret {secret}, but live version {worker.version_id[:8]} (deployed by {author} "
        f"on {deployment.moment} UTC) has no secret of this name: run `{put}`, or remove it from extraBindings"
    )
