"""The calendar of a site as text: one row a month, one cell a day. Months that are all alike share one line."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from backfill.picture.site import IS_STORED, Day, Site, State

ROWS = 3  # months at the end that are never folded
MIN_FOLD = 2  # months that share a line, at least
LABELS = (1, 5, 10, 15, 20, 25, 30)
MARGIN = 9  # columns before the first cell: "2024-12  "
WIDE = 72  # columns from which cells have a space between them, with two columns of indent
WORDS = {
    State.STORED: "stored",
    State.RECHECKED: "re-checked",
    State.EMPTY: "empty",
    State.LATE: "re-check due",
    State.FAILED: "failed",
    State.MISSING: "missing",
    State.NOT_DUE: "not due",
}
GLYPHS = dict(zip(State, "■◆□◇✗○·", strict=True))
ASCII = dict(zip(State, "#RerX-.", strict=True))
COLORS = dict(zip(State, ("32", "36", "32", "33", "1;31", "33", "2"), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The terminal: its columns (None for a file), and whether it has colours and characters beyond ASCII."""

    width: int | None = 80
    color: bool = False
    unicode: bool = True

    def draw_cell(self, state: State) -> str:
        """Return the character of a state."""
        glyph = (GLYPHS if self.unicode else ASCII)[state]
        return f"\x1b[{COLORS[state]}m{glyph}\x1b[0m" if self.color else glyph

    @property
    def gap(self) -> str:
        """Return the text between two cells."""
        return " " if self.width is None or self.width >= WIDE else ""


def draw_legend(style: Style, present: Sequence[State]) -> str:
    """Return the line that explains the characters of the states that occur."""
    return "  ".join(f"{style.draw_cell(state)} {WORDS[state]}" for state in State if state in present)


def draw_calendar(site: Site, style: Style) -> Iterator[str]:
    """Yield the lines of a site's calendar, without its name. A site without a day that is over has none."""
    months = [list(days) for _, days in itertools.groupby(site.days, key=lambda day: (day.date.year, day.date.month))]
    early, late = months[:-ROWS], months[-ROWS:]
    lines = [*_draw_months(early, style), *(_draw_month(month, style) for month in late)]
    if lines:
        yield _draw_head(style)
    yield from lines


def _draw_months(months: Sequence[Sequence[Day]], style: Style) -> Iterator[str]:
    for kind, group in itertools.groupby(months, key=_classify):
        alike = list(group)
        if kind is not None and len(alike) >= MIN_FOLD:
            yield _draw_fold(alike, style)
        else:
            yield from (_draw_month(month, style) for month in alike)


def _classify(month: Sequence[Day]) -> State | None:
    """Return the state that all days have, STORED also for empty and re-checked days, None for a mixture."""
    quiet = IS_STORED - {State.LATE}
    states = {State.STORED if day.state in quiet else day.state for day in month}
    return states.pop() if len(states) == 1 else None


def _draw_fold(months: Sequence[Sequence[Day]], style: Style) -> str:
    days = [day for month in months for day in month]
    states = [day.state for day in days]
    counts = [f"{states.count(state):,} {WORDS[state]}" for state in State if state in states]
    first, last = days[0].date, days[-1].date
    dots = "".join(style.draw_cell(state) for state in State if state in states)
    return f"{first:%Y-%m} to {last:%Y-%m}  {dots}  {len(days):,} days: {', '.join(counts)}"


def _draw_month(month: Sequence[Day], style: Style) -> str:
    cells = {day.date.day: style.draw_cell(day.state) for day in month}
    row = style.gap.join(cells.get(number, " ") for number in range(1, month[-1].date.day + 1))
    return f"{month[0].date:%Y-%m}".ljust(MARGIN) + row


def _draw_head(style: Style) -> str:
    head = ""
    for number in LABELS:
        head = head.ljust(MARGIN + (number - 1) * (1 + len(style.gap))) + str(number)
    return head
