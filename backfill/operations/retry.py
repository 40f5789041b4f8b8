"""Has days copied now. The worker deletes the failure of a day that it has stored, and this command deletes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from backfill.operations.result import DayResult, Outcome, refuse_other_answers, run_each

if TYPE_CHECKING:
    from backfill.operations.result import SiteDay
    from backfill.session import Session
    from checks.clients.worker.client import WorkerReply

REQUEST = "POST /trigger"
ANSWERS = frozenset({200, 502})  # about the day
UNFINISHED = "it does not fit one request of 20 s. The queue copies it"


def copy_days(session: Session, days: Sequence[SiteDay]) -> Iterator[DayResult]:
    """Yield the result of each day, one after the other."""
    return run_each(days, lambda place: _copy_day(session, place))


def _copy_day(session: Session, place: SiteDay) -> DayResult:
    reply = session.worker.copy_day(*place)
    refuse_other_answers(session, reply, REQUEST, ANSWERS)
    return _read_result(session, reply, place)


def _read_result(session: Session, reply: WorkerReply, place: SiteDay) -> DayResult:
    site, day = place
    failed = reply.body.get("failed")
    for item in failed if isinstance(failed, list) else []:
        if isinstance(item, dict) and (item.get("site"), item.get("day")) == (site, f"{day}"):
            return _describe_failure(session, place, str(item.get("code")), str(item.get("message") or ""))
    if reply.body.get("busy"):
        return DayResult(site=site, day=day, outcome=Outcome.BUSY, message="another run copies it")
    if reply.code:
        return _describe_failure(session, place, reply.code, reply.error.message)
    if reply.body.get("unfinished"):
        return DayResult(site=site, day=day, outcome=Outcome.UNFINISHED, message=UNFINISHED)
    return DayResult(site=site, day=day, outcome=Outcome.STORED)


def _describe_failure(session: Session, place: SiteDay, code: str, message: str) -> DayResult:
    text = session.redactor.redact_line(message)
    return DayResult(site=place[0], day=place[1], outcome=Outcome.FAILED, code=code, message=text)
