"""The manifest of a declared worker: known before anything is deployed, and free of secrets."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from contract.manifest import DeclaredAce, DeclaredWorker, Manifest, Storage
from infra.bindings import Binding
from infra.declarations import WorkerDeclaration, script_settings
from infra.declarations.bucket import JURISDICTION
from infra.drift.tag import tag_of
from infra.settings.settings import Settings


def build_manifest(settings: Settings, declaration: WorkerDeclaration, bindings: Sequence[Binding]) -> Manifest:
    """Return the manifest of a worker with these bindings and its bundle's digest. Its tag follows from all the rest.

    The stack's output is the manifest of the backfill worker.
    """
    untagged = Manifest(
        project=settings.project,
        stack=settings.stack,
        account_id=settings.account_id,
        worker=DeclaredWorker(
            name=declaration.script,
            url=declaration.url,
            service=declaration.service,
            version=declaration.version,
            tag="",
            code=hashlib.sha256(declaration.source.read_bytes()).hexdigest(),
            settings=script_settings.declare_settings(declaration.cpu_ms),
        ),
        bindings=tuple(binding.declare() for binding in bindings),
        schedules=declaration.schedules,
        storage=Storage(
            bucket=settings.bucket,
            jurisdiction=JURISDICTION,
            key_template=settings.key_template,
        ),
        ace=DeclaredAce(
            base_url=settings.ace_base_url,
            page_size=settings.page_size,
            settle_hours=settings.settle_hours,
            recheck_days=settings.recheck_days,
            key_expiry_warning_days=settings.key_expiry_warning_days,
        ),
        sites=settings.sites,
        queue=declaration.queue,
        siblings=declaration.related,
    )
    return untagged.with_tag(tag_of(untagged))
