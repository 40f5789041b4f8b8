"""The tables of the page: the sites, the failed days, the last runs and the versions of the worker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element

from backfill.picture.model import PastRun, Picture, Version
from backfill.picture.page.markup import Content, keep_dates, make, split
from backfill.picture.phrases import format_rate, format_span
from backfill.picture.site import Site, State
from checks.model.finding import count
from contract.control_objects import Failure
from contract.schedule import format_time

MAX_SHOWN = 20  # sites, and failed days, that are shown without a click
MAX_FAILURES = 500  # days that are listed
NONE = "-"

Column = tuple[str, str]  # heading and classes. "extra" is left out on a narrow display
NUMBER = "number"


def list_sites(picture: Picture, sites: Sequence[Site]) -> list[Content]:
    """Return the table of the sites. Each name leads to the calendar. Of many sites, complete ones need a click."""
    columns = (
        ("site", ""),
        ("due", f"{NUMBER} extra"),
        ("stored", NUMBER),
        ("missing", NUMBER),
        ("failed", NUMBER),
        ("empty", f"{NUMBER} extra"),
        ("re-check due", f"{NUMBER} extra"),
        ("re-checked", f"{NUMBER} extra"),
        ("newest day", "whole"),
        ("days/h", f"{NUMBER} extra"),
        ("left", f"{NUMBER} extra"),
    )
    rows = [_list_site(picture, site, number) for number, site in enumerate(sites)]
    shown = (
        len(sites) if len(sites) <= MAX_SHOWN else sum(1 for site in sites if site.missing or site.counts[State.LATE])
    )
    contents: list[Content] = [_make_table(columns, rows[:shown])] if shown else []
    if rows[shown:]:
        complete = make("summary", count(len(rows) - shown, "complete site"))
        contents.append(make("details", complete, _make_table(columns, rows[shown:])))
    return contents


def _list_site(picture: Picture, site: Site, number: int) -> list[Content]:
    end = picture.estimate_end(site.rate, site.counts[State.MISSING])
    return [
        make("a", *split(site.name), href=f"#site-{number}"),
        f"{site.due:,}",
        f"{site.stored:,}",
        _mark(site.missing, "missing"),
        _mark(site.failed, "failed"),
        f"{site.empty:,}",
        _mark(site.counts[State.LATE], "late"),
        f"{site.counts[State.RECHECKED]:,}",
        NONE if site.newest is None else f"{site.newest}",
        format_rate(site.rate),
        NONE if end is None else format_span(end - picture.at),
    ]


def list_failures(sites: Iterable[Site]) -> list[Content]:
    """Return the table of the failed days, and the number of those that are left out."""
    failures = [failure for site in sites for failure in site.failures]
    if not failures:
        return [make("p", "No day has failed.")]
    columns = (
        ("site", ""),
        ("day", "whole"),
        ("code", ""),
        ("attempts", f"{NUMBER} extra"),
        ("first attempt", "extra"),
        ("last attempt", "extra"),
        ("next attempt after", ""),
    )
    shown, rest = (
        [_list_failure(failure) for failure in failures[first:last]]
        for first, last in ((0, MAX_SHOWN), (MAX_SHOWN, MAX_FAILURES))
    )
    contents: list[Content] = [_make_table(columns, shown)]
    if rest:
        contents.append(
            make("details", make("summary", count(len(rest), "more failed day")), _make_table(columns, rest))
        )
    if len(failures) > MAX_FAILURES:
        contents.append(make("p", f"--format json has {len(failures) - MAX_FAILURES:,} more."))
    return contents


def _list_failure(item: Failure) -> list[Content]:
    times = [_show_minute(moment) for moment in (item.first_at, item.last_at, item.next_at)]
    return [
        make("span", *split(item.site)),
        f"{item.day}",
        make("span", *split(item.code), class_="failed"),
        f"{item.attempts:,}",
        *times,
    ]


def list_runs(runs: Sequence[PastRun]) -> Element:
    """Return the table of the last runs, newest first."""
    if not runs:
        return make("p", "No run is known.")
    columns = (
        ("started", ""),
        ("by", ""),
        ("took", NUMBER),
        ("missing", f"{NUMBER} extra"),
        ("queued", f"{NUMBER} extra"),
        ("stored", NUMBER),
        ("failed", f"{NUMBER} extra"),
        ("re-checked", f"{NUMBER} extra"),
        ("kept rows", f"{NUMBER} extra"),
        ("version", "extra"),
        ("error", ""),
    )
    return _make_table(columns, [_list_run(run) for run in runs])


def _list_run(run: PastRun) -> list[Content]:
    took = "no end" if run.ended is None else format_span(run.ended - run.started)
    return [
        _show_minute(run.started),
        run.trigger,
        took,
        *(NONE if number is None else f"{number:,}" for number in (run.planned, run.queued)),
        f"{run.stored:,}",
        _mark(run.failed, "failed"),
        f"{run.rechecked:,}",
        _mark(run.kept, "late"),
        make("code", run.version[:8]),
        make("span", *split(run.error), class_="failed") if run.error else "",
    ]


def list_versions(versions: Sequence[Version]) -> Element:
    """Return the table of the worker's versions, with their authors."""
    if not versions:
        return make("p", "No version is known.")
    columns = (("version", ""), ("", ""), ("days", NUMBER), ("made", ""))
    rows: list[list[Content]] = [
        [make("code", item.id[:8]), make("b", "live") if item.is_live else "", f"{item.days:,}", item.made]
        for item in versions
    ]
    return _make_table(columns, rows)


def show_time(moment: datetime) -> Element:
    """Return a time (UTC) to the second."""
    return make("time", format_time(moment), datetime=f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def _show_minute(moment: datetime) -> Element:
    return make("time", *keep_dates(f"{moment:%Y-%m-%d %H:%M}"), datetime=f"{moment:%Y-%m-%dT%H:%M:%SZ}")


def _mark(number: int, name: str) -> Content:
    return make("span", f"{number:,}", class_=name) if number else "0"


def _make_table(columns: Sequence[Column], rows: Sequence[Sequence[Content]]) -> Element:
    head = [make("th", name, scope="col", class_=classes or None) for name, classes in columns]
    body = [
        make("tr", *(make("td", cell, class_=columns[at][1] or None) for at, cell in enumerate(row))) for row in rows
    ]
    return make("div", make("table", make("thead", make("tr", *head)), make("tbody", *body)), class_="wide")
