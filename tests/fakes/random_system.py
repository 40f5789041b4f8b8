"""A random healthy system for the soak, made from a seed, and the changes to it that several faults share."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from checks.catalog import proof
from checks.diagnosis.stored_objects.empty_days import MAX_PROBES
from checks.stored_days.selection import select_sample
from contract.manifest.sites import DeclaredSite
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
OTHER_SITES = ("ses_grain_mill", "ses_north", "ses_town_hall")
FIRST_DAY = (manifest.SITE, days.date_of(0))  # it has samples
OTHER_TAG = f"{OWNER}:000000000000:33333333"  # of the same stack, with other settings

Change = Callable[[list[days.Row]], list[days.Row]]


def _keep(rows: list[days.Row]) -> list[days.Row]:
    return rows


class RandomSystem(System):
    """A system with random sites, days, past, network and related workers.

    Its worker is new (uploaded two minutes ago), in the middle of a first backfill, or has copied each day in time.
    The first site has all days. Others begin later, or end earlier. ``at_noon`` makes it a system whose days have no
    declared end, at noon. ``is_new`` makes its worker new. ``many`` gives it two sites or more, and four days or more.
    """

    def __init__(self, seed: int, *, at_noon: bool = False, is_new: bool = False, many: bool = False) -> None:
        source = random.Random(seed)  # noqa: S311 - no secret depends on it
        self.seed, self.random = seed, source
        drawn = Calendar.draw(source, 4 if many else 1)
        calendar = drawn.at_noon() if at_noon else drawn
        sites = list(_draw_sites(source, calendar, many=many))
        clock = Clock()
        super().__init__(
            manifest_data(ranges=sites),
            calendar,
            {},
            key=f"fake-ace-key-{source.getrandbits(64):016x}",
            network=Network(clock, seed, source),
            clock=clock,
            tail=Tail(source),
        )
        for site in sites:
            self.worker.ranges[site.name] = site.start_date, site.end_date or "9999"
            self.ace.sites[site.name] = {
                day: days.random_rows(seed, day, site.name) for day in calendar.leading(2).due(0)
            }
        self.date = calendar.begins
        self.past = _draw_past(source, calendar)
        is_old = self.past is not None and not is_new
        uploaded = self.past.uploaded if self.past and is_old else calendar.begins - timedelta(minutes=2)
        _upload_history(self.script, source, uploaded)
        self.worker.older = self.script.served()
        if not is_old:
            due = self.list_due()
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

    def list_due(self) -> list[days.Place]:
        """Return the due days of all sites, the oldest first, the sites in turn."""
        return sorted(self.worker.list_due(), key=lambda place: place[1])

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
        objects, runs = past.live(self.list_due(), self.copy, self.script.served()["id"], begins)
        self.objects.clear()
        self.objects.update(objects)
        run_log.write_runs(self.objects, runs)

    def _store_some(self, stored: list[days.Place]) -> None:
        """Store days, one in each run of the cron, by the live version."""
        for number, place in enumerate(stored):
            self.store(place, uploaded=self._store_time(len(stored) - number))

    def _log_runs(self, uploaded: datetime) -> None:
        """Log the last runs of the cron: each with the version that was live."""
        left = sum(days.key_of(day, site) not in self.objects for site, day in self.list_due())
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

    def copy(self, place: days.Place, change: Change = _keep) -> days.Stored:
        """Return a day as the worker stores it, with changed rows of ACE. Two of three days have format 2."""
        site, day = place
        lines, version = [days.to_line(row) for row in change(self.ace.sites[site][day])], self.script.served()["id"]
        store = days.stored if (self.seed + int(day[-2:])) % 3 == 0 else days.stored_in_members
        return store(day, lines, uploaded=self._store_time(1), worker_version=version)

    def store(self, place: days.Place, change: Change = _keep, **attributes: Any) -> None:
        """Store a day with changed rows of ACE, and with changed attributes of its object."""
        self.objects[days.key_of(place[1], place[0])] = replace(self.copy(place, change), **attributes)

    def _store_time(self, number: int) -> datetime:
        """Return the time at which the cron stored the last day but so many: one day in a run, every five minutes."""
        return self.calendar.begins - timedelta(minutes=5 * number - 1)

    def remove_first_day(self, **counts: int) -> None:
        """Let a day be missing that no run has stored, so that a batch copies one: the first, which has samples.

        ``counts`` are those of each run. By default it sent a day to the queue.
        """
        self.objects.pop(days.key_of(days.date_of(0)), None)
        run_log.leave_a_day_missing(self.objects, **(counts or {"queued": 1}))

    def store_first_day(self, change: Change | None = None) -> None:
        """Store the first day of the first site with changed rows or, without ``change``, where it is missing."""
        if change is not None or days.key_of(days.date_of(0)) not in self.objects:
            self.store(FIRST_DAY, _keep if change is None else change)

    def store_all(self, change: Change = _keep, site: str | None = None) -> None:
        """Store every due day with changed rows. With ``site`` only the rows of that site are changed."""
        for place in self.list_due():
            self.store(place, change if site in (None, place[0]) else _keep)

    def choose_read_day(self) -> days.Place:
        """Store each due day, and return one with samples that every check reads today, the first day without one."""
        self.store_all()
        due = self.list_due()
        filled = [place for place in due if self.ace.sites[place[0]][place[1]]]
        empty = [place for place in due if place not in filled]
        read = [
            place
            for place in filled
            if all(
                self._is_read(place, group, size)
                for group, size in ((due, R2_DAYS), (filled, proof.DAYS), ([*empty, place], MAX_PROBES))
            )
        ]
        return self.random.choice(read) if read else FIRST_DAY

    def choose_read_days(self) -> list[days.Place]:
        """Store each due day, and return the days of all sites, or those of one site. The checks read one of them."""
        site, is_one = self.choose_read_day()[0], self.random.random() < 0.5
        return [place for place in self.list_due() if place[0] == site or not is_one]

    def _is_read(self, place: days.Place, group: list[days.Place], size: int) -> bool:
        names = [site["name"] for site in self.manifest["sites"]]
        places = [SiteDay(site, date.fromisoformat(day)) for site, day in group]
        sample = select_sample(names, places, self.calendar.begins, size=size)
        return SiteDay(place[0], date.fromisoformat(place[1])) in sample.places

    def rewrite_read_day(self, change: Change) -> None:
        """Store a day that the checks read today from changed rows of ACE."""
        self.store(self.choose_read_day(), change)

    def damage_read_day(self, **changes: Callable[[days.Stored], Any]) -> None:
        """Change the object of a day that the checks read today."""
        site, day = self.choose_read_day()
        good = self.objects[days.key_of(day, site)]
        self.objects[days.key_of(day, site)] = replace(good, **{name: change(good) for name, change in changes.items()})


def _draw_sites(source: random.Random, calendar: Calendar, *, many: bool) -> Iterator[DeclaredSite]:
    """Yield one to four sites, two to four where there must be many. One may begin tomorrow, or have ended."""
    due, end = calendar.due(0.0), None if calendar.end is None else days.date_of(calendar.end)
    yield DeclaredSite(name=manifest.SITE, start_date=days.date_of(0), end_date=end)
    for number in range(source.choice((1, 1, 2, 3) if many else (0, 0, 1, 2, 3))):
        kinds = ("all", "later", "later", "ended", "coming")
        kind = source.choice(kinds[:3] if many and number == 0 else kinds)
        first, last = 0, end
        if kind == "later":
            first = source.randrange(max(1, len(due) - 1))
        elif kind == "ended":
            last = source.choice(due)
        elif kind == "coming" and end is None:
            first = len(due) + 1
        yield DeclaredSite(name=OTHER_SITES[number], start_date=days.date_of(first), end_date=last)


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
