"""ACE accepts the key and serves the site; asks ACE itself, and needs no worker."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from checks.check import BEFORE_DEPLOYMENT, Check, Context, KnownCause
from checks.clients.ace.answers import AceError, Trouble
from checks.clients.worker.progress import is_date
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding, Inconclusive
from checks.stored_days import stored_day
from contract import ace_key

ROWS = 10  # of ACE's enum, and enough: one page is asked for, and none after it
WAIT, SHARE = 10.0, 0.5  # seconds, and the part, of the deadline for an ACE that is down: others wait for this one


def token(context: Context) -> Iterator[Evidence | Finding]:
    """Ask ACE for one small page of the first declared day, and say what its refusal means."""
    key, ace = context.credentials.ace_key, context.manifest.ace
    assessment = ace_key.assess("" if key is None else key.reveal(), now=context.now)
    if assessment.problem and assessment.expires is None:  # one that no request can carry, or that is none
        yield _finding(context, f"it {assessment.problem}: ACE was not asked", _renew(context))
        return
    if not is_date(ace.start_date):
        raise Inconclusive(_undated(context))
    start, end = stored_day.window(date.fromisoformat(ace.start_date))
    try:
        seconds = context.deadline.seconds
        page = context.ace.page(start, end, size=ROWS, keep=max(seconds - WAIT, seconds * SHARE))
    except AceError as error:
        expired = assessment.problem if error.trouble in (Trouble.WRONG_KEY, Trouble.NOT_ALLOWED) else None
        yield _refused(context, error, expired)
        return
    what = f"ACE accepts {context.credentials.ace_source}"
    if page.rows:
        yield Evidence(f"{what} and serves {ace.site}")
    else:  # a site that is unknown is refused: this one is known, and a day without data breaks no promise
        yield Evidence(f"{what} and knows {ace.site}; it holds nothing for {ace.start_date} (startDate)")
    if assessment.expires is None:
        yield Evidence("when the key expires is not written in it")
    else:
        days = (assessment.expires - context.now).days
        yield Evidence(f"the key expires in {days} days, on {assessment.expires:%Y-%m-%d}")


def _refused(context: Context, error: AceError, expired: str | None) -> Finding:
    """Return whom a refusal accuses; a key that is past its ``exp`` explains it, however ACE puts it."""
    actual = f"the key {expired}; ACE says {error.finding.found}" if expired else error.finding.found
    curl = error.finding.hint
    hints = {
        Trouble.NO_KEY: _renew(context),
        Trouble.WRONG_KEY: _renew(context),
        Trouble.NOT_ALLOWED: _renew(context),
        Trouble.UNKNOWN_SITE: context.edit(),
        Trouble.BAD_PARAMETER: context.edit(),
        Trouble.NOT_ACE: context.edit(),
        Trouble.SHAPE: curl,
    }
    cause = Cause.ACE if error.trouble is Trouble.SHAPE else Cause.CONFIGURATION
    return _finding(context, actual, hints[error.trouble], cause)


def _renew(context: Context) -> str:
    return f"{context.pulumi('config set --secret aceApiKey')} && {context.pulumi('up')}"


def _undated(context: Context) -> Finding:
    return Finding(
        subject="startDate",
        expected="a date as YYYY-MM-DD, to ask ACE for",
        found=repr(context.manifest.ace.start_date),
        cause=Cause.CONFIGURATION,
        hint=context.edit(),
    )


def _finding(context: Context, actual: str, hint: str, cause: Cause = Cause.CONFIGURATION) -> Finding:
    return Finding(
        subject=f"{context.credentials.ace_source}, at ACE",
        expected=f"it is accepted, and {context.manifest.ace.site} is served",
        found=actual,
        cause=cause,
        hint=hint,
    )


CHECK = Check(
    run=token,
    proves="ACE accepts the key and serves the site; says in how many days the key expires",
    runbook="scripts/test-ace-token.sh",
    step=0,
    causes=(
        KnownCause(
            what="the key is wrong (ACE says 500), expired (the date is said) or of another account",
            fix="pulumi config set --secret aceApiKey --stack NAME, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="ACE knows no such site, or refuses a parameter",
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
