"""The simulation of scale in a small size, the simulated R2, and docs/scale.md."""

import json
import subprocess
from pathlib import Path

import pytest

from backfill.estimate import CONTROL_LISTS, DAY_READS, DAY_WRITES, RUN_READS, RUN_WRITES, Month, Work
from tests.benchmarks.scale import describe, judge
from toolchain import node

from .simulation.scale.simulate import simulate

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "scale.md").read_text()
PLAN_WRITES = 2  # of a day in a quiet month: it enters the plan and leaves it
DAYS, SAMPLES = 1826, 500_000
SMALL = {"sites": 4, "days": 60, "pages": 10, "parallelism": 8, "killsPerHour": 60, "moreHours": 80}


def test_a_small_backfill_loses_and_doubles_nothing():
    """Case A8: kills at random moments, 429s, an outage, late rows and two bad days a site."""
    result = simulate(seed=3, memory=True, outageHours=[[0.05, 0.1]], limitedShare=0.01, **SMALL)
    assert (result["lost"], result["doubled"], result["missing"], result["wrong_failures"]) == (0, 0, 0, 0)
    assert result["stored"] == SMALL["sites"] * (SMALL["days"] - 2 + 3), "three more days are due after 80 hours"
    assert result["kills"] > 0
    assert result["rechecked"] >= result["revised"] > 0, "days got late rows after they were stored"
    assert min(result["by_answer"].values()) > 0, "each kind of answer was given"
    assert "0 lost, 0 doubled, 0 missing" in describe(result, 3)


def test_an_outage_of_hours_delays_the_backfill_by_little_more_than_its_length():
    """The backlog continues within two crons of the end of the outage, and the outage costs few requests."""
    quiet = {**SMALL, "killsPerHour": 0, "limitedShare": 0, "moreHours": 0}
    usual, late = (simulate(seed=2, outageHours=hours, **quiet) for hours in ([], [[0.02, 3]]))
    assert late["copied"]["hours"] <= usual["copied"]["hours"] + 3 + 2 * 300 / 3600
    assert (late["lost"], late["doubled"], late["missing"]) == (0, 0, 0)
    assert late["by_answer"]["outage"] < 15 * (SMALL["sites"] * SMALL["days"]) + 36 * 2 * 15


def test_a_seed_is_one_course_of_events():
    first, second, other = (simulate(seed=seed, **{**SMALL, "days": 10, "moreHours": 0}) for seed in (1, 1, 2))
    for result in (first, second, other):
        del result["cpu_seconds"]
    assert first == second != other


def test_the_formula_has_the_operations_of_the_worker():
    result = simulate(
        seed=1, **{**SMALL, "days": 20, "moreHours": 0, "killsPerHour": 0, "badDays": 0, "limitedShare": 0}
    )
    planner, consumer = result["planner"], result["consumer"]
    assert planner["list"] == SMALL["sites"] + CONTROL_LISTS
    assert RUN_WRITES <= planner["put"] <= RUN_WRITES + 1, "the run log twice, and the plan when it changes"
    assert planner["get"] + planner["head"] == pytest.approx(RUN_READS, abs=0.5)
    assert consumer["put"] == DAY_WRITES - PLAN_WRITES
    assert consumer["get"] + consumer["head"] == pytest.approx(DAY_READS, abs=0.1), "the last day is not ended"


@pytest.mark.parametrize(
    "change",
    [
        {"lost": 1},
        {"doubled": 1},
        {"missing": 1},
        {"wrong_failures": 1},
        {"requests": 106},
        {"largest_plan": 501},
        {"largest_queue": 551},
    ],
)
def test_a_missed_aim_is_seen(change):
    healthy = dict.fromkeys(("lost", "doubled", "missing", "wrong_failures"), 0)
    healthy |= {"requests": 104, "least": 100, "largest_plan": 500, "largest_queue": 503, "planner_mb": 40}
    assert judge(healthy)
    assert not judge({**healthy, **change})


def test_the_simulated_r2_answers_as_miniflare():
    program = node.find()
    assert program is not None
    script = str(Path(__file__).with_name("simulation") / "fakes" / "compare_r2.mjs")
    answers = json.loads(subprocess.run([str(program), script], check=True, stdout=subprocess.PIPE, text=True).stdout)
    assert len(answers["real"]) > 10
    assert answers["simulated"] == answers["real"]


def read_table(heading):
    rows = PAGE.partition(heading)[2].partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows if not row.startswith("|---")]


def number(text):
    return float(text.replace(",", ""))


def work(sites, page_size, parallelism):
    return Work(
        days=int(number(sites)) * DAYS, samples=SAMPLES, page_size=int(number(page_size)), parallelism=int(parallelism)
    )


def month(sites, schedule):
    seconds = {"*/5 * * * *": 300, "17 * * * *": 3600}[schedule]
    days = int(sites) * DAYS
    stored = work(sites, "10,000", 1).bytes
    return Month(sites=int(sites), days=days, stored_bytes=stored, samples=SAMPLES, cron_seconds=seconds)


def test_the_table_of_time_is_the_result_of_the_formula():
    rows = read_table("| sites | page size | pages a day")
    assert len(rows) == 9
    for sites, page_size, pages, requests, *hours in rows:
        assert number(pages) == work(sites, page_size, 1).pages
        assert number(requests) == work(sites, page_size, 1).requests
        expected = [work(sites, page_size, parallelism).seconds / 3600 for parallelism in (1, 4, 8, 20, 50)]
        assert [number(hour) for hour in hours] == [round(hour, 1) for hour in expected]


def test_the_table_of_cost_is_the_result_of_the_formula():
    rows = read_table("| sites | schedule | R2 class A")
    assert len(rows) == 6
    for sites, schedule, class_a, class_b, queue, cpu, stored, usd in rows:
        usage = month(sites, schedule).usage
        assert [number(text) for text in (class_a, class_b, queue)] == [
            round(usage[name]) for name in ("class_a", "class_b", "queue")
        ]
        assert number(cpu) == round(usage["cpu_ms"] / 1000)
        assert number(stored) == round(usage["stored_bytes"] / 1e9, 1)
        assert number(usd) == round(month(sites, schedule).usd, 2)


def test_the_advice_agrees_with_both_tables():
    for sites, parallelism, page_size, hours, schedule, usd in read_table("| sites | parallelism | page size"):
        assert number(hours) == round(work(sites, page_size, parallelism).seconds / 3600, 1)
        assert number(usd) == round(month(sites, schedule).usd, 2)
