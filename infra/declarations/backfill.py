"""The backfill worker: copies samples from ACE to the bucket."""

from __future__ import annotations

from contract.manifest import DeclaredQueue, RelatedWorkers
from contract.manifest.sites import pack_sites
from contract.setting_rules import OTHER_STACK
from infra.bindings.plain_text import PlainText
from infra.bindings.queue import Queue
from infra.bindings.r2_bucket import R2Bucket
from infra.bindings.secret_text import SecretText
from infra.bindings.version_metadata import VersionMetadata
from infra.declarations import WorkerDeclaration
from infra.declarations.script_settings import QUEUE_CPU_MS
from infra.settings.binding_names import BACKFILL_BINDINGS
from infra.settings.settings import Settings

NAME = "backfill"
SERVICE = "backfill-worker"  # the worker's own name in GET /health. A contract test compares both
VERSION = "1.0.0"


def declare(settings: Settings) -> WorkerDeclaration:
    """Return the backfill worker of a stack."""
    texts = {
        "ACE_BASE_URL": settings.ace_base_url,
        **pack_sites(settings.sites),
        "PAGE_SIZE": str(settings.page_size),
        "KEY_TEMPLATE": settings.key_template,
        "SETTLE_HOURS": str(settings.settle_hours),
        "RECHECK_DAYS": str(settings.recheck_days),
        "DEAD_LETTER_QUEUE": settings.dead_letter_name,
    }
    return WorkerDeclaration(
        name=NAME,
        script=settings.worker_name,
        url=settings.worker_url,
        service=SERVICE,
        version=VERSION,
        bindings=(
            SecretText(name="ACE_API_KEY", text=settings.ace_api_key),
            R2Bucket(name="BUCKET", bucket_name=settings.bucket),
            VersionMetadata(name="CF_VERSION_METADATA"),
            Queue(name="DAYS", queue_name=settings.queue_name),
            *(PlainText(name=name, text=text) for name, text in texts.items()),
            *settings.extra_bindings,
        ),
        reserved_names=BACKFILL_BINDINGS,
        schedules=() if settings.schedule is None else (settings.schedule,),
        related=RelatedWorkers(query_url=settings.query_url, etl_worker=settings.etl_worker),
        adopt=settings.adopt,
        adopts_other_stack=settings.adopts_other_stack,
        cpu_ms=QUEUE_CPU_MS,
        queue=DeclaredQueue(
            name=settings.queue_name, dead_letter_name=settings.dead_letter_name, parallelism=settings.parallelism
        ),
        setting="workerName",
        advice="to take it over, run: pulumi config set adopt true",
        advice_on_stack=f"Only if that stack is gone, run: pulumi config set adopt {OTHER_STACK}",
    )
