"""The live version is the program's last upload with the program's code, and it serves every request."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator

from checks.check import Check, Context, KnownCause
from checks.diagnosis import live_version
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Evidence, Finding
from cloudflare_client.versions import WorkerDeployment, WorkerVersion, describe_author
from contract.drift.rollback import read_failed_version

CODE_DIGITS = 12  # shown of a digest


def deployed(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for a live version that is not the program's last upload: split, foreign or rolled back.

    Anyone who may upload can copy the tag, so the code is compared as well.
    """
    live = live_version.read_deployment(context)
    wait_for_code = _read_code_in_background(context, live)
    tag = context.manifest.worker.tag
    known = live_version.read_versions(context, live)
    versions = live_version.read_serving_versions(context, live, known)
    last = live_version.find_last_upload(known, tag)
    problems = list(_find_problems(live, versions, last, tag))
    unfinished = any(_is_unfinished(version, last, tag) for version in versions)
    name = "upload of the manifest" if unfinished else "program's last upload"
    expected = f"the {name} {last.short}, at 100 %" if last else f"an upload with the tag {tag}, at 100 %"
    outside = live_version.is_changed_outside(versions, last, tag)
    subject = f"live version of {context.manifest.worker.name}"
    earlier = live_version.describe_earlier_changes(live, known, last)
    for problem in problems:
        yield live_version.describe_difference(subject, expected, problem + earlier, outside=outside)
    if not problems:
        yield Evidence(f"the program's last upload {versions[0].short} serves every request, {versions[0].made}")
        yield from _judge_code(context, versions[0], wait_for_code())


def _read_code_in_background(context: Context, live: WorkerDeployment) -> Callable[[], tuple[bytes, ...]]:
    """Start to read the code of the only live version. The manifest of an older deployment has no digest of it."""
    worker = context.manifest.worker
    if len(live.shares) != 1 or not worker.code:
        return tuple
    version = live.shares[0].version_id
    return run_in_background(lambda: context.cloudflare.read_code(worker.name, version))


def _judge_code(context: Context, version: WorkerVersion, modules: tuple[bytes, ...]) -> Iterator[Evidence | Finding]:
    worker = context.manifest.worker
    if not worker.code:
        return
    digests = [hashlib.sha256(module).hexdigest() for module in modules]
    if digests == [worker.code]:
        yield Evidence(f"its code is the program's, {worker.code[:CODE_DIGITS]}")
        return
    found = digests[0][:CODE_DIGITS] if len(digests) == 1 else f"{len(digests)} modules"
    yield live_version.describe_difference(
        f"code of {worker.name}",
        f"the program's, {worker.code[:CODE_DIGITS]}",
        f"{found} in version {version.short}, {version.made}, which has a copy of the program's tag",
        outside=True,
    )


def _find_problems(
    live: WorkerDeployment, versions: Collection[WorkerVersion], last: WorkerVersion | None, tag: str
) -> Iterator[str]:
    """Yield why the live versions are not the program's last upload."""
    if len(versions) != 1:
        yield _describe_split(live, versions)
    for version in versions:
        rolled_back = len(versions) == 1 and last is not None and version.number < last.number
        if rolled_back:
            failed = read_failed_version(live.message)
            reason = f", because the verification of version {failed[:8]} failed" if failed else ""
            yield f"{version.short}, {version.made}: rolled back by {describe_author(live)}{reason}"
        elif not live_version.is_current_upload(version, tag):
            yield _describe_foreign(version, last, tag)


def _describe_split(live: WorkerDeployment, versions: Collection[WorkerVersion]) -> str:
    shares = ", ".join(
        f"{share.percentage:g} % {version.short}" for share, version in zip(live.shares, versions, strict=True)
    )
    return f"split by {live.strategy}: {shares}, by {describe_author(live)}"


def _describe_foreign(version: WorkerVersion, last: WorkerVersion | None, tag: str) -> str:
    """Return why a version is not the program's current upload."""
    if version.tag == tag:
        return f"{version.short}, {version.made}, which has the tag but is not an upload"
    if _is_unfinished(version, last, tag):
        upload = "an upload" if last is None else "a newer upload"
        return f"{version.short}, {version.made}, {upload} of this stack: the last `pulumi up` did not finish"
    if live_version.is_stack_upload(version, tag):
        other = "other code" if _has_same_settings(version.tag, tag) else "other settings"
        return f"{version.short}, {version.made}, which has another tag of this stack, so it has {other}"
    return f"{version.short}, {version.made}, which does not have the program's tag"


def _is_unfinished(version: WorkerVersion, last: WorkerVersion | None, tag: str) -> bool:
    """Return whether a `pulumi up` of other settings did not finish. Other code alone is from another checkout."""
    other = last is None or not _has_same_settings(version.tag, tag)
    return other and live_version.is_unfinished(version, last, tag)


def _has_same_settings(one: str, other: str) -> bool:
    """Return whether two tags have the same crons, bindings and script settings, and other code (parts 4 to 7)."""
    (*first, code), (*second, other_code) = _list_digests(one), _list_digests(other)
    return first == second and "" not in (code, other_code) and code != other_code


def _list_digests(tag: str) -> list[str]:
    """Return the digests of crons, bindings, script settings and code, an empty text for each that the tag lacks."""
    crons, bindings, code, settings = [*tag.split(":")[3:7], "", "", "", ""][:4]
    return [crons, bindings, settings, code]


CHECK = Check(
    run=deployed,
    proves="the live version is the program's last upload with the program's code, and it serves every request",
    runbook="step 3",
    step=3,
    causes=(
        KnownCause(
            what="a version was uploaded (wrangler deploy), or a secret was changed, outside Pulumi",
            fix="pulumi up --stack NAME",
        ),
        KnownCause(
            what="an older version was deployed, or the traffic was split over several versions",
            fix="pulumi up --stack NAME",
        ),
        KnownCause(what="the stack was deployed again, and the file of --manifest is older", fix="give --stack NAME"),
        KnownCause(
            what="another checkout with other code was deployed, or other code was uploaded with a copy of the tag",
            fix="pulumi up --stack NAME",
        ),
        KnownCause(what="the last `pulumi up` did not finish", fix="pulumi up --stack NAME"),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
