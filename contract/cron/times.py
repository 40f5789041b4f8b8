"""The times at which crons fire, in Cloudflare's dialect (``dialect.py``), always in UTC.

A day matches if its day of month or its day of week matches, where both are restricted. A field that is ``*`` is not
restricted. ``L`` as day of week is Saturday. Source: Cloudflare's open-source parser, saffron. It lets a range that
wraps begin one value earlier, which this module does not copy. A cron can so fire more often than computed here.
"""

from __future__ import annotations

import calendar
import heapq
import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from contract.cron.dialect import FIELDS, CronField, find_broken_field
from contract.schedule import DAY

MAX_DAYS = 8 * 366  # between two 29ths of February there are at most eight years
AROUND = timedelta(days=7)  # the past that ``find_period`` looks at
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6  # as ``date.weekday`` counts


@dataclass(frozen=True, slots=True, kw_only=True)
class CronTimes:
    """One cron: its minutes, hours and months, and its two fields of days as texts."""

    minutes: frozenset[int]
    hours: frozenset[int]
    months: frozenset[int]
    day_of_month: str
    day_of_week: str

    @classmethod
    def parse(cls, cron: str) -> CronTimes:
        """Read a cron. Raises ValueError for one that Cloudflare refuses."""
        broken = find_broken_field(cron)
        if broken is not None:
            raise ValueError(f"not a cron of Cloudflare's: {broken}")
        texts = dict(zip((field.name for field in FIELDS), cron.upper().split(" "), strict=True))
        values = {field.name: _list_values(field, texts[field.name]) for field in FIELDS if not field.single}
        return cls(
            minutes=values["minute"],
            hours=values["hour"],
            months=values["month"],
            day_of_month=texts["day of month"],
            day_of_week=texts["day of week"],
        )

    def iterate_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times after a moment, oldest first. Ends after eight years, because some crons never fire."""
        moment = moment.astimezone(UTC)
        times = [time(hour, minute, tzinfo=UTC) for hour in sorted(self.hours) for minute in sorted(self.minutes)]
        for number in range(MAX_DAYS):
            day = moment.date() + number * DAY
            if self.fires_on(day):
                fires = (datetime.combine(day, each) for each in times)
                yield from (each for each in fires if number > 0 or each > moment)

    def fires_on(self, day: date) -> bool:
        """Return whether the cron fires on a day."""
        if day.month not in self.months:
            return False
        restricted = [text != "*" for text in (self.day_of_month, self.day_of_week)]
        in_month = restricted[0] and _matches_day_of_month(self.day_of_month, day)
        in_week = restricted[1] and _matches_day_of_week(self.day_of_week, day)
        return not any(restricted) or in_month or in_week


def list_fires(crons: Collection[str], after: datetime, count: int) -> list[datetime]:
    """Return the next times at which any of the crons fires. They are fewer where no cron fires so often."""
    every = heapq.merge(*(CronTimes.parse(cron).iterate_after(after) for cron in crons))
    return list(itertools.islice((moment for moment, _ in itertools.groupby(every)), count))


def find_period(crons: Collection[str], now: datetime) -> timedelta | None:
    """Return the longest gap between two fires, from one week ago to the second next fire. None: they do not fire."""
    every = heapq.merge(*(CronTimes.parse(cron).iterate_after(now - AROUND) for cron in crons))
    fires: list[datetime] = []
    for moment, _ in itertools.groupby(every):
        fires.append(moment)
        if len(fires) > 1 and fires[-2] > now:
            break
    return max((later - earlier for earlier, later in itertools.pairwise(fires)), default=None)


def _list_values(field: CronField, text: str) -> frozenset[int]:
    """Return the values of a field that is a list of values, ranges and steps. A range may wrap."""
    found: set[int] = set()
    for item in text.split(","):
        span, slash, step = item.partition("/")
        start, dash, end = span.partition("-")
        first = _read_value(field, start) if start != "*" else field.low
        last = _read_value(field, end) if dash else field.high if slash or start == "*" else first
        wrapped = [*range(first, field.high + 1), *range(field.low, last + 1)]
        values = list(range(first, last + 1)) if first <= last else wrapped
        found.update(values[:: int(step) if slash else 1])
    return frozenset(found)


def _read_value(field: CronField, text: str) -> int:
    return int(text) if text.isdecimal() else field.names.index(text) + field.low


def _matches_day_of_month(text: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if "L" not in text and "W" not in text:
        return day.day in _list_values(FIELDS[2], text)
    if text == "LW":
        end = day.replace(day=last)
        return day == end - max(0, end.weekday() - _FRIDAY) * DAY
    number = text.removesuffix("W")
    wanted = last - int(number[2:] or 0) if number.startswith("L") else int(number)
    if not 1 <= wanted <= last:
        return False
    exact = day.replace(day=wanted)
    return day == (_find_weekday(exact, last) if text.endswith("W") else exact)


def _find_weekday(day: date, last: int) -> date:
    """Return the weekday nearest to a day, in the same month."""
    if day.weekday() == _SATURDAY:
        return day + 2 * DAY if day.day == 1 else day - DAY
    if day.weekday() == _SUNDAY:
        return day - 2 * DAY if day.day == last else day + DAY
    return day


def _matches_day_of_week(text: str, day: date) -> bool:
    field, weekday = FIELDS[4], (day.weekday() + 1) % 7 + 1  # Sunday is 1
    if text == "L":
        return day.weekday() == _SATURDAY
    name, nth, number = text.partition("#")
    if nth:
        return weekday == _read_value(field, name) and (day.day - 1) // 7 + 1 == int(number)
    if text.endswith("L"):
        last = calendar.monthrange(day.year, day.month)[1]
        return weekday == _read_value(field, text.removesuffix("L")) and day.day + 7 > last
    return weekday in _list_values(field, text)
