"""The live bindings, schedules, settings and queues are the declared ones. The check ``secrets`` judges the secrets."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from checks.check import Check, Context, KnownCause
from checks.diagnosis import live_version
from checks.diagnosis.live_worker.crons import LiveCrons, read_live_crons
from checks.diagnosis.live_worker.queues import compare_queues, read_in_background
from checks.diagnosis.live_worker.script_settings import compare_settings
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Evidence, Finding
from cloudflare_client.versions import SECRET_TYPES, describe_author
from contract.manifest import DeclaredBinding

if TYPE_CHECKING:
    from cloudflare_client.versions import VersionDetail, WorkerDeployment

# Properties of a live binding that may be shown. A text is never shown, because it may be a pasted secret.
SHOWN = ("bucket_name", "namespace_id", "id", "queue_name", "service", "environment", "jurisdiction")
MAX_SHOWN = 120  # characters of a declared text
Problem = tuple[str, str, str, bool]  # subject, expected, found, and whether a change outside Pulumi made it


def bindings(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for bindings, crons, script settings and queues that are absent, undeclared or different."""
    worker = context.manifest.worker.name
    live = live_version.read_deployment(context)
    wait_for_settings = run_in_background(lambda: context.cloudflare.read_settings(worker))
    wait_for_queues = read_in_background(context)
    problems: list[Problem] = []
    details = live_version.read_serving_details(context, live)
    outside = _is_changed_outside(context, live, details)
    for detail in details:
        problems += [(*problem, outside) for problem in _compare_version(context, detail)]
    problems += _compare_crons(context, read_live_crons(context))
    for subject, expected, found, is_outside in dict.fromkeys(problems):
        yield live_version.describe_difference(subject, expected, found, outside=is_outside)
    if not problems:
        count = sum(item.type not in SECRET_TYPES for item in context.manifest.bindings)
        crons = ", ".join(context.manifest.schedules) or "none"
        yield Evidence(f"{count} bindings besides secrets are as declared")
        yield Evidence(f"the crons are as declared: {crons}")
    settings = context.manifest.worker.settings
    outside = outside or _is_current(context, details)
    yield from compare_settings(worker, settings, wait_for_settings(), outside=outside)
    yield from compare_queues(context, wait_for_queues(), outside=outside)


def _is_changed_outside(context: Context, live: WorkerDeployment, details: Collection[VersionDetail]) -> bool:
    """Return whether a change outside Pulumi made the live versions live. Only another upload needs the history."""
    tag, versions = context.manifest.worker.tag, [detail.version for detail in details]
    if _is_current(context, details):
        return False
    last = live_version.find_last_upload(live_version.read_versions(context, live), tag)
    return live_version.is_changed_outside(versions, last, tag)


def _is_current(context: Context, details: Collection[VersionDetail]) -> bool:
    """Return whether an upload of the manifest serves alone. Then only a change outside Pulumi makes a difference."""
    tag = context.manifest.worker.tag
    return len(details) == 1 and all(live_version.is_current_upload(detail.version, tag) for detail in details)


def _compare_version(context: Context, detail: VersionDetail) -> Iterator[tuple[str, str, str]]:
    """Yield absent bindings together as one problem, then undeclared ones, then each that differs."""
    declared, version = {item.name: item for item in context.manifest.bindings}, detail.version
    tag = context.manifest.worker.tag
    own = live_version.is_stack_upload(version, tag)
    text = "is an upload of this stack with another manifest" if own else "is not the program's last upload"
    known = live_version.is_current_upload(version, tag)
    note = "" if known else f" (live version {version.short}, {version.made}, {text})"
    absent = [item for item in declared.values() if item.name not in detail.bindings and item.type not in SECRET_TYPES]
    if absent:
        wiped = version.is_upload and not own
        found = f"absent: removed by the upload of {describe_author(version)}" if wiped else f"absent{note}"
        expected = _describe_declared(absent[0]) if len(absent) == 1 else "attached, as declared"
        yield _name_bindings([item.name for item in absent]), expected, found
    extra = [
        name for name, item in detail.bindings.items() if name not in declared and item["type"] not in SECRET_TYPES
    ]
    if extra:
        attached = ", ".join(_describe_live(detail.bindings[name]) for name in extra)
        yield _name_bindings(extra), "not attached, because nothing declares it", f"attached: {attached}{note}"
    for name, item in declared.items():
        for expected, found in _compare_binding(item, detail.bindings.get(name)):
            yield _name_bindings([name]), expected, found + note


def _compare_binding(declared: DeclaredBinding, live: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if live is None:
        return
    if live["type"] != declared.type:
        yield declared.type, str(live["type"])
        return
    for name, value in declared.properties.items():
        if not _is_equal(declared.type, value, live.get(name)):
            shown = value if len(value) <= MAX_SHOWN else f"{value[:MAX_SHOWN]}…"  # a list of sites may be long
            yield f"{name} {shown}", f"{name} {live.get(name) or 'of nothing'}" if name in SHOWN else "another text"


def _is_equal(kind: str, declared: str, live: object) -> bool:
    """Return whether a property has the declared value. JSON is compared as data."""
    if live == declared or kind != "json":
        return live == declared
    try:
        return bool(json.loads(declared) == (json.loads(live) if isinstance(live, str) else live))
    except ValueError:
        return False


def _compare_crons(context: Context, live: LiveCrons) -> Iterator[Problem]:
    """Yield crons that are declared and not live, and the other way round."""
    declared = set(context.manifest.schedules)
    missing, extra = sorted(declared - live.crons), sorted(live.crons - declared)
    if missing:
        yield "schedule", ", ".join(missing), f"absent{live.reason}", live.outside
    if extra:
        found = ", ".join(extra) + live.reason
        yield "schedule", "no other cron, because nothing declares it", found, live.outside


def _name_bindings(names: Collection[str]) -> str:
    return f"binding{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _describe_declared(item: DeclaredBinding) -> str:
    return " ".join([item.type, *(value for name, value in item.properties.items() if name in SHOWN)])


def _describe_live(item: Mapping[str, Any]) -> str:
    return " ".join([str(item["type"]), *(str(item[name]) for name in SHOWN if item.get(name))])


CHECK = Check(
    run=bindings,
    proves=(
        "the live bindings, crons, script settings and queues are the declared ones, and no other binding is attached"
    ),
    runbook="step 3",
    step=3,
    causes=(
        KnownCause(what="an upload outside Pulumi removed bindings", fix="pulumi up --stack NAME"),
        KnownCause(
            what="another bucket was bound, or a text was changed, outside Pulumi", fix="pulumi up --stack NAME"
        ),
        KnownCause(
            what="the crons were changed outside Pulumi, or the last `pulumi up` did not finish",
            fix="pulumi up --stack NAME",
        ),
        KnownCause(
            what="a binding was added outside Pulumi, and must stay",
            fix="declare it in extraBindings, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="a tail consumer or logpush was added outside Pulumi, so the logs are read elsewhere",
            fix="pulumi up --stack NAME",
        ),
        KnownCause(
            what="observability was switched off outside Pulumi (`wrangler deploy` does it), so no logs are kept",
            fix="pulumi up --stack NAME",
        ),
        KnownCause(what="a limit or a placement was changed outside Pulumi", fix="pulumi up --stack NAME"),
        KnownCause(
            what="a queue was paused or deleted, or its consumer was changed or removed, outside Pulumi",
            fix="pulumi up --stack NAME",
        ),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
