"""What a stack declares, as data: each worker's bindings, and the manifest that promises them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from contract import manifest
from infra import ledger
from infra.bindings.plain_text import PlainText
from infra.bindings.r2_bucket import R2Bucket
from infra.bindings.secret_text import SecretText
from infra.bindings.version_metadata import VersionMetadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.bindings import Binding
    from infra.settings import Settings

BINDING_NAMES = (
    "ACE_API_KEY",
    "BUCKET",
    "CF_VERSION_METADATA",
    "ACE_BASE_URL",
    "SITE",
    "START_DATE",
    "END_DATE",
    "PAGE_SIZE",
    "KEY_TEMPLATE",
)
SERVICE = "backfill-worker"  # workers/backfill/worker.js has the same name, and a contract test compares them
VERSION = "1.0.0"
QUERY_BINDING_NAMES = ("BUCKET", "CF_VERSION_METADATA", "SITE", "KEY_TEMPLATE")
QUERY_SERVICE = "query-worker"
QUERY_VERSION = "1.0.0"


def bindings(settings: Settings, *, kept: Sequence[Binding] = ()) -> tuple[Binding, ...]:
    """Return everything that the worker is given, in the order in which it is uploaded; ``kept`` is taken over."""
    texts = {
        "ACE_BASE_URL": settings.ace_base_url,
        "SITE": settings.site,
        "START_DATE": settings.start_date,
        "PAGE_SIZE": str(settings.page_size),
        "KEY_TEMPLATE": settings.key_template,
    }
    if settings.end_date is not None:
        texts["END_DATE"] = settings.end_date
    return (
        SecretText(name="ACE_API_KEY", text=settings.ace_api_key),
        R2Bucket(name="BUCKET", bucket_name=settings.bucket),
        VersionMetadata(name="CF_VERSION_METADATA"),
        *(PlainText(name=name, text=text) for name, text in texts.items()),
        *settings.extra_bindings,
        *kept,
    )


def promise(settings: Settings, bound: Sequence[Binding], *, project: str, stack: str) -> manifest.Manifest:
    """Return the manifest of a stack and its bindings: known before anything is deployed, and free of secrets."""
    schedules = () if settings.schedule is None else (settings.schedule,)
    untagged = manifest.Manifest(
        project=project,
        stack=stack,
        account_id=settings.account_id,
        worker=manifest.Worker(
            name=settings.worker_name, url=settings.worker_url, service=SERVICE, version=VERSION, tag=""
        ),
        bindings=tuple(binding.promise() for binding in bound),
        schedules=schedules,
        storage=manifest.Storage(
            bucket=settings.bucket,
            jurisdiction="default",
            key_template=settings.key_template,
            prefix=settings.key_template.partition("{date}")[0].replace("{site}", settings.site),
        ),
        ace=manifest.Ace(
            base_url=settings.ace_base_url,
            site=settings.site,
            start_date=settings.start_date,
            end_date=settings.end_date,
            page_size=settings.page_size,
        ),
        siblings=manifest.Siblings(query_url=settings.query.url, etl_worker=settings.etl_worker),
    )
    return untagged.with_tag(ledger.mark(untagged))


def query_bindings(settings: Settings) -> tuple[Binding, ...]:
    """Return everything that the query worker is given: no secret, as it asks nobody but R2."""
    return (
        R2Bucket(name="BUCKET", bucket_name=settings.bucket),
        VersionMetadata(name="CF_VERSION_METADATA"),
        PlainText(name="SITE", text=settings.site),
        PlainText(name="KEY_TEMPLATE", text=settings.key_template),
    )


def query_promise(settings: Settings, bound: Sequence[Binding], *, project: str, stack: str) -> manifest.Manifest:
    """Return what is promised of the query worker: the stack's manifest, told of that worker, which has no schedule.

    It goes into that worker's mark and preview, never into the stack's outputs.
    """
    if settings.query.name is None or settings.query.url is None:
        raise ValueError("the stack declares no query worker")
    worker = manifest.Worker(
        name=settings.query.name, url=settings.query.url, service=QUERY_SERVICE, version=QUERY_VERSION, tag=""
    )
    untagged = dataclasses.replace(
        promise(settings, bound, project=project, stack=stack),
        worker=worker,
        schedules=(),
        siblings=manifest.Siblings(),
    )
    return untagged.with_tag(ledger.mark(untagged))
