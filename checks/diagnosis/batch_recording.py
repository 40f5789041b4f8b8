"""Records the worker's live logs while the check ``trigger`` runs a batch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import ExitStack

from checks.check import Batch, Context
from checks.clients.tail.recording import STEP_SECONDS, Recorder, Recording
from checks.model.credentials import Credential
from checks.model.finding import Cause, Inconclusive

ACE_LINE = "[ACE API] Success"
STORED_LINES = ("[Backfill] Data written to R2", "[Backfill] Another run wrote the day first")
OPEN_SECONDS = 10.0  # to open the tail
OPEN_SHARE = 4  # a quarter of the time that is left at most
PROBES = 5  # requests for the tail to show before the batch starts: a new tail may not yet show any
MAX_ATTEMPTS = 3 * PROBES  # a request that is not answered shows nothing in any tail
PROBE_SECONDS = 1.0  # for one of them
SETTLE_SECONDS = 10.0  # after the batch, for its log to arrive
RESERVED_SECONDS = 1.5  # of the deadline, to close the tail and report


@contextlib.contextmanager
def record_batch(context: Context) -> Iterator[None]:
    """Record the live logs meanwhile, if the check ``logs`` is selected and the credential for it is at hand.

    The recording, or the finding that says why there is none, is left in ``context.batch``. Raises nothing of its own.
    """
    if "logs" not in context.selected or context.credentials.is_missing(Credential.CLOUDFLARE):
        yield
        return
    with ExitStack() as stack:
        recorder = _start(context, stack)
        try:
            yield
        finally:
            if recorder is not None:
                _finish(context, recorder)


def find_missing_lines(batch: Batch, recording: Recording) -> str:
    """Return which log lines are missing by the worker's own report of its batch, or an empty text."""
    progress = batch.progress
    if progress is None:
        return ""
    if progress.samples_fetched and not recording.count_lines(ACE_LINE):
        return f"{progress.samples_fetched:,} samples fetched, but no log line {ACE_LINE}"
    if progress.samples_written and not recording.count_lines(STORED_LINES):
        return f"{progress.samples_written:,} samples written, but no log line {STORED_LINES[0]}"
    return ""


def _start(context: Context, stack: ExitStack) -> Recorder | None:
    """Open the tail, request the worker's health until the tail shows a request, and start to record."""
    deadline = context.deadline.shorten(min(OPEN_SECONDS, context.deadline.left() / OPEN_SHARE))
    try:
        tail = stack.enter_context(context.open_tail(deadline))
        recorder = Recorder(tail=tail, left=context.deadline.left)
        answered = 0
        for _ in range(MAX_ATTEMPTS):
            if recorder.recording.invocations or answered == PROBES or not deadline.left():
                break
            with contextlib.suppress(Inconclusive):  # the next request may succeed
                context.worker.fetch_health()
                answered += 1
            recorder.recording.take(tail, PROBE_SECONDS)
    except Inconclusive as error:
        context.batch.recording_problem = error.finding
        return None
    context.batch.recording = recorder.recording
    recorder.start()
    return recorder


def _finish(context: Context, recorder: Recorder) -> None:
    """Stop to record once the log of the batch is complete, or SETTLE_SECONDS have passed."""
    batch, recording = context.batch, recorder.recording
    try:
        recorder.stop()
        reached = batch.requested and (batch.obstacle is None or batch.obstacle.cause is not Cause.ACCESS)
        for _ in range(int(SETTLE_SECONDS / STEP_SECONDS) if reached else 0):
            complete = recording.batches and not find_missing_lines(batch, recording)
            if complete or context.deadline.left() <= RESERVED_SECONDS:
                return
            recording.take(recorder.tail, STEP_SECONDS)
    except Inconclusive as error:
        batch.recording_problem = error.finding
