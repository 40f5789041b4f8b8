"""Has stored days compared with ACE, and stored as new revisions where rows differ. The worker never loses a row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from backfill.errors import EXIT_FAILED, CommandError
from backfill.operations.result import DayResult, Outcome, Rows, SiteDay, refuse_other_answers, run_each

if TYPE_CHECKING:
    from backfill.session import Session
    from checks.clients.worker.client import WorkerReply

REQUEST = "POST /replace"
ANSWERS = frozenset({200, 404, 409, 502})  # about the day
OUTCOMES = {
    "revised": Outcome.REVISED,
    "unchanged": Outcome.UNCHANGED,
}
BUSY = "another run works on it, or its re-check is due. Try it again later"
MAX_CONCURRENT = 4  # days that are rewritten at a time, without ACE
COUNTS = ("before", "after", "added", "changed", "kept")


def replace_days(
    session: Session, site: str, days: Sequence[date], *, from_stored: bool, dry_run: bool
) -> Iterator[DayResult]:
    """Yield the result of each day, one after the other. A dry run tells the changes of a replacement."""

    def replace_day(place: SiteDay) -> DayResult:
        reply = session.worker.replace_day(*place, from_stored=from_stored, dry_run=dry_run)
        refuse_other_answers(session, reply, REQUEST, ANSWERS)
        return _read_result(session, reply, *place)

    at_once = MAX_CONCURRENT if from_stored else 1  # so that ACE has no other load than the declared one and this
    return run_each([(site, day) for day in days], replace_day, at_once=at_once)


def _read_result(session: Session, reply: WorkerReply, site: str, day: date) -> DayResult:
    if reply.code == "busy":
        return DayResult(site=site, day=day, outcome=Outcome.BUSY, message=BUSY)
    if reply.code:
        message = session.redactor.redact_line(reply.error.message)
        return DayResult(site=site, day=day, outcome=Outcome.FAILED, code=reply.code, message=message)
    outcome, revision = OUTCOMES.get(str(reply.body.get("status"))), reply.body.get("revision")
    rows = _read_rows(reply.body.get("rows"))
    if outcome is None or rows is None:
        found = session.redactor.redact_line(reply.shown)
        raise CommandError(f"{REQUEST}: expected the rows of {site} {day}, found {found}", EXIT_FAILED)
    return DayResult(
        site=site, day=day, outcome=outcome, revision=revision if type(revision) is int else None, rows=rows
    )


def _read_rows(found: object) -> Rows | None:
    if not isinstance(found, Mapping) or not all(type(found.get(name)) is int for name in COUNTS):
        return None
    return Rows(**{name: found[name] for name in COUNTS})
