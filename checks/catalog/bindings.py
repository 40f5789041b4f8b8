"""Live bindings and schedules are the declared ones; secrets are left to the check of that name."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from checks.check import Check, Context, KnownCause
from checks.clients.cloudflare.versions import SECRETS, by
from checks.diagnosis import live_version
from checks.model.credentials import Credential
from checks.model.finding import Evidence, Finding
from contract.manifest import DeclaredBinding

if TYPE_CHECKING:
    from checks.clients.cloudflare.versions import Detail

# What may be shown of a live binding. Never a text: somebody may have pasted a secret there.
PLACES = ("bucket_name", "namespace_id", "id", "queue_name", "service", "environment", "jurisdiction")
Problem = tuple[str, str, str]  # subject, expected, actual


def bindings(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for bindings and crons that are absent, undeclared, of another type or lead elsewhere."""
    live = live_version.deployment(context)
    if isinstance(live, Finding):
        yield live
        return
    problems: list[Problem] = []
    for detail in live_version.details(context, live):
        problems += _differences(context, detail)
    problems += _crons(context, context.cloudflare.schedules(context.manifest.worker.name))
    for subject, expected, actual in dict.fromkeys(problems):
        yield live_version.wrong(context, subject, expected, actual)
    if not problems:
        count = sum(item.type not in SECRETS for item in context.manifest.bindings)
        crons = ", ".join(context.manifest.schedules) or "none"
        yield Evidence(f"{count} bindings besides secrets, as declared")
        yield Evidence(f"schedule as declared: {crons}")


def _differences(context: Context, detail: Detail) -> Iterator[Problem]:
    """Yield what one version lacks, what nothing declares, and what differs; absent ones together, as one loss."""
    declared, version = {item.name: item for item in context.manifest.bindings}, detail.version
    known = live_version.is_declared(version, context.manifest.worker.tag)
    note = "" if known else f"; live is {version.short}, {version.made}, not the program's last upload"
    absent = [item for item in declared.values() if item.name not in detail.bindings and item.type not in SECRETS]
    if absent:
        wiped = version.uploaded and not live_version.is_ours(version, context.manifest.worker.tag)
        actual = f"absent: wiped by the upload of {by(version)}" if wiped else f"absent{note}"
        expected = _described(absent[0]) if len(absent) == 1 else "attached, as declared"
        yield _named([item.name for item in absent]), expected, actual
    extra = [name for name, item in detail.bindings.items() if name not in declared and item["type"] not in SECRETS]
    if extra:
        attached = ", ".join(_shown(detail.bindings[name]) for name in extra)
        yield _named(extra), "not attached: nothing declares it", f"attached: {attached}{note}"
    for name, item in declared.items():
        for expected, actual in _difference(item, detail.bindings.get(name)):
            yield _named([name]), expected, actual + note


def _difference(declared: DeclaredBinding, live: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
    if live is None:
        return
    if live["type"] != declared.type:
        yield declared.type, str(live["type"])
        return
    for name, value in declared.properties.items():
        if not _same(declared.type, value, live.get(name)):
            yield f"{name} {value}", f"{name} {live.get(name) or 'of nothing'}" if name in PLACES else "another text"


def _same(kind: str, declared: str, live: object) -> bool:
    """Return whether a property is as declared; JSON is compared by what it means, as text or as data."""
    if live == declared or kind != "json":
        return live == declared
    try:
        return bool(json.loads(declared) == (json.loads(live) if isinstance(live, str) else live))
    except ValueError:
        return False


def _crons(context: Context, live: Collection[str]) -> Iterator[Problem]:
    """Yield what is declared and not live, and the other way round. Cloudflare records neither who nor when."""
    declared = set(context.manifest.schedules)
    missing, extra = sorted(declared - set(live)), sorted(set(live) - declared)
    if missing:
        yield "schedule", ", ".join(missing), "absent"
    if extra:
        yield "schedule", "no other: nothing declares it", ", ".join(extra)


def _named(names: Collection[str]) -> str:
    return f"binding{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _described(item: DeclaredBinding) -> str:
    return " ".join([item.type, *(value for name, value in item.properties.items() if name in PLACES)])


def _shown(item: Mapping[str, Any]) -> str:
    return " ".join([str(item["type"]), *(str(item[name]) for name in PLACES if item.get(name))])


CHECK = Check(
    run=bindings,
    proves="live bindings and schedules are the declared ones, and no other is attached",
    runbook="step 3",
    step=3,
    causes=(
        KnownCause(what="an upload by hand wiped what it did not name", fix="pulumi up --stack NAME"),
        KnownCause(what="somebody bound another bucket, or changed a text", fix="pulumi up --stack NAME"),
        KnownCause(what="somebody changed the crons", fix="pulumi up --stack NAME"),
        KnownCause(
            what="a binding was added by hand, and is wanted",
            fix="declare it in extraBindings, then pulumi up --stack NAME",
        ),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
