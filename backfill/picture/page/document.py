"""The page: a head that allows its own style sheet only, the totals, and the sections."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from backfill.picture.calendar import WORDS
from backfill.picture.model import Picture
from backfill.picture.page.calendar import count_runs, draw_cell, draw_head, draw_years, list_ranges
from backfill.picture.page.facts import list_facts
from backfill.picture.page.look import make_definitions, make_policy, make_sheet
from backfill.picture.page.markup import Content, keep_dates, make, render
from backfill.picture.page.tables import list_failures, list_runs, list_sites, list_versions, show_time
from backfill.picture.phrases import format_rate
from backfill.picture.site import Site, State
from contract.schedule import format_time
from contract.version import VERSION

GENERATOR = "building-vitals backfill status"
HEAD = '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="generator" content="'
START = f"{HEAD}{GENERATOR} "  # of each page, so that a page can be told from any other file
MAX_OPEN = 10  # calendars that are shown without a click
MAX_NAMED = 20_000  # runs of days with a title, so that a page stays below 6 MB
MAX_RANGES = 60  # of the days of a site that are not stored
SECTIONS = (
    ("sites", "Sites"),
    ("failures", "Failed days"),
    ("calendars", "Calendars"),
    ("runs", "Last runs"),
    ("versions", "Versions of the worker"),
)


def render_page(picture: Picture) -> str:
    """Return the page as HTML."""
    sheet = make_sheet()
    title = f"Backfill of {picture.stack}"
    head = make(
        "head",
        make("meta", charset="utf-8"),
        make("meta", name="generator", content=f"{GENERATOR} {VERSION}"),
        make("meta", http_equiv="Content-Security-Policy", content=make_policy(sheet)),
        make("meta", name="referrer", content="no-referrer"),
        make("meta", name="viewport", content="width=device-width, initial-scale=1"),
        make("meta", name="color-scheme", content="light dark"),
        make("title", f"{title}, {format_time(picture.at)}"),
        make("style", sheet),
    )
    body = make("body", _define(), _make_header(picture, title), make("main", *_list_sections(picture)))
    return "<!DOCTYPE html>\n" + render(make("html", head, body, lang="en")) + "\n"


def sort_sites(sites: Sequence[Site]) -> list[Site]:
    """Return the sites with failed days first, then those with missing days, due re-checks, and the others."""

    def rank(site: Site) -> tuple[int, int]:
        reasons = (site.failed, site.missing, site.counts[State.LATE], 1)
        return next(place for place, number in enumerate(reasons) if number), -site.missing

    return sorted(sites, key=rank)


def _define() -> Element:
    definitions = make_definitions()
    definitions[0].append(draw_head())
    return definitions


def _make_header(picture: Picture, title: str) -> Element:
    version = f"building-vitals {VERSION}"
    made = make("p", "Made on ", show_time(picture.at), f" from the stack {picture.stack} by {version}", class_="soft")
    place = make("p", f"Worker {picture.worker}, bucket {picture.bucket}", class_="soft")
    links = [make("a", text, href=f"#{name}") for name, text in SECTIONS]
    facts = make("dl", *list_facts(picture), class_="facts")
    return make("header", make("h1", title), made, place, *_list_notices(picture), facts, make("nav", *links))


def _list_notices(picture: Picture) -> Iterator[Element]:
    if picture.pause is not None:
        pause = picture.pause
        text: list[Content] = [f" since {format_time(pause.at)} by {pause.by}: {pause.reason}"]
        yield make("p", make("b", "Paused"), *text, class_="notice", role="status")
    if picture.key is not None and picture.key.expires is not None and picture.key.expires <= picture.at:
        yield make("p", make("b", "ACE's key has expired."), " No day can be copied.", class_="notice bad")
    for unread in picture.unread:
        yield make("p", make("b", "Not read: "), unread, class_="notice")


def _list_sections(picture: Picture) -> Iterator[Element]:
    sites = sort_sites(picture.sites)
    contents: dict[str, list[Content]] = {
        "sites": list_sites(picture, sites),
        "failures": list_failures(sites),
        "calendars": [_make_legend(), *_draw_sites(picture, sites)],
        "runs": [make("p", "Times are UTC.", class_="soft"), list_runs(picture.runs)],
        "versions": [list_versions(picture.versions)],
    }
    for name, text in SECTIONS:
        yield make("section", make("h2", text, id=name), *contents[name])


def _make_legend() -> Element:
    items = [make("li", draw_cell(state), WORDS[state]) for state in State]
    return make("ul", *items, class_="legend")


def _draw_sites(picture: Picture, sites: Sequence[Site]) -> Iterator[Element]:
    is_named = count_runs(sites) <= MAX_NAMED
    for number, site in enumerate(sites):
        is_open = number < MAX_OPEN and (len(sites) <= MAX_OPEN or bool(site.missing or site.counts[State.LATE]))
        name, text = describe_state(site)
        heading = make("summary", make("b", site.name), make("span", text, class_=name))
        content = [
            make("p", *keep_dates(_describe(picture, site)), id=f"site-{number}"),
            draw_years(site, is_named=is_named),
        ]
        content += _list_days(site)
        yield make("details", heading, *content, open="" if is_open else None)


def describe_state(site: Site) -> tuple[str, str]:
    """Return the class and the text of a site's worst state."""
    late = site.counts[State.LATE]
    parts = [
        (site.missing, "failed" if site.failed else "missing", f"{site.missing:,} missing"),
        (site.failed, "failed", f"{site.failed:,} of them failed"),
        (late, "late", f"{late:,} with a due re-check"),
    ]
    found = [(name, text) for number, name, text in parts if number]
    if not found:
        return ("stored", "complete") if site.due else ("soft", "no day is due yet")
    return found[0][0], ", ".join(text for _, text in found)


def _describe(picture: Picture, site: Site) -> str:
    end = picture.estimate_end(site.rate, site.counts[State.MISSING])
    newest = "none" if site.newest is None else f"{site.newest}"
    text = f"{site.stored:,} of {site.due:,} due days are stored. Newest day: {newest}."
    if site.rate.copied:
        text += f" {format_rate(site.rate)} days per hour."
    return text + (f" Complete at about {end:%Y-%m-%d %H:%M} UTC." if end else "")


def _list_days(site: Site) -> Iterator[Element]:
    """Yield the days that are not stored as text, for a reader who cannot see or point at the drawing."""
    for state in (State.FAILED, State.MISSING):
        ranges = list(list_ranges(site.days, state))
        if ranges:
            word = make("span", WORDS[state].capitalize(), class_=str(state))
            shown = [part for text in ranges[:MAX_RANGES] for part in (", ", make("span", text, class_="whole"))][1:]
            more = [f" and {len(ranges) - MAX_RANGES:,} more"] if len(ranges) > MAX_RANGES else []
            yield make("p", word, ": ", *shown, *more)
