"""Reads changes of secrets from the versions that followed the stack's upload."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from checks.check import Context
from checks.diagnosis.live_version import is_stack_upload
from cloudflare_client.versions import VersionDetail, WorkerVersion, describe_author, find_newest

MAX_VERSIONS = 20  # that are read with their bindings: the newest ones


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretChange:
    """One change of the secret ``name``. ``name`` is None where the version does not say which value changed."""

    name: str | None
    present: bool
    text: str


def read_secret_changes(
    context: Context, live: WorkerVersion, known: Collection[WorkerVersion], promised: Collection[str]
) -> tuple[SecretChange, ...]:
    """Return the changes of secrets between an upload of this stack and a live version, newest first.

    A version made by ``secret`` with the same names as the one before changed a value. The result is empty where no
    upload of this stack came before.
    """
    tag = context.manifest.worker.tag
    base = find_newest(version for version in known if is_stack_upload(version, tag) and version.number <= live.number)
    if base is None:
        return ()
    chain = sorted(
        (version for version in known if base.number <= version.number <= live.number),
        key=lambda version: version.number,
    )
    name = context.manifest.worker.name
    details = [context.cloudflare.read_version(name, version.id) for version in chain[-MAX_VERSIONS:]]
    return tuple(_compare_versions(details, promised))[::-1]


def _compare_versions(details: Sequence[VersionDetail], promised: Collection[str]) -> Iterator[SecretChange]:
    """Yield the changes from each version to the next, oldest first."""
    for before, after in itertools.pairwise(details):
        version = after.version
        for name in sorted(before.secrets - after.secrets):
            yield SecretChange(name=name, present=False, text=_describe_removal(version))
        for name in sorted(after.secrets - before.secrets):
            yield SecretChange(name=name, present=True, text=_describe_addition(version))
        if version.is_secret_change and before.secrets == after.secrets:
            only = next(iter(promised)) if len(promised) == 1 and set(promised) == after.secrets else None
            what = "its value" if only else "the value of a secret"
            yield SecretChange(
                name=only, present=True, text=f"{what} was changed outside Pulumi by {describe_author(version)}"
            )


def _describe_removal(version: WorkerVersion) -> str:
    if version.is_upload:
        return f"removed by the upload of {describe_author(version)}"
    return (
        f"deleted by {describe_author(version)}"
        if version.is_secret_change
        else f"removed with a version {version.made}"
    )


def _describe_addition(version: WorkerVersion) -> str:
    if version.is_upload:
        return f"added by the upload of {describe_author(version)}"
    return f"set by {describe_author(version)}" if version.is_secret_change else f"added with a version {version.made}"
