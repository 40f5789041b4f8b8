"""The plan of a deployment: settings and the live account in, workers and bucket out. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudflare_client.script_settings import NONE
from contract.drift.record import Drift
from contract.drift.sentence import describe
from contract.manifest import Manifest
from infra import policy
from infra.account import LiveAccount
from infra.bindings import Binding
from infra.declarations import WorkerDeclaration, backfill, query
from infra.declarations.manifest import build_manifest
from infra.drift.detection import find_drift, next_message
from infra.drift.kept_secrets import find_kept_secrets
from infra.drift.last_upload import uploaded_bindings
from infra.drift.setting_changes import describe_first_declaration
from infra.drift.tag import owner_prefix
from infra.errors import DeploymentError
from infra.settings.settings import Settings

BUCKET = "timeseries"  # name of the resource
BUCKET_TYPE = "cloudflare:index/r2Bucket:R2Bucket"
CRONS_TYPE = "cloudflare:index/workersCronTrigger:WorkersCronTrigger"


class BucketExistsError(DeploymentError):
    """A bucket of this name exists that this stack does not have, and the stack does not adopt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """An upload of one worker. ``uploaded_before`` says that a live version is an upload of this stack.

    ``has_tail_consumers`` says that other workers read the live logs. ``notice`` is a line for the preview.
    """

    name: str
    source: Path
    bindings: tuple[Binding, ...]
    manifest: Manifest
    drift: Drift | None
    message: str | None
    uploaded_before: bool
    has_tail_consumers: bool = False
    notice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketPlan:
    """The bucket. ``imported`` says that an existing one is taken over."""

    account_id: str
    name: str
    imported: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a deployment creates. The first worker is the backfill worker."""

    workers: tuple[WorkerPlan, ...]
    bucket: BucketPlan
    warnings: tuple[str, ...]


def plan(settings: Settings, account: LiveAccount, *, state_has: Callable[[str, str], bool]) -> Plan:
    """Return the plan of a stack. ``state_has`` says whether the stack's state has a resource (type and name).

    Raises DeploymentError for a worker or a bucket that belongs to others, and for a broken policy.
    """
    account.require_subdomain(settings.worker_url)
    declared = (backfill.declare(settings), query.declare(settings))
    workers = tuple(_plan_worker(settings, item, account, state_has) for item in declared if item is not None)
    bucket = _plan_bucket(settings, account, state_has, uploaded_before=workers[0].uploaded_before)
    notices = (worker.notice for worker in workers if worker.notice is not None)
    return Plan(workers=workers, bucket=bucket, warnings=(*settings.warnings, *notices, *_warn_of_drift(workers)))


def _warn_of_drift(workers: Sequence[WorkerPlan]) -> Iterator[str]:
    """Yield a line for each worker with drift. The line of a further worker begins with its name."""
    for worker in workers:
        if worker.drift is not None:
            start = "" if worker is workers[0] else f"{worker.manifest.worker.name}: "
            yield f"{start}{describe(worker.drift)}"


def _plan_worker(
    settings: Settings, declaration: WorkerDeclaration, account: LiveAccount, state_has: Callable[[str, str], bool]
) -> WorkerPlan:
    owner = owner_prefix(settings.project, settings.stack)
    worker = account.read_worker(declaration.script, owner=owner)
    uploaded = uploaded_bindings(
        worker,
        owner,
        adopt=declaration.adopt,
        advice=declaration.advice,
        read_bindings=lambda version: account.read_bindings(declaration.script, version),
    )
    kept = find_kept_secrets(
        declaration.bindings,
        worker,
        script=declaration.script,
        reserved=declaration.reserved_names,
        adopt=declaration.adopt,
        uploaded=uploaded,
    )
    bindings = (*declaration.bindings, *kept)
    manifest = build_manifest(settings, declaration, bindings)
    policy.enforce(manifest, key=settings.ace_api_key)
    found = find_drift(manifest, worker, uploaded=uploaded, sent_crons=lambda: state_has(CRONS_TYPE, declaration.name))
    return WorkerPlan(
        name=declaration.name,
        source=declaration.source,
        bindings=bindings,
        manifest=manifest,
        drift=found,
        message=next_message(manifest, worker, found),
        uploaded_before=uploaded is not None,
        has_tail_consumers=worker is not None and worker.settings.tail_consumers != NONE,
        notice=describe_first_declaration(manifest, worker),
    )


def _plan_bucket(
    settings: Settings, account: LiveAccount, state_has: Callable[[str, str], bool], *, uploaded_before: bool
) -> BucketPlan:
    """Import a bucket that exists only where the stack adopts and its state does not have it yet.

    Where the live worker is an upload of this stack, an ordinary preview makes no request for the bucket.
    """
    looks = settings.adopt or not uploaded_before
    imported = looks and account.has_bucket(settings.bucket) and not state_has(BUCKET_TYPE, BUCKET)
    if imported and not settings.adopt:
        raise BucketExistsError(
            f"bucket {settings.bucket!r} already exists but was not created by this stack: "
            "to take it over with its data, run: pulumi config set adopt true"
        )
    return BucketPlan(account_id=settings.account_id, name=settings.bucket, imported=imported)
