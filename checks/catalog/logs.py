"""While the check ``trigger`` has a batch run, the live logs show that ACE and R2 took it well."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.clients.tail.trace import Invocation, is_overload
from checks.diagnosis import error_codes
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding, Inconclusive

if TYPE_CHECKING:
    from checks.clients.tail.client import Tail

BATCH = "POST /trigger"
ACE, STORED = "[ACE API] Success", ("[Backfill] Data written to R2", "[Backfill] Another run wrote the day first")
PROBES = 5  # requests for the tail to show before the batch begins: a tail just opened may not yet see any
STEP = 0.5  # seconds to wait for one message
SETTLE = 10.0  # seconds after the batch in which its item must have come
KEPT = 1.5  # seconds of the deadline in which the tail is closed, and the verdict told
MOST = 500  # invocations that are kept, besides those with lines of ours
CANCELED = "canceled"  # the outcome of a request whose client went away
MEAGRE = {"exceededCpu": "its CPU time is up", "exceededMemory": "its memory is full"}


@dataclass(slots=True, kw_only=True)
class _Seen:
    """What the tail showed, and why that may not be all."""

    invocations: list[Invocation] = field(default_factory=list)
    lost: str = ""

    def take(self, tail: Tail, seconds: float) -> None:
        item = tail.item(seconds)
        if tail.gaps:
            self.lost = "the connection broke"
        if item is not None and is_overload(item):
            self.lost = "Cloudflare left items out: there were too many"
        elif item is not None:
            invocation = Invocation.read(item)
            if invocation.is_batch or invocation.lines or len(self.invocations) < MOST:
                self.invocations.append(invocation)
            if invocation.cut:
                self.lost = "Cloudflare cut its lines off: they were too long"
            if invocation.is_batch and invocation.outcome == CANCELED:
                self.lost = "a request broke off, and Cloudflare canceled what it ran"

    def lines(self, start: str | tuple[str, ...]) -> int:
        return sum(line.text.startswith(start) for item in self.invocations for line in item.lines)

    @property
    def batches(self) -> int:
        return sum(item.what == BATCH and item.outcome != CANCELED for item in self.invocations)


def logs(context: Context) -> Iterator[Evidence | Finding]:
    """Watch the worker while the batch runs, then judge what was seen."""
    seen = _Seen()
    try:
        with context.tailing() as tail:
            _probe(context, tail, seen)
            context.tandem.ready.set()
            _watch(context, tail, seen)
    finally:
        context.tandem.ready.set()  # whatever went wrong here, the batch need not wait for it
    problems = list(dict.fromkeys(_problems(context, seen.invocations)))
    yield from problems
    if not seen.batches:
        raise Inconclusive(
            _unseen(context, "no item of it came", seen.lost) if context.tandem.posted else _idle(context)
        )
    missing = _missing(context, seen)
    if missing and seen.lost:
        raise Inconclusive(_unseen(context, missing, seen.lost))
    if missing and not problems:
        yield _finding(f"log of {BATCH}", "the worker's own lines", missing, Cause.WORKER, context.tail())
    if not problems and not missing:
        yield from _evidence(context, seen)


def _probe(context: Context, tail: Tail, seen: _Seen) -> None:
    """Ask for the worker's health until the tail shows anything, so that it is known to see what comes."""
    for _ in range(PROBES):
        if seen.invocations or context.tandem.over.is_set():
            return
        with contextlib.suppress(Inconclusive):  # not this check's matter: the next one may get through
            context.worker.health()
        seen.take(tail, 2 * STEP)


def _watch(context: Context, tail: Tail, seen: _Seen) -> None:
    """Read until the batch is over and all is there that is expected of it, or time is up."""
    tandem, deadline = context.tandem, context.deadline
    while not tandem.over.is_set() and deadline.left() > KEPT:
        seen.take(tail, min(STEP, deadline.left()))
    for _ in range(int(SETTLE / STEP) if tandem.posted else 0):
        if deadline.left() <= KEPT or (seen.batches and not _missing(context, seen)):
            return
        seen.take(tail, min(STEP, deadline.left()))


def _missing(context: Context, seen: _Seen) -> str:
    """Return which lines should be there and are not, by what the worker's answer says that its batch did."""
    batch = context.tandem.batch
    if batch is None:
        return ""
    if batch.samples_fetched and not seen.lines(ACE):
        return f"{batch.samples_fetched:,} samples fetched, and no line {ACE}"
    if batch.samples_written and not seen.lines(STORED):
        return f"{batch.samples_written:,} samples written, and no line {STORED[0]}"
    return ""


def _problems(context: Context, invocations: Collection[Invocation]) -> Iterator[Finding]:
    """Yield what the logs hold against the key, ACE or the worker; one finding a reason, however often it is told."""
    told: set[str] = set()
    for item in invocations:
        for line in item.lines:
            if line.refusal:
                accused = error_codes.of(context, "upstream_auth", context.tandem.day)
                said = accused.shown(f"{line.text} {line.refusal}")
                yield _finding(f"log of {item.what}", "no 401, 403 or 500 of ACE", said, accused.cause, accused.hint)
            elif line.code and line.code not in told and _counts(item, line.code):
                told.add(line.code)
                accused = error_codes.of(context, line.code, context.tandem.day)
                said = accused.shown(f"{line.text} ({line.code})")
                yield _finding(f"log of {item.what}", "no failure", said, accused.cause, accused.hint)
        if not any(_counts(item, line.code) for line in item.lines if line.code):
            yield from _ending(context, item)


def _counts(item: Invocation, code: str) -> bool:
    """Return whether a failure lasted: what a further attempt cured is none, unless ACE refused key or site."""
    if code in ("upstream_auth", "upstream_rejected"):
        return True
    return any(line.code == code and line.text.startswith("[Backfill]") for line in item.lines)


def _ending(context: Context, item: Invocation) -> Iterator[Finding]:
    """Yield how an invocation ended, unless well; what it threw outranks its outcome, which may be ``ok`` then."""
    subject = f"end of {item.what}"
    if item.exceptions:
        yield _finding(subject, "no exception", item.exceptions[0], Cause.WORKER, context.tail())
    elif item.is_batch and item.outcome in MEAGRE:
        smaller = f"{context.pulumi('config set pageSize 1000')} && {context.pulumi('up')}"
        actual = f"{item.outcome}: {MEAGRE[item.outcome]} (a page needs about 30 ms of CPU, so Workers Paid)"
        yield _finding(subject, "ok", actual, Cause.CONFIGURATION, smaller)
    elif item.is_batch and item.outcome not in ("ok", CANCELED):  # the network's, and asked again
        yield _finding(subject, "ok", item.outcome, Cause.WORKER, context.tail())


def _evidence(context: Context, seen: _Seen) -> Iterator[Evidence]:
    batch, pages, days = context.tandem.batch, seen.lines(ACE), seen.lines(STORED)
    if pages or days:
        yield Evidence(f"{BATCH} logged pages of ACE: {pages}, and days written to R2: {days}")
    elif batch is not None:
        yield Evidence(f"{BATCH} had nothing left to fetch, so that its log shows neither ACE nor R2")
    else:
        raise Inconclusive(_unseen(context, "its log says nothing of ACE, and its answer is no help", ""))
    yield Evidence("no refusal by ACE, no failure and no exception was logged meanwhile")


def _idle(context: Context) -> Finding:
    again = context.again("trigger")
    return _finding(f"log of {BATCH}", "what a batch logs", "it never began: see trigger", Cause.WORKER, again)


def _unseen(context: Context, actual: str, lost: str) -> Finding:
    expected = f"what {BATCH} logged, within {SETTLE:g} s of its end"
    actual = f"{actual}; {lost}" if lost else actual
    return _finding("the tail", expected, actual, Cause.CLOUDFLARE, context.again("logs"))


def _finding(subject: str, expected: str, actual: str, cause: Cause, hint: str) -> Finding:
    return Finding(subject=subject, expected=expected, found=actual, cause=cause, hint=hint)


def _exempt(context: Context) -> str | None:
    return None if context.tandem.triggered else "trigger is left out: there is no batch to watch"


CHECK = Check(
    run=logs,
    proves="while a batch runs, the live logs show that ACE and R2 took it, and hold no refusal and no exception",
    runbook="step 6",
    step=6,
    causes=(
        KnownCause(
            what="ACE refuses the key or the site (401, 403, or its 500 for a bad key)",
            fix="pulumi config set --secret aceApiKey --stack NAME, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="ACE serves this check what it refuses the worker: its code asks wrongly", fix="correct the worker"
        ),
        KnownCause(what="ACE or the bucket fails (upstream_unavailable, storage)", fix="see what `trigger` says"),
        KnownCause(
            what="the account is on the free plan, or a page is too large (exceededCpu, exceededMemory)",
            fix="use Workers Paid, or pulumi config set pageSize 1000, then pulumi up",
        ),
        KnownCause(
            what="inconclusive: CLOUDFLARE_API_TOKEN may not tail, or ten tails are open",
            fix="give the token Workers Tail: Read, or end other tails (npx wrangler tail)",
        ),
    ),
    needs=("key", "health"),
    beside=("trigger",),
    wants=(Credential.OPERATOR, Credential.CLOUDFLARE),
    tags=frozenset({"edge", "api"}),
    exempt=_exempt,
)
