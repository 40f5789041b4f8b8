"""The picture as text: a summary, a table of the sites, the failed days and the calendars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from backfill.picture.calendar import Style, draw_calendar, draw_legend
from backfill.picture.model import PastRun, Picture, Version
from backfill.picture.phrases import (
    choose_name_columns,
    describe_key,
    describe_pace,
    describe_work,
    fit_name,
    format_rate,
    format_span,
)
from backfill.picture.site import Site, State
from checks.model.finding import count
from checks.reporters import wrap
from contract.schedule import format_time

MAX_CALENDARS = 20  # sites that are drawn
MAX_FAILURES = 10  # days that are named
MAX_VERSIONS = 3
INDENT = "  "
HEAD = ("due", "stored", "empty", "missing", "failed", "newest", "days/h", "left")
WIDTHS = (6, 8, 7, 9, 7, 12, 8, 8)


def render(picture: Picture, style: Style) -> str:
    """Return the whole picture."""
    blocks = [_summarize(picture, style.width), _draw_table(picture, style.width), _list_failures(picture, style.width)]
    drawn = _choose_calendars(picture.sites)
    blocks += [[site.name, *(INDENT + line for line in draw_calendar(site, style))] for site in drawn]
    present = {day.state for site in drawn for day in site.days}
    if present:
        blocks.append([draw_legend(style, [state for state in State if state in present])])
    if len(drawn) < len(picture.sites):
        shown = f"{len(drawn)} of {len(picture.sites)} sites are drawn"
        text = f"{shown}, those with most days that are not stored. --site NAME draws any"
        blocks.append(wrap(text, style.width))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _summarize(picture: Picture, width: int | None) -> list[str]:
    facts = [
        ("deployment", f"{picture.stack}: worker {picture.worker}, bucket {picture.bucket}"),
        ("time", format_time(picture.at)),
        ("days", _count_days(picture)),
        ("pace", describe_pace(picture)),
        ("last run", _describe_run(picture.runs[0], picture.at) if picture.runs else ""),
        ("last error", next((f"{_describe_run(run, picture.at)}" for run in picture.runs if run.error), "")),
        ("key", describe_key(picture)),
        *(("version", _describe_version(version)) for version in picture.versions[:MAX_VERSIONS]),
        *(("not read", text) for text in picture.unread),
    ]
    lines: list[str] = []
    for name, text in facts:
        lines += wrap(text, width, first=f"{name:<12}", rest=" " * 12) if text else []
    return lines


def _count_days(picture: Picture) -> str:
    counts = picture.counts
    text = f"{picture.stored:,} of {picture.due:,} due days are stored"
    parts = [
        (picture.empty, "empty"),
        (picture.missing, "missing"),
        (picture.failed, "of them failed"),
        (counts[State.LATE], "with a due re-check"),
        (counts[State.RECHECKED], "re-checked"),
    ]
    return ", ".join([text, *(f"{number:,} {word}" for number, word in parts if number)])


def _describe_run(run: PastRun, now: datetime) -> str:
    ended = "" if run.ended else ", without an end"
    planned = "" if run.planned is None else f"found {run.planned:,} missing, "
    queued = "" if run.queued is None else f"queued {run.queued:,}, "
    since = " since the run before" if run.trigger == "cron" else ""
    error = f", failed: {run.error}" if run.error else ""
    ago = format_span(now - run.started)
    done = f"{planned}{queued}{describe_work(run)}{since}"
    return f"{run.trigger} on {format_time(run.started)}, {ago} ago{ended}, {done}{error}"


def _describe_version(version: Version) -> str:
    live = "live, " if version.is_live else ""
    return f"{version.id[:8]}, {live}wrote {version.days:,} of the days, {version.made}"


def _draw_table(picture: Picture, width: int | None) -> list[str]:
    columns = choose_name_columns((site.name for site in picture.sites), width)
    rows: list[tuple[str, ...]] = [("site", *HEAD)]
    for site in picture.sites:
        end = picture.estimate_end(site.rate, site.counts[State.MISSING])
        left = "-" if end is None else format_span(end - picture.at)
        numbers = (site.due, site.stored, site.empty, site.missing, site.failed)
        newest = "-" if site.newest is None else f"{site.newest}"
        rows.append((site.name, *(f"{number:,}" for number in numbers), newest, format_rate(site.rate), left))
    return [_draw_row(row, columns) for row in rows]


def _draw_row(cells: Sequence[str], columns: int) -> str:
    name, *others = cells
    return fit_name(name, columns) + "".join(text.rjust(width) for text, width in zip(others, WIDTHS, strict=True))


def _list_failures(picture: Picture, width: int | None) -> list[str]:
    failures = [failure for site in picture.sites for failure in site.failures]
    lines: list[str] = []
    for item in failures[:MAX_FAILURES]:
        tries = count(item.attempts, "attempt")
        text = f"{item.site} {item.day}: {item.code}, {tries}, next after {item.next_at:%Y-%m-%d %H:%M} UTC"
        lines += wrap(text, width, first="failed  ", rest=" " * 8)
    if len(failures) > MAX_FAILURES:
        lines.append(f"failed  {count(len(failures) - MAX_FAILURES, 'more day')}")
    return lines


def _choose_calendars(sites: Sequence[Site]) -> list[Site]:
    """Return the sites to draw, in their order: all, or those with most days that are not stored."""
    if len(sites) <= MAX_CALENDARS:
        return list(sites)
    worst = sorted(sites, key=lambda site: -(site.due - site.stored))[:MAX_CALENDARS]
    return [site for site in sites if site in worst and site.due > site.stored]
