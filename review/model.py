"""The content of a comment: a preview, reduced to the fields that may be shown."""

from __future__ import annotations

from dataclasses import dataclass

from contract.drift.record import Drift
from contract.manifest import Manifest

KEY = "ACE_API_KEY"
BACKFILL, QUERY = "backfill", "query"  # names of the workers' resources
BUCKET_NAME = "timeseries"  # name of the bucket's resource
STACK = "pulumi:pulumi:Stack"
MANIFEST = "building-vitals:edge:Manifest"
DRIFT = "building-vitals:edge:Drift"
SECRET = "building-vitals:edge:Secret"  # noqa: S105 - a type token
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
SCRIPT = "cloudflare:index/workersScript:WorkersScript"
CRONS = "cloudflare:index/workersCronTrigger:WorkersCronTrigger"
SUBDOMAIN = "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain"
QUEUE_OF_DAYS = "cloudflare:index/queue:Queue"
CONSUMER = "cloudflare:index/queueConsumer:QueueConsumer"
DAYS, DEAD_DAYS = "days", "dead-days"  # names of the queues' resources
GONE = "gone"
CODE, ENABLED, PREVIEWS = "contentSha256", "enabled", "previewsEnabled"
SETTINGS, SCRIPT_NAME = "settings", "scriptName"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceChange:
    """A change of one resource: ``op`` is create, update, replace, import or delete.

    ``new_code`` says of a script that the program's code changes.
    """

    op: str
    type: str
    name: str
    new_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshFinding:
    """A difference that the engine's refresh found: ``property`` is the one that differs, or GONE."""

    type: str
    name: str
    property: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedResource:
    """A resource at which the preview failed."""

    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A preview, reduced to the fields that may be shown.

    ``old`` and ``new`` are the manifests before and after, both None where the manifest does not change. ``manifest``
    is the one after in any case. ``first`` says that there was none before. ``rotates`` says whether the declared key
    changes, None if that is unknown. ``drift`` and ``query_drift`` are about the backfill and the query worker.
    ``refused`` are settings that the program reported. ``readable`` says whether the engine's output was JSON.
    """

    project: str
    stack: str
    failed: bool
    changes: tuple[ResourceChange, ...] = ()
    old: Manifest | None = None
    new: Manifest | None = None
    manifest: Manifest | None = None
    first: bool = False
    rotates: bool | None = None
    loses_bucket: bool = False
    drift: Drift | None = None
    query_drift: Drift | None = None
    refreshed: tuple[RefreshFinding, ...] = ()
    refused: tuple[str, ...] = ()
    failed_at: tuple[FailedResource, ...] = ()
    readable: bool = True

    @property
    def adopts(self) -> bool:
        """Return whether a worker is taken over that was never an upload of this stack."""
        return self.drift is not None and self.drift.adopted

    @property
    def restores(self) -> bool:
        """Return whether a live difference is restored: a change outside Pulumi, or an unfinished deployment."""
        return not self.adopts and bool(self.drift or self.query_drift or self.refreshed)

    @property
    def is_changed_outside(self) -> bool:
        """Return whether a change outside Pulumi is known, and not only a deployment that did not finish."""
        drifts = (self.drift, self.query_drift)
        return bool(self.refreshed) or any(found.is_outside for found in drifts if found is not None)

    @property
    def hides_losses(self) -> bool:
        """Return whether the manifest changes and the former one cannot be read, so that losses are not known."""
        return self.new is not None and self.old is None and not self.first
