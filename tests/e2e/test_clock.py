"""Time passes in a rehearsal, and the checks see a standstill as they see it in production, and no false alarm."""

from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.faults import load_faults
from tests.e2e.conftest import started
from tests.e2e.shortcuts import checks, run_checks

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
READ_ONLY = ("python", "-m", "checks", "--stack", "rehearsal", "--read-only")
DAYS, LOST = 30, 20


@pytest.fixture(scope="module")
def world():
    """A deployed rehearsal of the last 30 days, without a last day."""
    first = datetime.now(UTC).date() - DAYS * DAY
    with started(declared={"sites": [{"name": "ses_falls_city", "startDate": str(first)}]}) as running:
        running.pulumi("up", "--yes", "--skip-preview")
        yield running


def list_days(world):
    return [key for key in world.objects() if key.startswith("timeseries/")]


def run_read_only(world, check="fresh"):
    """Run the checks of the daily command, and return its exit code, the lines of a check and the report."""
    code, text = run_checks(world, read_only=True)
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"{check} "))
    end = next(number for number, line in enumerate(lines) if number > start and not line.startswith(" "))
    return code, lines[start:end], text


def test_a_standstill_is_found_and_a_healthy_system_is_not(world):
    """Cases T1 and T2: lost days and a cron that throws are found. Days of healthy crons raise no alarm."""
    now = world.local.clock.now()
    world.wait(world.local.move_clock((now + DAY).replace(hour=12) - now))  # at noon every day that is over is due
    world.wait(world.local.move_clock(timedelta(minutes=5)))  # one more run of the cron, which finds no missing day
    assert len(list_days(world)) == DAYS + 1
    world.wait(world.local.move_clock(timedelta(minutes=5)))  # the next cron finds that no day is missing
    code, text = world.run(*READ_ONLY)
    assert code == 0, text

    last = max(item["uploaded"] for item in world.wait(world.local.edge.r2_list(world.local.bucket))["objects"])
    lost = list_days(world)[-LOST:]
    for key in lost:
        world.wait(world.local.edge.r2_delete(world.local.bucket, key))
    first, end = (key.split("/")[2] for key in (lost[0], lost[-1]))
    code, lines, text = run_read_only(world, "history")  # at once, while `fresh` sees objects that were stored lately
    assert code == 1, text
    assert 0 < len(lines) < 6
    shown = " ".join(" ".join(lines).split())
    assert f"{LOST} were stored and are gone ({first} to {end}), the last object left was stored at" in shown
    assert "cause: outside_change next: python -m checks run trigger --stack rehearsal" in shown

    world.wait(world.local.move_clock(HOUR, with_crons=False))
    code, lines, text = run_read_only(world)
    assert code == 1, text
    assert 0 < len(lines) < 6
    shown = " ".join(" ".join(lines).split())
    assert f"{LOST} are missing ({first} to {end})" in shown
    kept = world.wait(world.local.edge.r2_list(world.local.bucket, prefix="timeseries/"))["objects"]
    stored = max(item["uploaded"] for item in kept)
    assert stored <= last
    assert f"nothing was stored since {stored[:19].replace('T', ' ')} UTC" in shown
    assert "npx wrangler tail building-vitals-backfill" in text

    lines = world.wait(world.local.move_clock(3 * DAY))
    assert "crons became due 864 times" in lines[0]
    assert len(list_days(world)) == DAYS + 1 + 3
    code, report = checks(world)
    outcomes = {check["id"]: check["outcome"] for check in report["checks"]}
    assert (code, set(outcomes.values())) == (0, {"pass", "skip"}), report

    world.wait(load_faults()["scheduled-throws"].apply(world.local))
    due = (world.local.clock.now() + DAY).replace(hour=6, minute=31)
    world.wait(world.local.move_clock(due - world.local.clock.now()))
    code, lines, text = run_read_only(world)
    assert code == 1, text
    assert "is missing" in " ".join(" ".join(lines).split()), text
