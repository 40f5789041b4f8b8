"""The plan of a deployment: settings and the live account in, workers and bucket out. Nothing is changed here."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloudflare_client.script_settings import NONE
from contract.drift.record import Drift
from contract.drift.sentence import describe
from contract.manifest import Manifest
from infra import policy
from infra.account import LiveAccount
from infra.bindings import Binding
from infra.declarations import WorkerDeclaration, backfill, bucket, query, queues
from infra.declarations.bucket import BUCKET, BUCKET_TYPE, BucketPlan, State
from infra.declarations.manifest import build_manifest
from infra.declarations.queues import QueuesPlan
from infra.drift.detection import find_drift, next_message
from infra.drift.kept_secrets import find_kept_secrets
from infra.drift.last_upload import uploaded_bindings
from infra.drift.setting_changes import describe_first_declaration
from infra.drift.tag import owner_prefix
from infra.settings.names import PRODUCTION, require_same_names
from infra.settings.settings import Settings

CRONS_TYPE = "cloudflare:index/workersCronTrigger:WorkersCronTrigger"
SCRIPT_TYPE = "cloudflare:index/workersScript:WorkersScript"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """An upload of one worker.

    ``bucket_before`` and ``queue_before`` are bucket and queue of the stack's last upload, None where it has none.
    ``has_tail_consumers`` says that other workers read the live logs. ``notice`` is a line for the preview.
    """

    name: str
    source: Path
    bindings: tuple[Binding, ...]
    manifest: Manifest
    drift: Drift | None
    message: str | None
    bucket_before: str | None
    queue_before: str | None
    cpu_ms: int
    has_tail_consumers: bool = False
    notice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that a deployment creates. The first worker is the backfill worker."""

    workers: tuple[WorkerPlan, ...]
    bucket: BucketPlan
    queues: QueuesPlan
    warnings: tuple[str, ...]


def plan(settings: Settings, account: LiveAccount, *, read_state: State) -> Plan:
    """Return the plan of a stack. ``read_state`` returns the names of the resources in its state, by type and name.

    Raises DeploymentError for a worker or a bucket that belongs to others, and for a broken policy.
    """
    state = functools.cache(read_state)
    _refuse_renaming(settings, state)
    account.require_subdomain(settings.worker_url)
    declared = (backfill.declare(settings), query.declare(settings))
    workers = tuple(_plan_worker(settings, item, account, state) for item in declared if item is not None)
    planned = bucket.plan(settings, account, state, bound=workers[0].bucket_before)
    first = workers[0]
    planned_queues = queues.plan(settings, account, state, bound=first.queue_before, message=first.message)
    notices = [worker.notice for worker in workers if worker.notice is not None]
    if settings.adopts_other_stack and workers[0].bucket_before is not None and workers[0].drift is None:
        notices.append("adopt: the worker is this stack's now. Run: pulumi config set adopt false")
    return Plan(
        workers=workers,
        bucket=planned,
        queues=planned_queues,
        warnings=(*settings.warnings, *notices, *_warn_of_drift(workers)),
    )


def _warn_of_drift(workers: Sequence[WorkerPlan]) -> Iterator[str]:
    """Yield a line for each worker with drift. The line of a further worker begins with its name."""
    for worker in workers:
        if worker.drift is not None:
            start = "" if worker is workers[0] else f"{worker.manifest.worker.name}: "
            yield f"{start}{describe(worker.drift)}"


def _plan_worker(settings: Settings, declaration: WorkerDeclaration, account: LiveAccount, state: State) -> WorkerPlan:
    owner = owner_prefix(settings.project, settings.stack)
    worker = account.read_worker(declaration.script, owner=owner)
    uploaded = uploaded_bindings(
        worker,
        owner,
        declaration=declaration,
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
    bound = queues.find_bound(uploaded)
    manifest = build_manifest(settings, declaration, bindings)
    policy.enforce(manifest, key=settings.ace_api_key, allowed=settings.not_secret)
    found = find_drift(
        manifest,
        worker,
        uploaded=uploaded,
        sent_crons=lambda: (CRONS_TYPE, declaration.name) in state(),
        consumer=queues.find_changes(settings, account, bound=bound),
    )
    return WorkerPlan(
        name=declaration.name,
        source=declaration.source,
        bindings=bindings,
        manifest=manifest,
        drift=found,
        message=next_message(manifest, worker, found),
        bucket_before=None if uploaded is None else bucket.find_bound(uploaded),
        queue_before=bound,
        cpu_ms=declaration.cpu_ms,
        has_tail_consumers=worker is not None and worker.settings.tail_consumers != NONE,
        notice=describe_first_declaration(manifest, worker),
    )


def _refuse_renaming(settings: Settings, state: State) -> None:
    """Raise RenamedError where the stack deployed other names than those that follow from its name.

    The names of production never followed from it, so an ordinary preview of production does not read the state.
    """
    if settings.stack == PRODUCTION or not settings.derived_names:
        return
    resources = {
        "bucket": (BUCKET_TYPE, BUCKET),
        "workerName": (SCRIPT_TYPE, backfill.NAME),
        "queryWorkerName": (SCRIPT_TYPE, query.NAME),
    }
    found = state()
    require_same_names(settings, {setting: found[key] for setting, key in resources.items() if found.get(key)})
