"""A random healthy system for the soak, made from a seed, and the changes to it that several faults share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from checks.catalog import proof
from checks.diagnosis.stored_objects.empty_days import MAX_PROBES
from checks.stored_days.selection import select_sample
from contract.schedule import SiteDay
from tests.fakes import days, manifest, run_log
from tests.fakes.calendar import Calendar
from tests.fakes.clock import Clock
from tests.fakes.cloudflare import Script
from tests.fakes.manifest import OWNER, manifest_data
from tests.fakes.network import Network
from tests.fakes.past import Past
from tests.fakes.queues import declare_queues
from tests.fakes.system import System
from tests.fakes.tail import Tail

R2_DAYS = 8  # the check r2 reads at least every day that a sample of this size has
OTHER_TAG = f"{OWNER}:000000000000:33333333"  # of the same stack, with other settings


class RandomSystem(System):
    """A system with random days, past, network and related workers.

    Its worker is new (uploaded two minutes ago), in the middle of a first backfill, or has copied each day in time.
    ``at_noon`` makes it one whose days have no declared end, at noon. ``is_new`` makes its worker new.
    """

    def __init__(self, seed: int, *, at_noon: bool = False, is_new: bool = False) -> None:
        source = random.Random(seed)  # noqa: S311 - no secret depends on it
        self.seed, self.random = seed, source
        drawn = Calendar.draw(source)
        calendar = drawn.at_noon() if at_noon else drawn
        due = calendar.due(0.0)
        ahead = (days.date_of(len(due) + more) for more in range(2))
        rows = {day: days.random_rows(seed, day) for day in (*due, *ahead)}
        last = None if calendar.end is None else days.date_of(calendar.end)
        clock = Clock()
        super().__init__(
            manifest_data(first=days.date_of(0), last=last),
            calendar,
            rows,
            key=f"fake-ace-key-{source.getrandbits(64):016x}",
            network=Network(clock, seed, source),
            clock=clock,
            tail=Tail(source),
        )
        self.date = calendar.begins
        self.past = _draw_past(source, calendar)
        is_old = self.past is not None and not is_new
        uploaded = self.past.uploaded if self.past and is_old else calendar.begins - timedelta(minutes=2)
        _upload_history(self.script, source, uploaded)
        self.worker.older = self.script.served()
        if not is_old:
            self._store_some(due[: source.randint(0, len(due))])
        self.script.upload(manifest.TAG, created_on=_format(uploaded))
        self.script.deployed = self.script.deployed | {"created_on": _format(uploaded)}
        if is_old:
            self.relive()
        else:
            self._log_runs(uploaded)
        self.worker.stale_until = source.choice((0.0, 0.0, 12.0 * source.random())) if not is_old else 0.0
        sizes = random.Random(source.getrandbits(48))  # noqa: S311 - no secret depends on it
        self.worker.batch_size = lambda: sizes.randint(1, 3)
        declare_queues(self)
        self.declare(query=source.random() < 0.5, etl=source.random() < 0.5)

    def relive(self, **changes: Any) -> None:
        """Replace the stored days and the run log by those of the past with changes (see Past).

        A new worker gets a past of one to twelve days.
        """
        begins = self.calendar.begins
        past = self.past or Past(uploaded=begins - timedelta(days=self.random.uniform(1, 12)))
        self.past = past = replace(past, **changes)
        self.script.versions[0]["metadata"]["created_on"] = _format(past.uploaded)
        self.script.deployed = self.script.deployed | {"created_on": _format(past.uploaded)}
        self.worker.stale_until = 0.0
        objects, runs = past.live(self.calendar, self.copy, self.script.served()["id"])
        self.objects.clear()
        self.objects.update(objects)
        run_log.write_runs(self.objects, runs)

    def _store_some(self, stored: list[str]) -> None:
        """Store days, one in each run of the cron, by the live version."""
        for number, day in enumerate(stored):
            self.objects[days.key_of(day)] = replace(self.copy(day), uploaded=self._store_time(len(stored) - number))

    def _log_runs(self, uploaded: datetime) -> None:
        """Log the last runs of the cron: each with the version that was live."""
        left = sum(days.key_of(day) not in self.objects for day in self.worker.due())
        runs = run_log.cron_runs(manifest.CRON, self.calendar.begins, **run_log.count_days(left))
        for run in runs:
            is_new = datetime.fromisoformat(run["started_at"]) >= uploaded
            run["worker_version"] = (self.script.served() if is_new else self.worker.older)["id"]
        run_log.write_runs(self.objects, runs)

    def declare(self, *, query: bool = False, etl: bool = False) -> None:
        """Declare related workers in addition."""
        related = self.manifest["siblings"]
        related["query_url"] = manifest.QUERY if query else related["query_url"]
        related["etl_worker"] = manifest.ETL if etl else related["etl_worker"]

    def copy(self, day: str, change: Callable[[list[days.Row]], list[days.Row]] = lambda rows: rows) -> days.Stored:
        """Return a day as the worker stores it, with changed rows of ACE."""
        lines, version = [days.to_line(row) for row in change(self.ace.days[day])], self.script.served()["id"]
        store = days.stored if (self.seed + int(day[-2:])) % 3 == 0 else days.stored_in_members
        return store(day, lines, uploaded=self._store_time(1), worker_version=version)

    def _store_time(self, number: int) -> datetime:
        """Return the time at which the cron stored the last day but so many: one day in a run, every five minutes."""
        return self.calendar.begins - timedelta(minutes=5 * number - 1)

    def remove_first_day(self) -> None:
        """Let a day be missing that no run has stored, so that a batch copies one: the first, which has samples."""
        self.objects.pop(days.key_of(days.date_of(0)), None)
        run_log.leave_a_day_missing(self.objects)

    def store_first_day(self, change: Callable[[list[days.Row]], list[days.Row]] | None = None) -> None:
        """Store the first day, which is always decoded, with changed rows or, without ``change``, where it is missing."""
        day = days.date_of(0)
        key = days.key_of(day)
        if change is not None:
            self.objects[key] = self.copy(day, change)
        elif key not in self.objects:
            self.objects[key] = self.copy(day)

    def store_all(self, change: Callable[[list[days.Row]], list[days.Row]]) -> None:
        """Store every day that is over, with changed rows."""
        for day in self.worker.due():
            self.objects[days.key_of(day)] = self.copy(day, change)

    def find_read_day(self) -> str:
        """Store each due day, and return one with samples that every check reads today, the first day without one."""
        self.store_all(lambda rows: rows)
        due = self.worker.due()
        filled = [day for day in due if self.ace.days[day]]
        empty = [day for day in due if not self.ace.days[day]]
        for day in filled:
            groups = ((due, R2_DAYS), (filled, proof.DAYS), ([*empty, day], MAX_PROBES))
            if all(_is_read(day, group, self.calendar.begins, size) for group, size in groups):
                return day
        return days.date_of(0)

    def rewrite_read_day(self, change: Callable[[list[days.Row]], list[days.Row]]) -> None:
        """Store a day that the checks read today from changed rows of ACE."""
        day = self.find_read_day()
        self.objects[days.key_of(day)] = self.copy(day, change)

    def damage_read_day(self, **changes: Callable[[days.Stored], Any]) -> None:
        """Change the object of a day that the checks read today."""
        day = self.find_read_day()
        key = days.key_of(day)
        if day not in self.worker.due():
            self.store_first_day()
        good = self.objects[key]
        self.objects[key] = replace(good, **{name: change(good) for name, change in changes.items()})


def _is_read(day: str, group: list[str], now: datetime, size: int) -> bool:
    places = [SiteDay(manifest.SITE, date.fromisoformat(each)) for each in group]
    sample = select_sample([manifest.SITE], places, now, size=size)
    return SiteDay(manifest.SITE, date.fromisoformat(day)) in sample.places


def _draw_past(source: random.Random, calendar: Calendar) -> Past | None:
    """Return a past without a standstill, None for a new worker: a first backfill, or weeks in which all went well."""
    count, kind = len(calendar.due(0.0)), source.choice(("new", "first backfill", "weeks", "weeks"))
    if kind == "new":
        return None
    if kind == "weeks":
        return Past(uploaded=calendar.begins - timedelta(days=source.uniform(2, 45)))
    pace = timedelta(minutes=source.uniform(0.5, 9.5))  # of large days
    return Past(uploaded=calendar.begins - source.randint(0, count) * pace - timedelta(minutes=1), pace=pace)


def _format(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _upload_history(script: Script, source: random.Random, until: datetime) -> None:
    """Upload versions with other settings, and change secrets outside Pulumi, on the days before a time.

    The last one has other settings.
    """
    script.version_id = lambda number: f"{number:08x}-0000-4000-8000-000000000000"
    changes = [source.choice(((OTHER_TAG, "upload"), ("", "secret"))) for _ in range(source.randint(0, 12))]
    made = [*changes, (OTHER_TAG, "upload")]
    for number, (tag, triggered_by) in enumerate(made):
        script.upload(tag, triggered_by, created_on=_format(until - timedelta(days=len(made) - number)))
