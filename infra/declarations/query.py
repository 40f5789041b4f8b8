"""The query worker: serves stored samples from the bucket. It has no secret, because it reads R2 only."""

from __future__ import annotations

from contract.manifest import RelatedWorkers
from contract.manifest.sites import pack_sites
from infra.bindings.plain_text import PlainText
from infra.bindings.r2_bucket import R2Bucket
from infra.bindings.version_metadata import VersionMetadata
from infra.declarations import WorkerDeclaration
from infra.declarations.script_settings import CPU_MS
from infra.settings.binding_names import QUERY_BINDINGS
from infra.settings.settings import Settings

NAME = "query"
SERVICE = "query-worker"
VERSION = "1.0.0"


def declare(settings: Settings) -> WorkerDeclaration | None:
    """Return the query worker of a stack, None where the stack does not deploy one.

    It is never adopted, because a worker of that name that this stack never uploaded has users of its own.
    """
    if settings.query_worker_name is None or settings.query_url is None:
        return None
    return WorkerDeclaration(
        name=NAME,
        script=settings.query_worker_name,
        url=settings.query_url,
        service=SERVICE,
        version=VERSION,
        bindings=(
            R2Bucket(name="BUCKET", bucket_name=settings.bucket),
            VersionMetadata(name="CF_VERSION_METADATA"),
            *(PlainText(name=name, text=text) for name, text in pack_sites(settings.sites).items()),
            PlainText(name="KEY_TEMPLATE", text=settings.key_template),
        ),
        reserved_names=QUERY_BINDINGS,
        schedules=(),
        related=RelatedWorkers(),
        adopt=False,
        adopts_other_stack=False,
        cpu_ms=CPU_MS,
        queue=None,
        setting="queryWorkerName",
        advice=(
            "a query worker is never adopted. To deploy another one, run: pulumi config set queryWorkerName ANOTHER. "
            "To verify the existing one, run: pulumi config set queryWorker false, and: "
            "pulumi config set queryUrl ITS-URL"
        ),
        advice_on_stack="A query worker is never adopted",
    )
