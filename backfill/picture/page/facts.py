"""The facts at the top of the page: the totals, the pace, the last run and the key."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from backfill.picture.model import Picture
from backfill.picture.page.markup import Content, keep_dates, make
from backfill.picture.phrases import describe_key, describe_pace, describe_work, format_span
from backfill.picture.site import State

BAR = 1000  # units of the bar's width


def list_facts(picture: Picture) -> Iterator[Element]:
    """Yield the name and the value of each fact, one box each."""
    share = picture.stored / picture.due if picture.due else 1.0
    percent = f"{int(share * 1000) / 10:g} %" if picture.due else "none is due"
    stored = f" of {picture.due:,} due days, {percent}"
    yield _make_fact("stored", make("b", f"{picture.stored:,}"), stored, _draw_bar(share), broad=True)
    late = picture.counts[State.LATE]
    for name, number, look in (
        ("missing", picture.missing, "missing"),
        ("of them failed", picture.failed, "failed"),
        ("empty", picture.empty, ""),
        ("re-check due", late, "late"),
        ("re-checked", picture.counts[State.RECHECKED], ""),
    ):
        yield _make_fact(name, make("b", f"{number:,}", class_=look if number and look else None))
    yield _make_fact("newest day", *_describe_newest(picture))
    yield _make_fact("pace", *keep_dates(describe_pace(picture)), broad=True)
    yield _make_fact("last run", _describe_last_run(picture), broad=True)
    yield _make_fact("ACE's key", *keep_dates(describe_key(picture)), broad=True)


def _describe_newest(picture: Picture) -> Iterator[Content]:
    """Yield the newest stored day, and the site that is behind, if one is."""
    days = {site.name: site.newest for site in picture.sites if site.newest is not None}
    if not days:
        yield make("b", "none")
        return
    yield make("b", f"{max(days.values())}")
    last = min(days, key=lambda name: days[name])
    if days[last] != max(days.values()):
        yield make("span", *keep_dates(f" {last}: {days[last]}"), class_="soft")


def _describe_last_run(picture: Picture) -> str:
    if not picture.runs:
        return "no run is known"
    run = picture.runs[0]
    error = f", error {run.error}" if run.error else ""
    return f"{run.trigger}, {format_span(picture.at - run.started)} before this page, {describe_work(run)}{error}"


def _make_fact(name: str, *contents: Content, broad: bool = False) -> Element:
    return make("div", make("dt", name), make("dd", *contents), class_="broad" if broad else None)


def _draw_bar(share: float) -> Element:
    done = round(share * BAR)
    parts = [make("rect", class_="rest", width=BAR, height=10), make("rect", class_="done", width=done, height=10)]
    return make("svg", *parts, class_="bar", viewBox=f"0 0 {BAR} 10", preserveAspectRatio="none", aria_hidden="true")
