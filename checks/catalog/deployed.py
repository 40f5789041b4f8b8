"""What is live is the version that the program uploaded, and it serves every request."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from checks.check import Check, Context, KnownCause
from checks.diagnosis import live_version
from checks.model.credentials import Credential
from checks.model.finding import Evidence, Finding
from cloudflare_client.versions import WorkerDeployment, WorkerVersion, describe_author


def deployed(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for what is live and is not the program's last upload: split, made by others or rolled back."""
    live = live_version.deployment(context)
    if isinstance(live, Finding):
        yield live
        return
    tag = context.manifest.worker.tag
    known = live_version.versions(context, live)
    versions = live_version.serving(context, live, known)
    last = live_version.last_upload(known, tag)
    problems = [] if len(versions) == 1 else [_split(live, versions)]
    for version in versions:
        problem = _foreign(version, live, last, tag) if len(versions) == 1 else _stranger(version, tag)
        problems += [problem] if problem else []
    expected = f"the program's last upload {last.short}, at 100 %" if last else f"an upload marked {tag}, at 100 %"
    for problem in problems:
        yield live_version.wrong(context, f"live version of {context.manifest.worker.name}", expected, problem)
    if not problems:
        yield Evidence(f"the program's last upload {versions[0].short} serves every request, {versions[0].made}")


def _split(live: WorkerDeployment, versions: Collection[WorkerVersion]) -> str:
    shares = ", ".join(
        f"{share.percentage:g} % {version.short}" for share, version in zip(live.shares, versions, strict=True)
    )
    return f"split by {live.strategy}: {shares}, by {describe_author(live)}"


def _foreign(version: WorkerVersion, live: WorkerDeployment, last: WorkerVersion | None, tag: str) -> str | None:
    """Return why the one version that serves is not the program's last upload, None if it is."""
    if last is not None and version.number < last.number:
        return f"{version.short}, {version.made}: rolled back by {describe_author(live)}"
    return _stranger(version, tag)


def _stranger(version: WorkerVersion, tag: str) -> str | None:
    """Return why a version is not what the program uploads now, None if it may be."""
    if live_version.is_declared(version, tag):
        return None
    if version.tag == tag:
        return f"{version.short}, {version.made}, which carries the mark and is no upload"
    if live_version.is_ours(version, tag):
        return f"{version.short}, {version.made}, which carries another mark of this stack: other settings"
    return f"{version.short}, {version.made}, which does not carry the program's mark"


CHECK = Check(
    run=deployed,
    proves="what is live is the version that the program uploaded, and it serves every request",
    runbook="step 3",
    step=3,
    causes=(
        KnownCause(
            what="somebody uploaded by hand (wrangler deploy), or changed a secret", fix="pulumi up --stack NAME"
        ),
        KnownCause(what="somebody rolled back, or split the requests over versions", fix="pulumi up --stack NAME"),
        KnownCause(what="the stack was deployed from elsewhere, and --manifest is older", fix="give --stack NAME"),
        KnownCause(what="pulumi up never ended", fix="pulumi up --stack NAME"),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
