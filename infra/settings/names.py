"""The names of a stack's workers and bucket. Where the stack's file has none, they follow from the stack's name."""

from __future__ import annotations

from collections.abc import Mapping

from contract.setting_rules import find_violation
from infra.errors import DeploymentError
from infra.settings.settings import Settings

PRODUCTION = "prod"  # the stack whose names have no ending
NAMES: Mapping[str, str] = {
    "workerName": "building-vitals-backfill",
    "queryWorkerName": "building-vitals-query",
    "bucket": "ace-timeseries",
}


class RenamedError(DeploymentError):
    """A name that is not set would be another one than the deployed one."""


def derive_name(setting: str, stack: str) -> str:
    """Return the name of a stack that does not set it: with ``-<stack>`` at its end, except in production."""
    return NAMES[setting] if stack == PRODUCTION else f"{NAMES[setting]}-{stack}"


def find_broken_name(setting: str, stack: str) -> str | None:
    """Return a line for a derived name that Cloudflare does not accept, None for a valid one."""
    violation = find_violation(setting, derive_name(setting, stack))
    if violation is None:
        return None
    return (
        f"{violation}, which is the default of the stack {stack!r}. Choose a name, or keep {NAMES[setting]!r} "
        f"if an older version deployed this stack, run: pulumi config set {setting} NAME"
    )


def require_same_names(settings: Settings, deployed: Mapping[str, str]) -> None:
    """Raise RenamedError where a name that the stack does not set differs from the deployed one.

    A worker of another name would replace the deployed one, and a bucket of another name would be without its days.
    ``deployed`` has the name of each setting that the state has.
    """
    declared = {
        "bucket": settings.bucket,
        "workerName": settings.worker_name,
        "queryWorkerName": settings.query_worker_name,
    }
    changed = {
        setting: deployed[setting]
        for setting in NAMES
        if setting in settings.derived_names and deployed.get(setting) not in (None, declared[setting])
    }
    if not changed:
        return
    commands = " && ".join(f"pulumi config set {setting} {name}" for setting, name in changed.items())
    names = ", ".join(repr(name) for name in changed.values())
    raise RenamedError(
        f"names that are not set end in '-{settings.stack}', but this stack has deployed {names}. "
        f"To keep what is deployed, run: {commands}"
    )
