"""Who changed which secret, when and how: read from the versions that followed the program's upload."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from checks.check import Context
from checks.diagnosis import live_version
from cloudflare_client.versions import VersionDetail, WorkerVersion, describe_author, find_newest

MOST = 20  # versions that are asked for their bindings; of more the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of secrets: of ``name``, or of the value of one of them where nobody can say which."""

    name: str | None
    present: bool
    text: str


def changes(
    context: Context, live: WorkerVersion, known: Collection[WorkerVersion], promised: Collection[str]
) -> tuple[Change, ...]:
    """Return what happened to the secrets between an upload of this stack and a live version, newest first.

    A version that ``secret`` made with the names of the one before it changed a value. Nothing where no upload of
    this stack came before.
    """
    tag = context.manifest.worker.tag
    base = find_newest(
        version for version in known if live_version.is_ours(version, tag) and version.number <= live.number
    )
    if base is None:
        return ()
    chain = sorted(
        (version for version in known if base.number <= version.number <= live.number),
        key=lambda version: version.number,
    )
    name = context.manifest.worker.name
    details = [context.cloudflare.read_version(name, version.id) for version in chain[-MOST:]]
    return tuple(_changes(details, promised))[::-1]


def _changes(details: Sequence[VersionDetail], promised: Collection[str]) -> Iterator[Change]:
    """Yield the changes from each version to the next, oldest first."""
    for before, after in itertools.pairwise(details):
        version = after.version
        for name in sorted(before.secrets - after.secrets):
            yield Change(name=name, present=False, text=_gone(version))
        for name in sorted(after.secrets - before.secrets):
            yield Change(name=name, present=True, text=_came(version))
        if version.is_secret_change and before.secrets == after.secrets:
            only = next(iter(promised)) if len(promised) == 1 and set(promised) == after.secrets else None
            what = "its value" if only else "the value of a secret"
            yield Change(
                name=only, present=True, text=f"{what} was changed outside the program by {describe_author(version)}"
            )


def _gone(version: WorkerVersion) -> str:
    if version.is_upload:
        return f"wiped by the upload of {describe_author(version)}"
    return (
        f"deleted by {describe_author(version)}" if version.is_secret_change else f"gone with a version {version.made}"
    )


def _came(version: WorkerVersion) -> str:
    if version.is_upload:
        return f"added by the upload of {describe_author(version)}"
    return f"put by {describe_author(version)}" if version.is_secret_change else f"come with a version {version.made}"
