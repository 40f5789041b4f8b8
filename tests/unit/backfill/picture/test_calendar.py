"""The calendar as text: legible at 80 columns, with colours and without, with Unicode and with ASCII alone."""

import re
from datetime import UTC, date, datetime, timedelta

from backfill.picture.calendar import ASCII, GLYPHS, Style, draw_calendar, draw_legend
from backfill.picture.days import Rules, judge_site
from backfill.picture.site import Day, Rate, Site, State

RATE = Rate(copied=0, horizon=timedelta(hours=1))
PLAIN = Style(unicode=False)


def site(states, first="2024-12-10"):
    start = date.fromisoformat(first)
    days = [Day(date=start + timedelta(days=n), state=state) for n, state in enumerate(states)]
    return Site(name="a", days=tuple(days), rate=RATE)


def test_each_day_has_its_column():
    drawn = list(draw_calendar(site([State.STORED] * 22 + [State.FAILED, State.MISSING]), PLAIN))
    assert drawn == [
        "         1       5         10        15        20        25        30",
        "2024-12" + " " * 20 + "# # # # # # # # # # # # # # # # # # # # # #",
        "2025-01  X -",
    ]


def test_a_narrow_terminal_has_no_gaps():
    drawn = list(draw_calendar(site([State.STORED] * 22), Style(width=71, unicode=False)))
    assert drawn == ["         1   5    10   15   20   25   30", "2024-12" + " " * 11 + "#" * 22]


def test_every_line_fits_80_columns():
    states = [State(list(State)[n % 7]) for n in range(900)] + [State.STORED] * 900 + [State.MISSING] * 30
    for style in (PLAIN, Style(), Style(color=True)):
        for line in draw_calendar(site(states), style):
            assert len(re.sub(r"\x1b\[[\d;]*m", "", line)) <= 80


def test_months_that_are_alike_share_a_line():
    years = [State.STORED] * 700 + [State.EMPTY] * 31 + [State.MISSING] * 365
    drawn = list(draw_calendar(site(years, "2021-01-01"), PLAIN))
    assert drawn[1] == "2021-01 to 2022-12  #e  730 days: 700 stored, 30 empty"
    assert drawn[2].startswith("2023-01  e - - -"), "a month of two kinds has a row of its own"
    assert drawn[3] == "2023-02 to 2023-10  -  273 days: 273 missing"
    assert [line[:7] for line in drawn[4:]] == ["2023-11", "2023-12", "2024-01"]


def test_a_month_with_a_due_recheck_is_not_folded():
    states = [State.STORED] * 40 + [State.LATE] + [State.STORED] * 150
    drawn = list(draw_calendar(site(states, "2024-01-01"), PLAIN))
    assert [line[:7] for line in drawn[1:]] == ["2024-01", "2024-02", "2024-03", "2024-05", "2024-06", "2024-07"]


def test_each_state_has_its_own_character_with_and_without_colour():
    assert len(set(GLYPHS.values())) == len(set(ASCII.values())) == len(State)
    assert all(glyph.isascii() for glyph in ASCII.values())
    assert draw_legend(PLAIN, list(State)) == (
        "# stored  R re-checked  e empty  r re-check due  X failed  - missing  . not due"
    )
    assert "\x1b[1;31m✗\x1b[0m failed" in draw_legend(Style(color=True), [State.FAILED])
    assert "\x1b" not in draw_legend(Style(), list(State))


def test_a_site_without_a_day_has_no_calendar():
    rules = Rules(settle_hours=6, recheck_days=3, now=datetime(2024, 12, 20, tzinfo=UTC))
    future = judge_site("a", "2025-01-01", None, stored={}, failures=[], rules=rules)
    assert list(draw_calendar(future, PLAIN)) == []
