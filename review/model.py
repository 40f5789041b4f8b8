"""What a comment is made of: a preview, as far as it may be shown."""

from __future__ import annotations

from dataclasses import dataclass

from contract.drift import Supersession
from contract.manifest import Manifest

KEY = "ACE_API_KEY"
STACK = "pulumi:pulumi:Stack"
PROMISE = "building-vitals:edge:Promise"
BACKFILL = "backfill"  # the component that the comment is about
QUERY = "query"  # the component of which it says what happens, and what was done to it by hand
SECRET = "building-vitals:edge:Secret"  # noqa: S105 - a type token
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"
SCRIPT = "cloudflare:index/workersScript:WorkersScript"
CRONS = "cloudflare:index/workersCronTrigger:WorkersCronTrigger"
SUBDOMAIN = "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain"
GONE = "gone"
CODE, ENABLED, PREVIEWS = "contentSha256", "enabled", "previewsEnabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one resource: ``op`` is create, update, replace, import or delete.

    ``new_code`` says of a script that the program's code changes.
    """

    op: str
    type: str
    name: str
    new_code: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the refresh found of one resource: ``what`` is the property that differs, or GONE."""

    type: str
    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A resource at which the preview failed."""

    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A preview, as far as it may be shown.

    ``old`` and ``new`` are what is promised now and after, both None where nothing of it changes; ``promised`` is what
    holds after, ``first`` that there was nothing before. ``rotates`` says whether the declared key changes, None if it
    is unknown. ``by_hand`` is what the refresh found, ``query`` what an upload of the query worker supersedes.
    ``refused`` are settings that the program named as wrong.
    """

    project: str
    stack: str
    failed: bool
    changes: tuple[Change, ...] = ()
    old: Manifest | None = None
    new: Manifest | None = None
    promised: Manifest | None = None
    first: bool = False
    rotates: bool | None = None
    loses_bucket: bool = False
    superseded: Supersession | None = None
    query: Supersession | None = None
    by_hand: tuple[Found, ...] = ()
    refused: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()

    @property
    def adopts(self) -> bool:
        """Return whether a worker is taken over that never was this stack's."""
        return self.superseded is not None and self.superseded.adopted

    @property
    def heals(self) -> bool:
        """Return whether something is put back that somebody changed by hand."""
        return not self.adopts and bool(self.superseded or self.query or self.by_hand)
