"""The result of an operation on a day, and the reading of the worker's answer to it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from backfill.errors import EXIT_FAILED, CommandError
from checks.model.background import run_in_background
from checks.model.finding import count

if TYPE_CHECKING:
    from backfill.session import Session
    from checks.clients.worker.client import WorkerReply

EVERYWHERE = frozenset({"not_configured", "upstream_auth"})  # no other day would succeed
OUTAGE = "upstream_unavailable"
REFUSAL = "upstream_rejected"  # of a site
MAX_OUTAGES = 3  # days in a row, of a site for a refusal


SiteDay = tuple[str, date]


class Outcome(enum.StrEnum):
    """The outcome of an operation on a day. The values are those of the worker's answers, where it has one."""

    STORED = "stored"
    REVISED = "revised"
    UNCHANGED = "unchanged"
    UNFINISHED = "unfinished"
    BUSY = "busy"
    FAILED = "failed"
    NOT_TRIED = "not_tried"


DONE = frozenset({Outcome.STORED, Outcome.REVISED, Outcome.UNCHANGED})
WOULD = {Outcome.REVISED: "would change"}  # in a dry run


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows of a day before and after: added, changed in value, and kept because only R2 has them."""

    before: int
    after: int
    added: int
    changed: int
    kept: int

    @property
    def is_same(self) -> bool:
        """Return whether ACE has no other row than the stored ones."""
        return not self.added and not self.changed

    @property
    def shown(self) -> str:
        """Return the rows for a message."""
        numbers = f"{self.added:,} added, {self.changed:,} changed, {self.kept:,} kept"
        return f"{self.before:,} -> {count(self.after, 'row')}: {numbers}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DayResult:
    """The result for one day. ``code`` and ``message`` are the worker's, empty without an error."""

    site: str
    day: date
    outcome: Outcome
    code: str = ""
    message: str = ""
    revision: int | None = None
    rows: Rows | None = None

    @property
    def is_done(self) -> bool:
        """Return whether the day is as it was asked for."""
        return self.outcome in DONE

    def describe(self, *, dry_run: bool = False) -> str:
        """Return one line for a person."""
        word = WOULD.get(self.outcome, self.outcome.value) if dry_run else self.outcome.value
        revision = f"revision {self.revision}" if self.revision and self.outcome is Outcome.REVISED else ""
        rows = "" if self.rows is None else self._describe_rows(self.rows)
        details = [text for text in (self.code, self.message, rows, revision) if text]
        return f"{self.site} {self.day}  {word.replace('_', ' '):<12}  {', '.join(details)}".rstrip()

    def _describe_rows(self, rows: Rows) -> str:
        if not rows.is_same or rows.kept:
            return rows.shown
        return "the format alone" if self.outcome is Outcome.REVISED else count(rows.after, "row")

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON-ready data."""
        rows = self.rows
        numbers = ("before", "after", "added", "changed", "kept")
        return {
            "site": self.site,
            "day": f"{self.day}",
            "outcome": self.outcome.value,
            "code": self.code or None,
            "message": self.message or None,
            "revision": self.revision,
            "rows": None if rows is None else {name: getattr(rows, name) for name in numbers},
        }


def is_hopeless(results: Sequence[DayResult]) -> bool:
    """Return whether no further day is to be tried: the key is refused, or ACE was not there for several days."""
    last = [result.code for result in results[-MAX_OUTAGES:]]
    return bool(last) and (last[-1] in EVERYWHERE or last == [OUTAGE] * MAX_OUTAGES)


def _is_refused(results: Sequence[DayResult], site: str) -> bool:
    """Return whether no further day of a site is to be tried, because ACE refuses the site."""
    return [result.code for result in results if result.site == site][-MAX_OUTAGES:] == [REFUSAL] * MAX_OUTAGES


def run_each(days: Sequence[SiteDay], run: Callable[[SiteDay], DayResult], *, at_once: int = 1) -> Iterator[DayResult]:
    """Yield the result of each day in their order, with so many days in work. No day is tried once that is hopeless."""
    results: list[DayResult] = []
    for start in range(0, len(days), at_once):
        some = days[start : start + at_once]
        if is_hopeless(results) or all(_is_refused(results, site) for site, _ in some):
            yield from (DayResult(site=site, day=day, outcome=Outcome.NOT_TRIED) for site, day in some)
            continue
        waiting = [run_in_background(partial(run, place), number) for number, place in enumerate(some, 1)]
        for wait in waiting:
            results.append(wait())
            yield results[-1]


def summarize(results: Sequence[DayResult], *, dry_run: bool = False) -> str:
    """Return the number of days of each outcome, and of their rows."""
    words = [result.outcome.value for result in results]
    names = {outcome: WOULD.get(outcome, outcome.value) if dry_run else outcome.value for outcome in Outcome}
    counts = [
        f"{words.count(outcome.value):,} {name.replace('_', ' ')}"
        for outcome, name in names.items()
        if outcome.value in words
    ]
    rows = [result.rows for result in results if result.rows is not None and result.outcome is Outcome.REVISED]
    numbers = f"rows: {sum(row.added for row in rows):,} added, {sum(row.changed for row in rows):,} changed"
    kept = f"{sum(row.kept for row in rows):,} kept that only R2 has"
    return f"{count(len(results), 'day')}: {', '.join(counts)}" + (f". {numbers}, {kept}" if rows else "")


def refuse_other_answers(session: Session, reply: WorkerReply, request: str, expected: frozenset[int]) -> None:
    """Return nothing for an answer about the day itself. Raises CommandError for any other answer, in one line."""
    if reply.own and reply.status in expected and reply.code not in ("not_found", "method_not_allowed"):
        return
    found = session.redactor.redact_line(reply.shown)
    key, deploy = session.name_checks("run", "key"), f"pulumi up --stack {session.manifest.stack}"
    if reply.status in (404, 405):
        text = f"{request}: the worker has no such route ({found}). It is older than this command. Next: {deploy}"
    elif reply.status == 401:
        text = f"{request}: the worker refuses the operator token of {session.token_source}. Next: {key}"
    else:
        text = f"{request}: {found}. Next: {session.name_checks('run', 'health', 'key')}"
    raise CommandError(text, EXIT_FAILED)
