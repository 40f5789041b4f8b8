"""The page: one file, every state, escaped texts, and a size that does not grow with the number of days."""

import base64
import hashlib
import re
from datetime import date, timedelta

import pytest

from backfill.picture.calendar import WORDS
from backfill.picture.page.document import START, render_page, sort_sites
from backfill.picture.page.look import CODES, DARK, LIGHT
from backfill.picture.site import State
from contract.control_objects import Pause
from tests.fakes.pictures import NOW, make_picture, make_site
from tests.strict_html import parse_page

S, L, F, M, N = State.STORED, State.LATE, State.FAILED, State.MISSING, State.NOT_DUE
ALL = [*State]
EVIL = "</title><script>alert(1)</script>\"' onload=x \x1b[31m\u202e&amp;"


def texts(root):
    return " ".join("".join(root.itertext()).split())


def find(root, tag, **attributes):
    return [item for item in root.iter(tag) if attributes.items() <= item.attrib.items()]


def draw(states, **changes):
    return parse_page(render_page(make_picture([make_site("a", states)], **changes)))


def test_the_page_is_one_file_that_can_load_nothing():
    page = render_page(make_picture([make_site("a", ALL)]))
    root = parse_page(page)
    assert page.startswith(START)
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & {item.tag for item in root.iter()}
    for item in root.iter():
        for name, value in item.attrib.items():
            assert not name.startswith("on")
            assert name != "style", "the policy refuses it"
            assert name not in ("src", "xlink:href", "action")
            assert name != "href" or value.startswith("#")
    (style,) = root.iter("style")
    assert set(re.findall(r"url\(([^)]*)\)", style.text)) == {f"#{code}" for code in CODES.values()}
    assert not re.search(r"@import|@font-face|https?:|//", page.partition("<style>")[2])
    (policy,) = find(root, "meta", **{"http-equiv": "Content-Security-Policy"})
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    assert policy.get("content") == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def test_each_link_has_a_target_and_no_name_is_used_twice():
    root = parse_page(render_page(make_picture([make_site("a", ALL), make_site("b", ALL)])))
    names = [item.get("id") for item in root.iter() if item.get("id")]
    assert len(names) == len(set(names))
    assert {item.get("href")[1:] for item in root.iter() if item.get("href")} <= set(names)


def test_each_state_has_its_pattern_its_legend_and_its_days():
    root = draw(ALL)
    (legend,) = find(root, "ul", **{"class": "legend"})
    (year,) = find(root, "svg", **{"class": "year"})
    for number, state in enumerate(State):
        (pattern,) = find(root, "pattern", id=CODES[state])
        (path,) = find(year, "path", **{"class": CODES[state]})
        assert path.get("d") == f"M{number} 0h1v1h-1z"
        assert "".join(path.itertext()).startswith(f"2022-01-0{number + 1}: {WORDS[state]}")
        assert WORDS[state] in texts(legend)
        assert f"1 {WORDS[state]}" in year.get("aria-label")
        assert list(pattern)
    shapes = {"".join(path.get("d") for path in pattern) for pattern in root.iter("pattern")}
    assert len(shapes) == len(State), "a state can be told without its colour"


def test_days_of_one_state_are_one_path_over_months():
    root = draw([S] * 40 + [F] + [S] * 30)
    paths = find(find(root, "svg", **{"class": "year"})[0], "path")
    assert [(path.get("class"), path.get("d")) for path in paths] == [
        ("s", "M0 0h31v1h-31zM0 1h9v1h-9z"),
        ("f", "M9 1h1v1h-1z"),
        ("s", "M10 1h18v1h-18zM0 2h12v1h-12z"),
    ]
    assert "".join(paths[1].itertext()) == "2022-02-10: failed, upstream_contract"


def test_a_long_site_has_a_drawing_a_year_from_its_first_month():
    root = parse_page(render_page(make_picture([make_site("a", [S] * 800, first=date(2022, 11, 20))])))
    drawings = find(root, "svg", **{"class": "year"})
    labels = [(2022, 42), (2023, 365), (2024, 366), (2025, 27)]
    assert [item.get("aria-label") for item in drawings] == [f"a, {year}: {days} stored" for year, days in labels]
    assert [item.get("viewbox") for item in drawings] == [f"0 0 340 {height}" for height in (34, 134, 134, 24)]
    assert [text.text for text in drawings[0].iter("text")] == ["Nov", "Dec"]


def test_the_head_says_everything_about_the_backfill():
    sites = [make_site("a", [S] * 8 + [F, M]), make_site("b", [S] * 4 + [M] * 6, rate=12)]
    text = texts(parse_page(render_page(make_picture(sites))))
    for part in (
        "Backfill of prod",
        "Made on 2026-11-28 05:00:00 UTC from the stack prod by building-vitals",
        "Worker building-vitals-backfill, bucket ace-timeseries",
        "12 of 20 due days, 60 %",
        "newest day2022-01-08 b: 2022-01-04",
        "12 days per hour, complete at about 2026-11-28 05:35 UTC",
        "cron, 2 min before this page, stored 30, re-checked 4, kept 1 row that only R2 has",
        "the key in ACE_API_KEY expires in 41 days, on 2027-01-08 05:00 UTC",
        "upstream_contract",
        "2026-11-28 09:00",
        "upstream_unavailable: ACE answered 503",
        "made by ann@example.org",
        "2 missing, 1 of them failed",
        "Missing: 2022-01-05 to 2022-01-10 (6 days)",
    ):
        assert part in text, text


def test_a_pause_an_expired_key_and_unread_parts_are_at_the_top():
    pause = Pause(reason="ACE moves", by="jo", at=NOW - timedelta(days=2))
    key = make_picture([]).key
    root = draw([S, M], pause=pause, unread=("the pause: not JSON",), key=type(key)(source="the key", expires=NOW))
    notices = [texts(item) for item in root.iter("p") if "notice" in item.get("class", "")]
    assert notices == [
        "Paused since 2026-11-26 05:00:00 UTC by jo: ACE moves",
        "ACE's key has expired. No day can be copied.",
        "Not read: the pause: not JSON",
    ]
    assert not find(draw([S]), "p", **{"class": "notice"})


def test_unknown_parts_are_said_to_be_unknown():
    text = texts(parse_page(render_page(make_picture([make_site("a", [])], runs=(), versions=(), key=None))))
    assert "no run is known" in text
    assert "No version is known." in text
    assert "No day has failed." in text
    assert "no day is due yet" in text
    assert "none is due" in text
    assert "not known here" in text


def test_texts_of_others_are_escaped():
    site = make_site(EVIL, [S, F])
    failure = type(site.failures[0])
    fields = {name: getattr(site.failures[0], name) for name in ("day", "attempts", "first_at", "last_at")}
    object.__setattr__(site, "failures", (failure(site=EVIL, code=EVIL, **fields),))
    past = make_picture([]).runs[0]
    run = type(past)(**{name: getattr(past, name) for name in past.__slots__} | {"error": EVIL})
    pause = Pause(reason=EVIL, by=EVIL, at=NOW)
    page = render_page(
        make_picture([site], stack=EVIL, bucket=EVIL, worker=EVIL, pause=pause, runs=(run,), unread=(EVIL,))
    )
    root = parse_page(page)
    assert not list(root.iter("script"))
    assert not any("onload" in item.attrib for item in root.iter())
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert page.count("&lt;script&gt;") > 8
    title = next(root.iter("title"))
    assert "<script>alert(1)</script>" in title.text


def test_sites_that_are_not_ok_come_first_and_their_calendars_are_open():
    sites = [make_site(f"ok{number}", [S, N]) for number in range(9)]
    sites += [make_site("late", [S, L]), make_site("missing", [S, M, M]), make_site("failed", [F])]
    assert [site.name for site in sort_sites(sites)][:4] == ["failed", "missing", "late", "ok0"]
    drawn = find(parse_page(render_page(make_picture(sites))), "details")
    assert ["open" in item.attrib for item in drawn] == [True] * 3 + [False] * 9
    assert texts(next(drawn[3].iter("summary"))) == "ok0complete"
    many = parse_page(render_page(make_picture(sites + [make_site(f"more{number}", [S]) for number in range(10)])))
    (section,) = [item for item in many.iter("section") if item[0].get("id") == "sites"]
    shown, complete = section.iter("tbody")
    assert (len(shown), len(complete), texts(next(section.iter("summary")))) == (3, 19, "19 complete sites")
    few = find(parse_page(render_page(make_picture(sites[:2]))), "details")
    assert all("open" in item.attrib for item in few)


def test_many_failures_are_counted():
    root = draw([F] * 530)
    (section,) = [item for item in root.iter("section") if item[0].get("id") == "failures"]
    first, rest = section.iter("tbody")
    assert (len(first), len(rest)) == (20, 480)
    assert texts(section).endswith("--format json has 30 more.")


@pytest.mark.parametrize(("number", "most"), [(1, 30_000), (20, 300_000), (100, 1_300_000)])
def test_five_years_are_a_small_file(number, most):
    """Each site has the two bad days, the gap and the empty days of an ordinary one."""
    states = ([S] * 20 + [State.EMPTY] + [S] * 79) * 17 + [F] + [S] * 30 + [M] * 30 + [F] + [State.RECHECKED] * 63 + [N]
    assert len(states) == 1826
    site = make_site("a", states)
    assert len(render_page(make_picture([site] * number)).encode()) < most


def test_years_without_two_days_alike_are_35_kilobytes_a_site():
    """So 100 sites of the worst kind are 3.5 MB."""
    site = make_site("a", [ALL[number % 6] for number in range(1826)])
    page = render_page(make_picture([site] * 12))
    assert len(page.encode()) < 12 * 35_000 + 20_000 + 500 * 500, "the sites, the rest, and the failed days"
    assert page.count("<title>") == 1, "the runs have no titles"


@pytest.mark.parametrize("colors", [LIGHT, DARK])
def test_texts_and_signs_have_contrast(colors):
    """WCAG 2.2: 4.5 for a text, 3 for a sign."""

    def contrast(one, other):
        high, low = sorted((luminance(colors[one]), luminance(colors[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for ground in ("paper", "card"):
        for name in ("ink", "soft", "failed", "missing", "late", "stored"):
            assert contrast(name, ground) >= 4.5, (name, ground)
    for state in State:
        assert contrast(state, "paper") >= 3, state


def luminance(color):
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
