"""Structure and language of two states of the repository, side by side, with the limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import click

from tests.contract import prose
from tests.contract import structure as counts
from tests.contract.prose_sources import KINDS
from tests.contract.source_tree import SourceTree, tree_of_commit, working_tree

MAX_LINES_MORE = -2000  # lines of shipped code, compared with the state before


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One number of a state. ``limit`` is the largest allowed value, None where there is no limit."""

    name: str
    value: float
    limit: float | None = None
    note: str = ""


def measure(tree: SourceTree) -> Iterator[Measurement]:
    """Yields every number of a state, in the order of the table."""
    circles = counts.import_circles(tree)
    sizes = ", ".join(str(len(circle)) for circle in circles)
    yield Measurement(name="import circles", value=len(circles), limit=0, note=f"files: {sizes}" if circles else "")
    for area in counts.AREAS:
        folder, number = counts.largest_folder(tree, area)
        note = "" if folder == area else f"{folder}/"
        yield Measurement(name=f"most entries in {area}/", value=number, limit=counts.MAX_ENTRIES, note=note)
    top = counts.folder_entries(tree)[""]
    yield Measurement(name="entries at the top level", value=top, limit=counts.MAX_TOP_LEVEL)
    files = prose.count_files(tree)
    for kind in KINDS:
        found = prose.total(files[kind])
        rates = (
            ("words", found.noun_rate, prose.MAX_WORDS),
            ("semicolons", found.semicolon_rate, prose.MAX_SEMICOLONS),
        )
        for name, rate, limit in rates:
            yield Measurement(name=f"{name} per 1,000, {kind}", value=rate, limit=limit, note=f"{found.words:,} words")
        related = found.per_thousand(found.family)
        yield Measurement(name=f"related words per 1,000, {kind}", value=related)
    yield Measurement(name="files with too many of either", value=len(prose.excesses(files)), limit=0)
    lines, others = counts.shipped_lines(tree), counts.shipped_lines(tree, "bench/")
    note = f"{others:,} of them in bench/" if others else ""
    yield Measurement(name="lines of shipped code", value=lines, note=note)


def structure(before: str, after: str) -> bool:
    """Prints both states and returns whether the later one is within all limits. Without ``after``, the working tree."""
    later: AbstractContextManager[SourceTree] = tree_of_commit(after) if after else nullcontext(working_tree())
    with tree_of_commit(before) as old, later as new:
        rows = list(zip(measure(old), measure(new), strict=True))
    click.echo(f"{'':<36} {before:>12} {after or 'working tree':>12} {'limit':>7}")
    held = True
    for first, second in rows:
        limit = second.limit
        if second.name == "lines of shipped code":
            limit = first.value + MAX_LINES_MORE
        passed = limit is None or second.value <= limit
        held &= passed
        click.echo(_line(first, second, limit, passed=passed))
    return held


def _line(first: Measurement, second: Measurement, limit: float | None, *, passed: bool) -> str:
    values = f"{_number(first.value):>12} {_number(second.value):>12} {'' if limit is None else _number(limit):>7}"
    notes = " -> ".join(note for note in dict.fromkeys((first.note, second.note)) if note)
    return f"{second.name:<36} {values}  {'' if passed else 'MISSED'}  {notes}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.1f}" if isinstance(value, float) and not value.is_integer() else f"{value:,.0f}"
