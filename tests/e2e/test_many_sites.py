"""20 sites of 31 days go through the queue to 8 consumers while workerd is killed 20 times. One world, one story."""

import asyncio
import gzip
import json
import os
import random
import re
import signal
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from contract.control_objects import FAILURES_PREFIX, LEASES_PREFIX, PLAN_KEY, parse_failure
from rehearsal.ace.samples import EPOCH, SampleSource
from tests import processes
from tests.e2e.conftest import started
from tests.e2e.shortcuts import checks, find_manifest
from tests.strict_html import parse_page

SITES, DAYS, PARALLELISM = 20, 31, 8
TOTAL = SITES * DAYS
COPY_KILLS, PLAN_KILLS = 17, 3
MORE_REQUESTS = 20  # for the day that fails
CRON = "*/5 * * * *"
FIRST = datetime.fromisoformat("2024-12-10")
BAD_SITE, BAD_DAY = "ses_site_007", "2024-12-20"
BAD = (BAD_SITE, BAD_DAY)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDays:
    """Eight rows a day of another source. The answer for a bad day has a row of another day. ``on_read`` is told."""

    source: SampleSource
    bad: frozenset[str] = frozenset()
    on_read: object = None
    change: object = field(default=list)

    @property
    def points(self):
        return self.source.points[:2]

    def samples(self, start, end):
        if self.on_read is not None:
            self.on_read()
        rows = [row for row in self.source.samples(start, end) if row.name in self.points and row.time.hour % 6 == 0]
        if f"{start:%Y-%m-%d}" in self.bad:
            rows.append(rows[-1]._replace(time=rows[-1].time + 2 * DAY))
        return self.change(rows)


class Killer:
    """Kills workerd while consumers have messages: at some numbers of days that ACE was asked for, a moment later."""

    def __init__(self, world, seed):
        source = random.Random(seed)  # noqa: S311
        numbers = source.sample(range(5, TOTAL - 40), COPY_KILLS)
        self.moments = {number: source.uniform(0, 0.08) for number in numbers}
        self.world, self.read, self.killed = world, 0, 0
        self.pids = set()  # of the killed ones, which may still be ending

    def on_read(self):  # in a thread of the local ACE
        self.read += 1
        for number in [number for number in self.moments if number <= self.read]:
            loop = self.world._loop
            loop.call_soon_threadsafe(loop.call_later, self.moments.pop(number), self.kill)

    def kill(self):
        broker = self.world.local.cloudflare.account.broker
        if any(broker._deliveries.values()):  # otherwise the clock may move, which starts workerd anew
            found = processes.list_workerd(self.world.local.edge) - self.pids
            if len(found) != 1:  # it is starting again after another kill
                self.world._loop.call_later(0.05, self.kill)
                return
            os.kill(*found, signal.SIGKILL)
            self.pids |= found
            self.killed += 1
        else:
            self.moments[self.read + 1] = 0.0


async def kill_workerd(local):
    """Kill the one workerd, and wait for it while it is starting again after another kill. Returns its process id."""
    while len(found := processes.list_workerd(local.edge)) != 1:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    os.kill(*found, signal.SIGKILL)
    return found.pop()


class Story:
    """The world after its copies, and what a test reads of it."""

    def __init__(self, world, killer):
        self.world, self.killer, self.local = world, killer, world.local

    def serve(self, site, **changed):
        """Let ACE serve a site's rows with another change, and without the rows that it has kept."""
        known = self.local.ace.sites[site]
        about = {"source": known.source, "bad": known.bad, "on_read": known.on_read, **changed}
        self.local.ace.set_site(site, SmallDays(**about))

    def pass_time(self, by):
        return self.world.wait(self.local.move_clock(by), 300)

    def list(self, prefix):
        listing = self.world.wait(self.local.edge.r2_list(self.local.bucket, prefix=prefix))
        assert not listing["truncated"]
        return listing["objects"]

    def read(self, key):
        found = self.world.wait(self.local.edge.r2_get(self.local.bucket, key))
        return found and found[1]

    def days(self):
        """The stored days by site and date, with their keys."""
        return [tuple(item["key"].split("/")[1:3]) for item in self.list("timeseries/")]

    def rows(self, site, date):
        """The rows of a stored day, in order."""
        body = self.read(f"timeseries/{site}/{date}/data.ndjson.gz")
        rows = map(json.loads, gzip.decompress(body).splitlines())
        return sorted((row["point_name"], row["timestamp"], float(row["value"])) for row in rows)

    def at_ace(self, site, date):
        start = datetime.fromisoformat(date)
        rows = self.local.ace.sites[site].samples(start, start + DAY)
        return sorted((row.name, (row.time - EPOCH) // timedelta(milliseconds=1), float(row.value)) for row in rows)

    def failures(self):
        """The failure records by site and date."""
        found = [parse_failure(item["key"], item["custom_metadata"]) for item in self.list(FAILURES_PREFIX)]
        return {(item.site, str(item.day)): item for item in found}

    def requests(self, site, date):
        """The number of ACE's answers for a day."""
        path = f"/api/sites/{site}/timeseries/paginated"
        asked = [item for item in self.local.ace.requests if item.path == path]
        return sum(item.query.get("start_time", "").startswith(date) for item in asked)

    def command(self, *arguments, source=("--stack", "rehearsal"), **more):
        return self.world.run("python", "-m", "backfill", *arguments, *source, **more)


async def plan_and_kill(local, moments):
    """Fire the cron, and kill workerd while the planner runs. The edge starts it again by itself."""
    for delay in moments:
        running = asyncio.ensure_future(local.edge.fire_cron(local.worker_name, CRON))
        await asyncio.wait({running}, timeout=delay)
        killed = await asyncio.wait_for(kill_workerd(local), 60)
        await running
        async with asyncio.timeout(60):
            while not processes.list_workerd(local.edge) - {killed}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await local.edge.r2_list(local.bucket)
        await local.cloudflare.account.broker.settle(300)


def find_alarms(report):
    """Return the checks that did not pass. Whether `history` names the killed planners depends on the moments of the kills."""
    found = {check["id"]: check for check in report["checks"] if check["outcome"] not in ("pass", "skip")}
    if {finding["subject"] for finding in found.get("history", {}).get("findings", ())} == {"ends of the runs"}:
        del found["history"]
    return found


@pytest.fixture(scope="module")
def story():
    with started(days=DAYS, sites=SITES, declared={"parallelism": PARALLELISM}) as world:
        world.pulumi("up", "--yes", "--skip-preview")
        killer = Killer(world, seed=14)
        for site, source in world.local.ace.sites.items():
            bad = frozenset({BAD_DAY} if site == BAD_SITE else ())
            world.local.ace.set_site(site, SmallDays(source=source, bad=bad, on_read=killer.on_read))
        yield Story(world, killer)


def test_killing_workerd_while_it_copies_loses_and_doubles_nothing(story):
    """Issue 14: 20 kills at random moments of consumers and planners. Each day is stored once and equals ACE."""
    killer, source = story.killer, random.Random(41)  # noqa: S311
    story.world.wait(plan_and_kill(story.local, [source.uniform(0, 0.15) for _ in range(PLAN_KILLS)]), 300)
    for _ in range(12):
        story.pass_time(HOUR)
        if len(story.days()) == TOTAL - 1 and not killer.moments:
            break
    assert (killer.killed, killer.moments) == (COPY_KILLS, {})
    stored, dates = story.days(), [f"{FIRST + number * DAY:%Y-%m-%d}" for number in range(DAYS)]
    expected = {(site, date) for site in story.local.ace.sites for date in dates}
    assert Counter(stored) == Counter(expected - {BAD}), "one bad day delays no other"
    for site, date in stored:
        assert story.rows(site, date) == story.at_ace(site, date), (site, date)
    most = TOTAL + (COPY_KILLS + PLAN_KILLS) * PARALLELISM + MORE_REQUESTS
    assert len(story.local.ace.requests) <= most, "only a day in work is asked for again"


def test_a_day_that_ace_cannot_deliver_is_tried_again_with_growing_pauses(story):
    """Issue 14: the pauses are 1 h, 6 h and 24 h, by the rehearsal's clock."""
    pauses = []
    while (failed := story.failures()[BAD]).attempts < 4:
        asked = story.requests(*BAD)
        pauses.append(failed.next_at - failed.last_at)
        early = failed.next_at - story.local.clock.now() - 6 * MINUTE
        if early > timedelta():  # the hours before this test may have ended just after the pause
            story.pass_time(early)
            assert story.requests(*BAD) == asked
        story.pass_time(12 * MINUTE)
        assert story.failures()[BAD].attempts == failed.attempts + 1
    assert pauses == [HOUR, 6 * HOUR, DAY][-len(pauses) :]
    assert DAY in pauses


def test_the_status_the_page_and_the_checks_name_the_day_that_failed(story, tmp_path):
    """Issue 14: status, its page, failures and history show it, and the other days are no alarm."""
    code, text = story.command("status", COLUMNS="80")
    assert code == 0
    assert "619 of 620 due days are stored, 1 missing, 1 of them failed" in text
    assert re.search(rf"^{BAD_SITE} +31 +30 +0 +1 +1 ", text, re.MULTILINE)
    assert f"failed  {BAD_SITE} {BAD_DAY}: upstream_contract, 4 attempts, next after" in text
    assert max(map(len, text.splitlines())) <= 80
    page = tmp_path / "page.html"
    code, text = story.command("status", "--format", "json", "--html", str(page))
    shown = "".join(parse_page(page.read_text()).itertext())
    assert "619 of 620 due days, 99.8 %" in shown
    assert f"{BAD_SITE}{BAD_DAY}upstream_contract4" in shown, "the table of the failed days"
    assert all(f"{name}complete" in shown for name in story.local.ace.sites if name != BAD_SITE)
    sites = {site["name"]: site for site in json.loads(text)["sites"]}
    assert [site["stored"] for name, site in sites.items() if name != BAD_SITE] == [DAYS] * (SITES - 1)
    assert (sites[BAD_SITE]["stored"], sites[BAD_SITE]["failed"]) == (DAYS - 1, 1)
    code, report = checks(story.world, read_only=True)
    failed = find_alarms(report)
    assert (code, list(failed)) == (1, ["failures"])
    (found,) = failed["failures"]["findings"]
    assert (found["subject"], found["cause"]) == (f"failed days of {BAD_SITE}", "ace")
    assert "in 4 attempts" in found["found"]
    assert found["hint"] == f"python -m backfill retry --site {BAD_SITE} --day {BAD_DAY} --stack rehearsal"


def test_a_success_deletes_the_record_and_all_is_green(story):
    """Issue 14: ACE sends the day, the printed command stores it, and no control object is left behind."""
    story.serve(BAD_SITE, bad=frozenset())
    code, text = story.command("retry", "--site", BAD_SITE, "--day", BAD_DAY)
    assert code == 0, text
    assert story.failures() == {}
    assert story.rows(*BAD) == story.at_ace(*BAD)
    story.pass_time(6 * MINUTE)
    assert json.loads(story.read(PLAN_KEY))["days"] == {}
    assert story.list(LEASES_PREFIX) == [], "the planner removes the leases of killed workers"
    _, report = checks(story.world)
    assert find_alarms(report) == {}
    assert "620 of 620 due days of 20 sites are stored" in json.dumps(report)
    assert len(story.days()) == len(set(story.days())) == TOTAL


def test_replace_keeps_rows_that_ace_has_lost_and_stores_more(story):
    """Case A8: the change is shown before it is made, and no row is lost."""
    site, date = "ses_site_003", "2024-12-12"
    before = story.rows(site, date)
    own = ("replace", "--site", site, "--day", date, "--format", "json")
    source = ("--manifest", str(find_manifest(story.world)))

    def replace(*more):
        code, text = story.command(*own, *more, source=source)
        assert code == 0, text
        (done,) = json.loads(text)["days"]
        return done

    story.serve(site, change=lambda rows: rows[: len(rows) // 2])
    done = replace("--yes")
    assert (done["outcome"], done["rows"]["kept"]) == ("unchanged", len(before) // 2)
    assert story.rows(site, date) == before
    story.serve(site, change=lambda rows: [*rows, *(row._replace(time=row.time + HOUR) for row in rows[-2:])])
    for more, after in (("--dry-run", before), ("--yes", story.at_ace(site, date))):
        done = replace(more)
        assert (done["outcome"], done["rows"]["added"], done["rows"]["kept"]) == ("revised", 2, 0)
        assert story.rows(site, date) == after
    assert len(after) == len(before) + 2
    code, report = checks(story.world, "proof", "r2", "failures")
    assert code == 0, report
