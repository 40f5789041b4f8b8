"""Each promised secret is attached, none is unexpected, none was changed outside the program since its upload."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from checks.check import Check, Context, KnownCause
from checks.clients.cloudflare.transport import CloudflareInconclusive
from checks.diagnosis import live_version
from checks.diagnosis.secret_changes import Change, changes
from checks.model.credentials import Credential
from checks.model.finding import Evidence, Finding, Inconclusive
from cloudflare_client.versions import WorkerDeployment, WorkerVersion, describe_author


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What happened since the program's upload: single changes, newest first, and why what is live is not it."""

    changes: tuple[Change, ...] = ()
    strange: str = ""

    def of(self, name: str, *, present: bool) -> str:
        """Return, behind a semicolon, how one secret came or went; else why what is live is not the upload."""
        texts = [change.text for change in self.changes if change.name == name and change.present is present]
        text = texts[0] if texts else self.strange
        return f"; {text}" if text else ""


def secrets(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for each secret that is missing, unexpected or changed by hand, with who and when."""
    worker = context.manifest.worker.name
    promised = {binding.name for binding in context.manifest.bindings if binding.type == "secret_text"}
    try:
        attached = set(context.cloudflare.list_secrets(worker))
    except CloudflareInconclusive as error:
        yield live_version.absent(context, error)
        return
    past, unread = _Past(), None
    try:
        past = _past(context, promised)
    except Inconclusive as error:  # what is missing is said first: it needs no history
        unread = error
    for name in sorted(promised - attached):
        actual = f"absent{past.of(name, present=False)}"
        yield live_version.wrong(context, f"secret {name}", f"attached to {worker}", actual)
    for name in sorted(attached - promised):
        expected, actual = f"not attached to {worker}: nothing declares it", f"attached{past.of(name, present=True)}"
        yield live_version.wrong(context, f"secret {name}", expected, actual)
    if promised == attached:
        yield from _changed(context, promised, past)
    if unread:
        raise unread
    yield Evidence(f"{', '.join(sorted(promised & attached)) or 'none'} attached to {worker}")
    if not past.strange:
        yield Evidence("no secret changed by hand is live")


def _changed(context: Context, promised: Collection[str], past: _Past) -> Iterator[Finding]:
    """Yield the last change of each promised secret (in one of the live versions); without one, what is strange."""
    seen = {change.name: change for change in reversed(past.changes) if change.name is None or change.name in promised}
    everything = f"secrets of {context.manifest.worker.name}"
    for name, change in sorted(seen.items(), key=lambda item: item[0] or ""):
        subject = everything if name is None else f"secret {name}"
        yield live_version.wrong(context, subject, "as the program uploaded it", change.text)
    if past.strange and not seen:
        yield live_version.wrong(context, everything, "as the program uploaded them", past.strange)


def _past(context: Context, promised: Collection[str]) -> _Past:
    tag = context.manifest.worker.tag
    live = context.cloudflare.read_deployment(context.manifest.worker.name)
    known = live_version.versions(context, live)
    last = live_version.last_upload(known, tag)
    if last is not None and live.ids == {last.id}:
        return _Past()
    versions = live_version.serving(context, live, known)
    found = [change for version in versions for change in changes(context, version, known, promised)]
    return _Past(changes=tuple(found), strange=_strange(live, versions, last))


def _strange(live: WorkerDeployment, versions: Collection[WorkerVersion], last: WorkerVersion | None) -> str:
    """Return why what is live need not hold the values that the program uploaded."""
    if last is None:
        return "no version carries the mark of the program's upload"
    shown = ", ".join(version.short for version in versions) or "none"
    text = f"live is {shown}, and not the program's last upload {last.short}"
    older = [version for version in versions if version.number < last.number]
    if older:
        return f"{text}: brought back by {describe_author(live)}"
    return text + "".join(f"; {version.short} was {version.made}" for version in versions if version.id != last.id)


CHECK = Check(
    run=secrets,
    proves="each declared secret is attached to the worker, no other is, and none was changed outside the program",
    runbook="steps 1 and 2",
    step=2,
    causes=(
        KnownCause(what="the secret was never deployed, or somebody deleted it", fix="pulumi up --stack NAME"),
        KnownCause(what="somebody put another value by hand (wrangler secret put)", fix="pulumi up --stack NAME"),
        KnownCause(what="an upload by hand wiped it", fix="pulumi up --stack NAME"),
        KnownCause(what="CLOUDFLARE_API_TOKEN may not read this account", fix="use a token with Workers Scripts: Read"),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
