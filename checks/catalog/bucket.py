"""The bucket exists in its jurisdiction, is not public, and no lifecycle rule deletes the stored days."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, describe
from checks.model.hint import Hint
from cloudflare_client.buckets import JURISDICTIONS
from contract.control_objects import CONTROL_PREFIX

if TYPE_CHECKING:
    from cloudflare_client.buckets import LifecycleRule, PublicDomain

Items = Iterator[Evidence | Finding]


def bucket(context: Context) -> Items:
    """Yield a finding for a missing or public bucket, and for each rule that deletes objects of the backfill."""
    storage, client = context.manifest.storage, context.cloudflare
    name, place = storage.bucket, storage.jurisdiction
    reads: tuple[Callable[[], Items], ...] = (
        lambda: _judge_rules(context, client.list_lifecycle_rules(name, jurisdiction=place)),
        lambda: _judge_managed(name, client.read_managed_domain(name, jurisdiction=place)),
        lambda: _judge_custom(name, client.list_custom_domains(name, jurisdiction=place)),
    )
    waits = [run_in_background(read, number) for number, read in enumerate(reads, 1)]
    if not client.has_bucket(name, jurisdiction=place):
        raise Failed(_describe_missing(context))
    yield Evidence(f"bucket {name} exists in jurisdiction {place}")
    unread: list[Inconclusive] = []
    for wait in waits:
        try:
            yield from wait()
        except Inconclusive as error:  # the other answers are judged first
            unread.append(error)
    if unread:
        raise unread[0]


def _describe_missing(context: Context) -> Finding:
    """Return the finding for a missing bucket, with another jurisdiction that has one of this name."""
    storage = context.manifest.storage
    others = [
        place
        for place in JURISDICTIONS
        if place != storage.jurisdiction and context.cloudflare.has_bucket(storage.bucket, jurisdiction=place)
    ]
    found = f"absent there, but one of this name is in jurisdiction {others[0]}" if others else "absent"
    expected = f"exists in jurisdiction {storage.jurisdiction}"
    return describe(f"bucket {storage.bucket}", expected, found, Cause.OUTSIDE_CHANGE, Hint.deploy())


def _judge_rules(context: Context, rules: tuple[LifecycleRule, ...]) -> Items:
    storage = context.manifest.storage
    sites = [context.manifest.prefix(site.name) for site in context.manifest.sites]
    ours = [rule for rule in rules if any(map(rule.covers, (*sites, CONTROL_PREFIX)))]
    for rule in ours:
        place = f"under {rule.prefix}" if rule.prefix else "of the whole bucket"
        if rule.deletion:
            subject, found = f"lifecycle rule {rule.id} of {storage.bucket}", f"deletes objects {place} {rule.deletion}"
            hint = Hint.remove_lifecycle_rule(storage.bucket, rule.id)
            expected = f"deletes nothing under {next(filter(rule.covers, sites), sites[0])}"
            yield describe(subject, expected, found, Cause.OUTSIDE_CHANGE, hint)
        elif rule.moves:
            yield Evidence(
                f"lifecycle rule {rule.id} moves objects {place} {rule.moves}: reads cost more", warning=True
            )
    if not any(rule.deletion for rule in ours):
        yield Evidence("no lifecycle rule deletes stored days")


def _judge_managed(name: str, domain: PublicDomain) -> Items:
    if domain.enabled:
        found = f"public at https://{domain.name}"
        yield describe(f"bucket {name}", "not public", found, Cause.OUTSIDE_CHANGE, Hint.disable_public_url(name))
    else:
        yield Evidence("it is not public under r2.dev")


def _judge_custom(name: str, domains: tuple[PublicDomain, ...]) -> Items:
    for domain in domains:
        if domain.enabled:
            subject, found = f"custom domains of {name}", f"public at https://{domain.name}"
            hint = Hint.remove_custom_domain(name, domain.name)
            yield describe(subject, "none, because nothing declares one", found, Cause.OUTSIDE_CHANGE, hint)
        else:
            yield Evidence(f"the custom domain {domain.name} is attached and disabled", warning=True)
    if not domains:
        yield Evidence("it has no custom domain")


CHECK = Check(
    run=bucket,
    proves="the bucket exists in its jurisdiction, is not public, and no lifecycle rule deletes stored days",
    runbook="step 7",
    step=3,
    causes=(
        KnownCause(
            what="a lifecycle rule that deletes objects was added outside Pulumi",
            fix="npx wrangler r2 bucket lifecycle remove BUCKET --name RULE",
        ),
        KnownCause(
            what="the public r2.dev address was enabled outside Pulumi",
            fix="npx wrangler r2 bucket dev-url disable BUCKET",
        ),
        KnownCause(
            what="a custom domain was attached outside Pulumi",
            fix="npx wrangler r2 bucket domain remove BUCKET --domain DOMAIN",
        ),
        KnownCause(
            what="the bucket was deleted outside Pulumi", fix="pulumi up --stack NAME, which creates an empty one"
        ),
        KnownCause(what="CLOUDFLARE_API_TOKEN may not read R2", fix="use a token with Workers R2 Storage: Read"),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
