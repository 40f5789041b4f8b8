"""docs/costs.md: the operations of a run are counted, and the table is the result of the formula."""

import json
import math
import subprocess
from pathlib import Path

import pytest

from toolchain import node

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "costs.md").read_text()
RUNS = 365 * 24 * 12  # of a cron every five minutes
A_MILLION = 1_000_000


def read_table(heading):
    rows = PAGE.partition(heading)[2].partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows if not row.startswith("|---")]


def number(text):
    return float(text.replace(",", ""))


@pytest.mark.parametrize(("days", "pages"), [(365, 1), (1500, 2)])
def test_a_run_without_missing_days_has_the_operations_of_the_formula(days, pages):
    program = node.find()
    assert program is not None
    command = [str(program), str(Path(__file__).with_name("idle_run.mjs")), str(days)]
    done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert (done["planned"], done["queued"]) == (0, 0)
    assert (done["list"], done["put"], done["get"], done["head"]) == (pages + 1, 2, 2, 0)


def test_the_table_is_the_result_of_the_formula():
    rows = read_table("| samples a day")
    assert len(rows) == 3
    for row in rows:
        n, requests, cpu, class_a, class_b, gigabytes = map(number, row)
        assert requests == RUNS
        assert class_b == RUNS * 2 + 365 * 8
        assert cpu == round((RUNS * 3 + 365 * n * 0.002) / 1000)
        assert class_a == RUNS * (3 + 1) + 365 * 8
        assert gigabytes == math.floor(365 * n * 6.4 / 1e9 * 100) / 100


def test_the_amounts_in_the_text_are_results_of_the_formula():
    assert f"{8760 * 4 + 365 * 8:,} operations of class A" in PAGE
    prices = {name: (included, beyond) for name, included, beyond in read_table("| amount | included")}
    included = number(prices["R2 class A"][0].split()[0]) * A_MILLION * 12
    sites = math.floor((included - RUNS * 3) / (RUNS + 365 * 8))
    assert f"used up, at {sites} sites of one stack" in PAGE
    dollars = {name: number(beyond.split()[0]) for name, (_, beyond) in prices.items()}
    assert f"{(RUNS * 4 + 365 * 8) / A_MILLION * dollars['R2 class A']:.2f} USD a year for class A" in PAGE
    assert f"{(RUNS * 2 + 365 * 8) / A_MILLION * dollars['R2 class B']:.2f} USD for class B" in PAGE
    assert f"{RUNS / A_MILLION * dollars['requests']:.2f} USD for requests" in PAGE
    assert f"{12 * dollars['Workers Paid']:.0f} USD a year, which" in PAGE
    assert f"{365 * 100_000 * 6.4 / 1e9 * 12 * dollars['R2 storage']:.2f} USD a year for each year" in PAGE
