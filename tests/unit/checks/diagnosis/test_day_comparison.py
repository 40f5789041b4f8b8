"""Large days: `proof` and `r2` read as much as the deadline allows, and say how much."""

import re
from datetime import date, timedelta

import pytest

from checks.diagnosis.stored_objects.day_comparison import DayComparison
from checks.stored_days.comparison.row_comparison import Comparison
from contract.schedule import SiteDay, day_window
from tests.fakes.days import date_of, lines, to_rows
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import SITE, manifest_data

DAY = date_of(0)
PLACE = SiteDay(SITE, date(2024, 12, 10))
SAMPLES, PAGE = 2_000, 100  # 20 pages


def slow_system(seconds, days=1):
    """Return a system with large days, and an ACE that takes so many seconds for a page of samples."""
    system = healthy_system(stored=0, manifest=manifest_data(ace__page_size=PAGE))
    for number in range(days):
        day = date_of(number)
        spread = [row | {"timestamp": row["timestamp"] + 42_000 * n} for n, row in enumerate(lines(day, SAMPLES))]
        system.write(day, spread)

    def answer(request):
        if request.url.params["page_size"] == str(PAGE):
            system.clock.advance(seconds)
        return system.ace.answer(request)

    system.routes["GET", "/paginated"] = answer
    return system


def test_a_day_that_fits_the_deadline_is_compared_whole(tmp_path):
    """Case C6, kept: 20 pages of a second."""
    code, report = slow_system(1.0).report(tmp_path, "proof", skip=("token", "config"), seconds=60.0)
    assert (code, report["proof"]["evidence"]) == (
        0,
        [f"{PLACE}: all 2,000 samples equal ACE's, row for row", "compared the only stored day"],
    )


def test_a_day_that_does_not_fit_is_compared_in_part(tmp_path):
    """Case C6: the report has the window, the samples in it, and the samples of the day."""
    windows = set()
    for number in range(6):
        system = slow_system(4.0)
        system.now += timedelta(days=number)
        code, report = system.report(tmp_path, "proof", skip=("token", "config"), seconds=60.0)
        (text,) = report["proof"]["evidence"]
        found = re.match(rf"{PLACE}, (\S+) to (\S+): all ([\d,]+) samples equal ACE's, row for row \(a window", text)
        assert (code, report["proof"]["outcome"]) == (0, "pass"), report["proof"]
        assert found, text
        assert 300 <= int(found[3].replace(",", "")) <= 1_500, text
        assert "of 2,000 samples, because the whole day does not fit the deadline" in text
        assert report["proof"]["seconds"] <= 50.0
        windows.add(found[1])
    assert len(windows) >= 2, "the window is another one from day to day"


def test_a_difference_within_the_window_is_found(tmp_path):
    """Case C6, broken: every row differs, so each window shows it."""
    system = slow_system(4.0)
    system.ace.days[DAY] = [row | {"value": "1"} for row in system.ace.days[DAY]]
    code, report = system.report(tmp_path, "proof", skip=("token", "config"), seconds=60.0)
    assert (code, report["proof"]["findings"][0]["cause"]) == (1, "worker")
    assert "every value differs" in report["proof"]["findings"][0]["found"]


def test_a_thorough_run_without_enough_time_is_inconclusive_and_names_a_deadline(tmp_path):
    """Case C6: all days were asked for, so a part is not enough."""
    code, report = slow_system(1.0, days=5).report(
        tmp_path, "proof", skip=("token", "config"), seconds=60.0, thorough=True
    )
    (found,) = report["proof"]["findings"]
    assert (code, found["cause"]) == (3, "checker")
    assert re.match(r"[23] were read within 60 s\. All of them may take about \d min", found["found"])
    assert re.search(r"checks run proof --stack prod --thorough --deadline \d+s$", found["hint"])


def test_r2_decodes_as_many_days_as_the_time_allows(tmp_path):
    """Case C6: at least one, and the evidence says how many."""
    system = healthy_system(stored=5)

    def read(request):
        system.clock.advance(max(0.0, 40.0 - system.clock()))  # all requests of the first four days last as long
        return system.cloudflare.answer(request)

    system.routes["GET", "/objects/timeseries"] = read
    code, report = system.report(tmp_path, "r2", seconds=60.0)
    assert code == 0
    assert (
        "read 1 of 5 stored days (ses_falls_city 2024-12-10 to 2024-12-14), because the time was over: 5 were selected"
        in report["r2"]["evidence"]
    )


@pytest.mark.parametrize(
    ("hours", "text"),
    [((0, 24), "ses_falls_city 2024-12-10"), ((6, 24), "ses_falls_city 2024-12-10, 06:00:00 to 24:00:00")],
)
def test_a_window_is_named(hours, text):
    begin = day_window(date(2024, 12, 10))[0]
    start, end = (begin + timedelta(hours=hour) for hour in hours)
    item = None
    result = DayComparison(place=PLACE, item=item, raw=b"", compared=Comparison(), start=start, end=end)  # type: ignore[arg-type]
    assert result.window == text


def test_late_rows_of_a_window_are_those_of_ace(tmp_path):
    """Cases C6 and D2."""
    system = slow_system(4.0)
    extra = [row | {"name": "ses/new"} for row in to_rows(lines(DAY, 1))]
    hours = [row | {"time": f"{DAY}T{hour:02}:30:00"} for hour in range(24) for row in extra]
    system.ace.days[DAY] = sorted([*system.ace.days[DAY], *hours], key=lambda row: row["time"])
    _, report = system.report(tmp_path, "proof", skip=("token", "config"), seconds=60.0)
    assert {item["cause"] for item in report["proof"]["findings"]} == {"ace"}
