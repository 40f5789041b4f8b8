"""ACE accepts the key and serves the site. The check asks ACE itself, and needs no worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial

from checks.check import BEFORE_DEPLOYMENT, Check, Context, KnownCause
from checks.clients.ace.pages import Page
from checks.clients.ace.refusals import AceError, RefusalKind
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, count
from checks.model.hint import Hint
from checks.model.metric import Metric
from contract import ace_key
from contract.manifest.sites import DeclaredSite, name_sites
from contract.schedule import day_window, parse_day

ROWS = 10  # of ACE's page sizes: one page is requested, and none after it
MAX_CONCURRENT = 4  # sites that ACE is asked about at a time
MAX_FINDINGS = 10  # sites that are reported one by one
MAX_WAIT, MAX_SHARE = 10.0, 0.5  # seconds, and the share of the deadline, for an ACE that is down

_SETTINGS = Hint.edit_settings()
_RENEW = Hint.set_secret("aceApiKey")
_HINTS: Mapping[RefusalKind, Hint] = {
    RefusalKind.NO_KEY: _RENEW,
    RefusalKind.WRONG_KEY: _RENEW,
    RefusalKind.NOT_ALLOWED: _RENEW,
    RefusalKind.UNKNOWN_SITE: _SETTINGS,
    RefusalKind.BAD_PARAMETER: _SETTINGS,
    RefusalKind.NOT_ACE: _SETTINGS,
}  # another form of an answer keeps the hint of the client


def token(context: Context) -> Iterator[Evidence | Finding]:
    """Request one small page of each site's first declared day from ACE, and explain a refusal."""
    key = context.credentials.ace_key
    notice = timedelta(days=context.manifest.ace.key_expiry_warning_days)
    assessment = ace_key.assess("" if key is None else key.reveal(), now=context.now, notice=notice)
    if assessment.problem and assessment.expires is None:  # the key cannot be sent, or is no key
        raise Failed(_describe(context, f"it {assessment.problem}, so no request was sent", _RENEW))
    if "config" not in context.selected:  # which gives the same warning
        yield from context.credentials.warn_of_unused_variables()
    yield from _judge_sites(context, assessment)
    yield from _judge_expiry(context, assessment)


def _judge_sites(context: Context, assessment: ace_key.Assessment) -> Iterator[Evidence | Finding]:
    """Yield a finding for each site that ACE refuses, and evidence for the others.

    Raises Failed where ACE refuses a single site, or the key itself.
    """
    sites, refused = context.manifest.sites, 0
    served: list[DeclaredSite] = []
    empty: list[DeclaredSite] = []
    for site, wait in _read_pages(context, assessment):
        try:
            (served if wait().rows else empty).append(site)
        except Failed as error:
            if len(sites) == 1 or error.finding.hint == _RENEW:
                raise
            refused += 1
            if refused <= MAX_FINDINGS:
                yield error.finding
    if refused > MAX_FINDINGS:
        yield Evidence(f"ACE refuses {count(refused - MAX_FINDINGS, 'more site')}")
    accepted = f"ACE accepts {context.credentials.ace_source}"
    if served or (empty and len(sites) > 1):
        number = name_sites(sites) if len(served) == len(sites) else f"{len(served)} of {len(sites)} sites"
        yield Evidence(f"{accepted} and serves {number}")
    for site in empty[:MAX_FINDINGS]:  # ACE refuses an unknown site, so this one is known, and may have no data yet
        start = "it " if len(sites) > 1 else f"{accepted} and "
        yield Evidence(f"{start}knows {site.name}, but has no data for {site.start_date} (startDate)")
    if len(empty) > MAX_FINDINGS:
        yield Evidence(f"it has no data for the first day of {count(len(empty) - MAX_FINDINGS, 'more site')}")


def _read_pages(context: Context, assessment: ace_key.Assessment) -> Iterator[tuple[DeclaredSite, Callable[[], Page]]]:
    """Yield each site with a function that waits for its page. ACE is asked about a few at once."""
    for start in range(0, len(context.manifest.sites), MAX_CONCURRENT):
        sites = context.manifest.sites[start : start + MAX_CONCURRENT]
        waits = [
            run_in_background(partial(_read_page, context, site, assessment), number)
            for number, site in enumerate(sites, start=1)
        ]
        yield from zip(sites, waits, strict=True)


def _judge_expiry(context: Context, assessment: ace_key.Assessment) -> Iterator[Evidence | Finding]:
    """Yield the time that is left as evidence, as a warning, or as a finding during the last days (case T5)."""
    if assessment.expires is None:
        yield Evidence("the key does not contain its expiry date")
        return
    left = {Metric.KEY_EXPIRES: (assessment.expires - context.now).total_seconds()}
    if assessment.problem:
        yield Evidence(f"the key {assessment.problem}, and ACE still accepts it", metrics=left)
        return
    described = ace_key.describe_expiry(assessment.expires, now=context.now)
    if not assessment.expires_soon:  # the day is enough
        described = described.rpartition(" ")[0].rpartition(" ")[0]
    yield Evidence(f"the key {described}", warning=assessment.expires_soon and not assessment.is_ending, metrics=left)
    if assessment.is_ending:
        yield Finding(
            subject=f"expiry of {context.credentials.ace_source}",
            expected=f"more than {ace_key.LAST_DAYS.days} days left",
            found=f"it {described}",
            cause=Cause.CONFIGURATION,
            hint=_RENEW,
        )


def _read_page(context: Context, site: DeclaredSite, assessment: ace_key.Assessment) -> Page:
    """Return the page. Raises Failed for a refusal: the ``exp`` of an expired key explains any refusal of it."""
    day = parse_day(site.start_date)
    if day is None:
        raise Inconclusive(_describe_start_date(site))
    start, end = day_window(day)
    seconds = context.deadline.seconds
    try:
        return context.ace(site.name).fetch_page(
            start, end, size=ROWS, keep=max(seconds - MAX_WAIT, seconds * MAX_SHARE)
        )
    except AceError as error:
        expired = assessment.problem if error.kind in (RefusalKind.WRONG_KEY, RefusalKind.NOT_ALLOWED) else None
        found = f"the key {expired}, and ACE answers {error.finding.found}" if expired else error.finding.found
        hint = _HINTS.get(error.kind, error.finding.hint)
        cause = Cause.ACE if error.kind is RefusalKind.SHAPE else Cause.CONFIGURATION
        raise Failed(_describe(context, found, hint, cause, site=site.name)) from None


def _describe_start_date(site: DeclaredSite) -> Finding:
    return Finding(
        subject="startDate",
        expected="a date as YYYY-MM-DD",
        found=repr(site.start_date),
        cause=Cause.CONFIGURATION,
        hint=_SETTINGS,
    )


def _describe(
    context: Context, found: str, hint: Hint, cause: Cause = Cause.CONFIGURATION, *, site: str = ""
) -> Finding:
    name = site if site else name_sites(context.manifest.sites)
    return Finding(
        subject=f"{context.credentials.ace_source}, at ACE",
        expected=f"ACE accepts it and serves {name}",
        found=found,
        cause=cause,
        hint=hint,
    )


CHECK = Check(
    run=token,
    proves="ACE accepts the key and serves each site, and the key does not expire within 3 days",
    runbook="scripts/test-ace-token.sh",
    step=0,
    causes=(
        KnownCause(
            what="the key is wrong (ACE says 500), expired (the date is said) or of another account",
            fix="pulumi config set --secret aceApiKey --stack NAME, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="the key expires within 3 days. A warning appears keyExpiryWarningDays before (30 by default)",
            fix="get a new key, then pulumi config set --secret aceApiKey --stack NAME, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="ACE does not know the site, or refuses a parameter",
            fix="correct Pulumi.NAME.yaml, then pulumi up --stack NAME",
        ),
        KnownCause(what="ACE changed the form of its answers", fix="see CHANGELOG.md for a newer version, or ask ACE"),
        KnownCause(
            what="inconclusive: ACE is down or limits the rate",
            fix="wait, then python -m checks run token --stack NAME",
        ),
    ),
    after=("config",),
    wants=(Credential.ACE,),
    tags=frozenset({"read-only", "upstream", BEFORE_DEPLOYMENT}),
)
