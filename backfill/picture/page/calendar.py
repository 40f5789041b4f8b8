"""The calendar of a site as SVG: one drawing a year, one row a month, one cell a day.

Days of one state in a row are one path, which the pattern of the state fills. So the size of a page grows with the
changes of state, and not with the days.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element

from backfill.picture.calendar import LABELS, WORDS
from backfill.picture.page.look import CODES
from backfill.picture.page.markup import make
from backfill.picture.site import Day, Site, State
from contract.control_objects import Failure

CELL = 10  # units of the drawing
LEFT, TOP = 30, 14  # of the first cell
WIDTH = LEFT + 31 * CELL
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Run = tuple[State, Sequence[Day]]


def draw_years(site: Site, *, is_named: bool) -> Element:
    """Return the drawings of a site's years. ``is_named`` gives each run of days a title with its dates."""
    failures = {str(failure.day): failure for failure in site.failures}
    years = itertools.groupby(site.days, key=lambda day: day.date.year)
    figures = [_draw_year(site.name, year, list(days), failures, is_named=is_named) for year, days in years]
    return make("div", *figures, class_="years")


def count_runs(sites: Iterable[Site]) -> int:
    """Return the number of runs of days of one state, over all sites."""
    return sum(1 for site in sites for _ in itertools.groupby(site.days, key=lambda day: day.state))


def draw_head() -> Element:
    """Return the numbers of the days, which every drawing uses."""
    labels = [make("text", str(number), x=LEFT + (number - 1) * CELL + 1, y=10) for number in LABELS]
    return make("g", *labels, id="head")


def draw_cell(state: State) -> Element:
    """Return one cell, for the legend."""
    path = make("path", class_=CODES[state], d="M0 0h1v1h-1z")
    return make("svg", path, viewBox="0 0 1 1", aria_hidden="true")


def count_states(days: Sequence[Day]) -> str:
    """Return the number of days of each state that occurs, as text."""
    states = [day.state for day in days]
    return ", ".join(f"{states.count(state):,} {WORDS[state]}" for state in State if state in states)


def list_ranges(days: Sequence[Day], state: State) -> Iterator[str]:
    """Yield the runs of a state as text."""
    for found, run in _list_runs(days):
        if found is state:
            yield _name_range(run)


def _draw_year(name: str, year: int, days: Sequence[Day], failures: dict[str, Failure], *, is_named: bool) -> Element:
    first, last = days[0].date.month, days[-1].date.month
    height = TOP + (last - first + 1) * CELL
    labels = [
        make("text", MONTHS[month - 1], y=TOP + (month - first + 1) * CELL - 2) for month in range(first, last + 1)
    ]
    runs = list(_list_runs(days)) if is_named else _merge(days)
    paths = [_draw_run(state, run, first, _name_run(state, run, failures) if is_named else "") for state, run in runs]
    cells = make("g", *paths, transform=f"translate({LEFT} {TOP})scale({CELL})")
    counts = count_states(days)
    drawing = make(
        "svg",
        make("use", href="#head"),
        *labels,
        cells,
        class_="year",
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_label=f"{name}, {year}: {counts}",
    )
    caption = make("figcaption", make("b", str(year)), " ", make("span", counts, class_="soft"))
    return make("figure", caption, drawing)


def _list_runs(days: Iterable[Day]) -> Iterator[Run]:
    for state, run in itertools.groupby(days, key=lambda day: day.state):
        yield state, list(run)


def _merge(days: Sequence[Day]) -> list[Run]:
    """Return one entry for each state, so that a year has at most seven paths."""
    return [(state, run) for state in State if (run := [day for day in days if day.state is state])]


def _draw_run(state: State, run: Sequence[Day], first: int, title: str) -> Element:
    """Return the path of the days: a rectangle for those in a row of one month."""
    steps = enumerate(run)
    rows = itertools.groupby(steps, key=lambda item: (item[1].date.month, item[1].date.day - item[0]))
    shape = ""
    for _, items in rows:
        days = [day for _, day in items]
        start = days[0].date
        shape += f"M{start.day - 1} {start.month - first}h{len(days)}v1h-{len(days)}z"
    return make("path", *([make("title", title)] if title else []), class_=CODES[state], d=shape)


def _name_run(state: State, run: Sequence[Day], failures: dict[str, Failure]) -> str:
    text = f"{_name_range(run)}: {WORDS[state]}"
    failure = failures.get(str(run[0].date))
    return f"{text}, {failure.code}" if failure is not None and state is State.FAILED and len(run) == 1 else text


def _name_range(run: Sequence[Day]) -> str:
    first, last = run[0].date, run[-1].date
    return f"{first}" if first == last else f"{first} to {last} ({len(run):,} days)"
