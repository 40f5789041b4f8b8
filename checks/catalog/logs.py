"""The live logs of the batch that ``trigger`` ran show that ACE and R2 worked."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from checks.check import Batch, Check, Context, KnownCause
from checks.clients.http.leaks import describe_leak
from checks.clients.tail.recording import CANCELED, Recording
from checks.clients.tail.trace import BATCH, Invocation
from checks.diagnosis.batch_recording import ACE_LINE, SETTLE_SECONDS, STORED_LINES, find_missing_lines
from checks.diagnosis.error_codes import diagnose_error_code
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, describe
from checks.model.hint import Hint

MAX_PLACES = 3  # of a secret in one kind of log
LIMITS = {"exceededCpu": "its CPU time is up", "exceededMemory": "its memory is full"}


def logs(context: Context) -> Iterator[Evidence | Finding]:
    """Judge the log that the check ``trigger`` recorded."""
    batch = context.batch
    if batch.recording_problem is not None:
        raise Inconclusive(batch.recording_problem)
    recording = Recording() if batch.recording is None else batch.recording
    leaks = _find_leaks(recording.invocations)
    problems = list(dict.fromkeys([*leaks, *_find_problems(context, recording.invocations)]))
    yield from problems
    if not recording.batches:
        if batch.obstacle is not None:
            raise Inconclusive(batch.obstacle)
        missing = (
            _describe_missing_log("no message about it arrived", recording.lost)
            if batch.requested
            else _describe_no_batch()
        )
        raise Inconclusive(missing)
    missing_lines = find_missing_lines(batch, recording)
    if missing_lines and recording.lost:
        raise Inconclusive(_describe_missing_log(missing_lines, recording.lost))
    if missing_lines and not problems:
        raise Failed(
            describe(f"log of {BATCH}", "the worker's own lines", missing_lines, Cause.WORKER, Hint.show_logs())
        )
    if not problems and not missing_lines:
        yield from _collect_evidence(batch, recording)


def _find_leaks(invocations: Collection[Invocation]) -> Iterator[Finding]:
    """Yield one finding for each kind of invocation and secret, with the first places."""
    places: dict[tuple[str, str], list[str]] = {}
    for item in invocations:
        for place, name in item.leaks:
            places.setdefault((item.event, name), []).append(place)
    for (event, name), found in places.items():
        first = ", ".join(dict.fromkeys(found[:MAX_PLACES]))
        yield describe_leak(f"log of {event}", name, found=f" in {first}")


def _find_problems(context: Context, invocations: Collection[Invocation]) -> Iterator[Finding]:
    """Yield one finding for each failure in the log: of the key, of ACE or of the worker."""
    reported: set[str] = set()
    day = context.batch.day
    for item in invocations:
        for line in item.lines:
            if line.refusal:
                diagnosis = diagnose_error_code(context, "upstream_auth", day)
                found = diagnosis.explain(f"{line.text} {line.refusal}")
                expected = "no 401, 403 or 500 of ACE"
                yield describe(f"log of {item.event}", expected, found, diagnosis.cause, diagnosis.hint)
            elif line.code and line.code not in reported and _is_final(item, line.code):
                reported.add(line.code)
                diagnosis = diagnose_error_code(context, line.code, day, line.text)
                found = diagnosis.explain(f"{line.text} ({line.code})")
                yield describe(f"log of {item.event}", "no failure", found, diagnosis.cause, diagnosis.hint)
        if not any(_is_final(item, line.code) for line in item.lines if line.code):
            yield from _judge_end(item)


def _is_final(item: Invocation, code: str) -> bool:
    """Return whether a retry did not cure a failure. A refusal of the key or site counts at once."""
    if code in ("upstream_auth", "upstream_rejected"):
        return True
    return any(line.code == code and line.text.startswith("[Backfill]") for line in item.lines)


def _judge_end(item: Invocation) -> Iterator[Finding]:
    """Yield a finding for an invocation that ended badly. An exception counts, even if the outcome is ``ok``."""
    subject = f"end of {item.event}"
    if item.exceptions:
        yield describe(subject, "no exception", item.exceptions[0], Cause.WORKER, Hint.show_logs())
    elif item.is_batch and item.outcome in LIMITS:
        found = f"{item.outcome}: {LIMITS[item.outcome]} (a page needs about 30 ms of CPU, so Workers Paid)"
        yield describe(subject, "ok", found, Cause.CONFIGURATION, Hint.set_setting("pageSize", "1000"))
    elif item.is_batch and item.outcome not in ("ok", CANCELED):  # a network fault, which is retried
        yield describe(subject, "ok", item.outcome, Cause.WORKER, Hint.show_logs())


def _collect_evidence(batch: Batch, recording: Recording) -> Iterator[Evidence]:
    pages, days = recording.count_lines(ACE_LINE), recording.count_lines(STORED_LINES)
    if pages or days:
        yield Evidence(f"{BATCH} logged pages of ACE: {pages}, and days written to R2: {days}")
    elif batch.progress is not None:
        yield Evidence(f"{BATCH} had no day to fetch, so its log shows neither ACE nor R2")
    else:
        raise Inconclusive(_describe_missing_log("its log does not mention ACE, and its answer has no progress", ""))
    yield Evidence("it logged no refusal by ACE, no failure and no exception")


def _describe_no_batch() -> Finding:
    found, hint = "no batch ran (see the check trigger)", Hint.rerun("trigger")
    return describe(f"log of {BATCH}", "the log of a batch", found, Cause.WORKER, hint)


def _describe_missing_log(found: str, lost: str) -> Finding:
    expected = f"the log of {BATCH}, within {SETTLE_SECONDS:g} s of its end"
    return describe("the tail", expected, f"{found}; {lost}" if lost else found, Cause.CLOUDFLARE, Hint.rerun("logs"))


CHECK = Check(
    run=logs,
    proves="the live logs of a batch show reads from ACE and writes to R2, and no refusal and no exception",
    runbook="step 6",
    step=6,
    causes=(
        KnownCause(
            what="ACE refuses the key or the site (401, 403, or its 500 for a bad key)",
            fix="pulumi config set --secret aceApiKey --stack NAME, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="the worker's request is wrong, because ACE serves the same request of this check",
            fix="correct the worker",
        ),
        KnownCause(
            what="the log contains a secret",
            fix="correct the worker, then pulumi config set --secret aceApiKey with a new key, then pulumi up",
        ),
        KnownCause(what="ACE or the bucket fails (upstream_unavailable, storage)", fix="see the check trigger"),
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
    after=("trigger",),
    includes=("trigger",),
    wants=(Credential.OPERATOR, Credential.CLOUDFLARE),
    tags=frozenset({"edge", "api"}),
    does_not_apply=lambda context: (
        None if "trigger" in context.selected else "trigger is not selected, so there is no batch"
    ),
)
