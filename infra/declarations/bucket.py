"""The bucket of a stack: new, deployed by this stack, or an existing one that the stack takes over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from infra.account import LiveAccount
from infra.errors import DeploymentError
from infra.settings.settings import Settings

BUCKET = "timeseries"  # name of the resource
BUCKET_TYPE = "cloudflare:index/r2Bucket:R2Bucket"
JURISDICTION = "default"

State = Callable[[], Mapping[tuple[str, str], str]]  # the names of the resources in the state, by type and name


class BucketExistsError(DeploymentError):
    """A bucket of this name exists that this stack does not have, and the stack does not or cannot adopt it."""


class BucketChangedError(DeploymentError):
    """The stack has a bucket of another name, with its days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPlan:
    """The bucket. ``imported`` says that an existing one is taken over."""

    account_id: str
    name: str
    imported: bool


def find_bound(bindings: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the name of the bucket that a worker has as BUCKET."""
    return next((item.get("bucket_name") for item in bindings if item.get("name") == "BUCKET"), None)


def plan(settings: Settings, account: LiveAccount, state: State, *, bound: str | None) -> BucketPlan:
    """Import a bucket that exists only where the stack adopts and its state does not have it yet.

    ``bound`` is the bucket of this stack's last upload. Where it is the declared one, an ordinary preview makes no
    request for it. Raises BucketChangedError and BucketExistsError.
    """
    name, imported = settings.bucket, False
    if settings.adopt or bound != name:
        deployed = state().get((BUCKET_TYPE, BUCKET))
        if deployed and deployed != name:
            raise BucketChangedError(
                f"bucket: the days of this stack are in {deployed!r}, and the setting is {name!r}. To keep the bucket, "
                f"run: pulumi config set bucket {deployed}. For another bucket: docs/environments.md"
            )
        imported = deployed is None and _may_import(settings, account.find_bucket(name))
    return BucketPlan(account_id=settings.account_id, name=name, imported=imported)


def _may_import(settings: Settings, jurisdiction: str | None) -> bool:
    """Return whether a bucket of the declared name exists. Raises BucketExistsError where it cannot be imported."""
    name = settings.bucket
    if jurisdiction is None:
        return False
    if jurisdiction != JURISDICTION:
        raise BucketExistsError(
            f"bucket {name!r} exists in the jurisdiction {jurisdiction!r}, where this program cannot use it: a second, "
            "empty one would be created. Choose another name, run: pulumi config set bucket ANOTHER"
        )
    if not settings.adopt:
        raise BucketExistsError(
            f"bucket {name!r} already exists but was not created by this stack. If another stack uses it, run: pulumi "
            "config set bucket ANOTHER. Otherwise, to take it over with its data, run: pulumi config set adopt true"
        )
    return True
