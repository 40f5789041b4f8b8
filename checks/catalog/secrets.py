"""Each declared secret is attached, no other one is, and none was changed outside Pulumi since the upload."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from checks.check import Check, Context, KnownCause
from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.diagnosis import live_version
from checks.diagnosis.live_version import describe_difference, join_earlier
from checks.diagnosis.secret_changes import SecretChange, read_secret_changes
from checks.model.credentials import Credential
from checks.model.finding import Evidence, Finding, Inconclusive
from cloudflare_client.versions import WorkerDeployment, WorkerVersion, describe_author


@dataclass(frozen=True, slots=True, kw_only=True)
class _History:
    """The changes since the stack's upload, newest first, and why the live version is not that upload.

    ``outside`` says that a change outside Pulumi made that version live.
    """

    changes: tuple[SecretChange, ...] = ()
    other_version: str = ""
    outside: bool = False

    def describe(self, name: str, expected: str, found: str, *, present: bool) -> Finding:
        """Return the finding for one secret: how it appeared or vanished, else why the version is another one."""
        changes = [change for change in self.changes if change.name == name]
        texts = [change.text for change in itertools.dropwhile(lambda item: item.present is not present, changes)]
        text = join_earlier(texts) if texts else self.other_version
        found = f"{found}, {text}" if text else found
        return describe_difference(f"secret {name}", expected, found, outside=bool(texts) or self.outside)


def secrets(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for each secret that is missing, undeclared or changed outside Pulumi, with author and time."""
    worker = context.manifest.worker.name
    declared = {binding.name for binding in context.manifest.bindings if binding.type == "secret_text"}
    attached = _read_attached(context)
    history, unread = _History(), None
    try:
        history = _read_history(context, declared)
    except Inconclusive as error:  # a missing secret is reported first: that needs no history
        unread = error
    for name in sorted(declared - attached):
        yield history.describe(name, f"attached to {worker}", "absent", present=False)
    for name in sorted(attached - declared):
        expected = f"not attached to {worker}, because nothing declares it"
        yield history.describe(name, expected, "attached", present=True)
    if declared == attached:
        yield from _judge_values(worker, declared, history)
    if unread:
        raise unread
    yield Evidence(f"{', '.join(sorted(declared & attached)) or 'none'} attached to {worker}")
    if not history.other_version:
        yield Evidence("no secret was changed outside Pulumi")


def _read_attached(context: Context) -> set[str]:
    try:
        return set(context.cloudflare.list_secrets(context.manifest.worker.name))
    except CloudflareInconclusive as error:
        live_version.raise_if_missing(context, error)
        raise


def _judge_values(worker: str, declared: Collection[str], history: _History) -> Iterator[Finding]:
    """Yield the changes of each declared secret, or else that the live version is another one."""
    changes: dict[str | None, list[str]] = {}
    for change in history.changes:
        if change.name is None or change.name in declared:
            changes.setdefault(change.name, []).append(change.text)
    everything = f"secrets of {worker}"
    for name, texts in sorted(changes.items(), key=lambda item: item[0] or ""):
        subject = everything if name is None else f"secret {name}"
        expected = "the value that the program uploaded"
        yield describe_difference(subject, expected, join_earlier(texts), outside=True)
    if history.other_version and not changes:
        expected = "the values that the program uploaded"
        yield describe_difference(everything, expected, history.other_version, outside=history.outside)


def _read_history(context: Context, declared: Collection[str]) -> _History:
    tag = context.manifest.worker.tag
    live = context.cloudflare.read_deployment(context.manifest.worker.name)
    known = live_version.read_versions(context, live)
    last = live_version.find_last_upload(known, tag)
    if last is not None and live.ids == {last.id}:
        return _History()
    versions = live_version.read_serving_versions(context, live, known)
    changes = [change for version in versions for change in read_secret_changes(context, version, known, declared)]
    return _History(
        changes=tuple(changes),
        other_version=_explain_other_version(live, versions, last),
        outside=live_version.is_changed_outside(versions, last, tag),
    )


def _explain_other_version(
    live: WorkerDeployment, versions: Collection[WorkerVersion], last: WorkerVersion | None
) -> str:
    """Return why the live version may hold other values than the program uploaded."""
    if last is None:
        return "no version has the tag of the program's upload"
    shown = ", ".join(version.short for version in versions) or "none"
    text = f"live version {shown} is not the program's last upload {last.short}"
    older = [version for version in versions if version.number < last.number]
    if older:
        return f"{text}, deployed again by {describe_author(live)}"
    return text + "".join(f", {version.short} was {version.made}" for version in versions if version.id != last.id)


CHECK = Check(
    run=secrets,
    proves="each declared secret is attached to the worker, no other one is, and none was changed outside Pulumi",
    runbook="steps 1 and 2",
    step=2,
    causes=(
        KnownCause(what="the secret was never deployed, or was deleted outside Pulumi", fix="pulumi up --stack NAME"),
        KnownCause(what="another value was set outside Pulumi (wrangler secret put)", fix="pulumi up --stack NAME"),
        KnownCause(what="an upload outside Pulumi removed the secret", fix="pulumi up --stack NAME"),
        KnownCause(what="CLOUDFLARE_API_TOKEN may not read this account", fix="use a token with Workers Scripts: Read"),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
