"""The page in Chromium: nothing is blocked or requested, nothing is cut off, and every sign differs without colour."""

import pytest

from backfill.picture.page.document import render_page
from backfill.picture.page.look import DARK, LIGHT
from backfill.picture.site import State
from contract.control_objects import Pause
from tests.browser import find_browser, open_browser
from tests.fakes.pictures import NOW, make_picture, make_site

BROWSER = find_browser()
LONG = "a-site-with-a-name-of-64-characters-which-is-the-longest-allowed"
CUT_OFF = """
[...document.querySelectorAll('body *:not(.defs, .defs *)')].filter(item => item.checkVisibility()
  && item.getBoundingClientRect().right > innerWidth + 1).map(item => item.tagName + ' ' + item.textContent.slice(0, 60))
"""
SIGNS = """
[...document.querySelectorAll('.legend svg')].map(item => item.getBoundingClientRect())
  .map(({x, y, width, height}) => ({x: x + scrollX, y: y + scrollY, width, height}))
"""


@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed here")
def test_the_page_in_a_browser(tmp_path):
    """Looks at phone and desktop width in both themes, in one process, because its start takes most of the time."""
    states = [State.STORED] * 350 + [*State] * 3
    sites = [make_site("ses_falls_city", states), make_site(LONG, [State.STORED] * 40)]
    pause = Pause(reason="ACE is being migrated", by="jo@example.org", at=NOW)
    file = tmp_path / "page.html"
    file.write_text(render_page(make_picture(sites, pause=pause)))
    with open_browser(BROWSER, tmp_path / "profile") as page:
        page.open(file)
        for width, theme, colors in ((390, "light", LIGHT), (1440, "dark", DARK)):
            page.show(width=width, theme=theme)
            ground = "getComputedStyle(document.body).backgroundColor"
            red, green, blue = (int(colors["paper"][at : at + 2], 16) for at in (1, 3, 5))
            assert page.evaluate(ground) == f"rgb({red}, {green}, {blue})"
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.evaluate(CUT_OFF) == []
            page.send("Emulation.setEmulatedVisionDeficiency", type="achromatopsia")
            signs = {page.take(**clip) for clip in page.evaluate(SIGNS)}
            assert len(signs) == len(State), "each sign differs without its colour"
        assert list_requests(page) == [file.as_uri()]
        assert list_messages(page) == []
        page.show(width=150, theme="light")
        assert page.evaluate(CUT_OFF), "the test can find a text that is cut off"

        file.write_text(file.read_text().replace("<style>", "<style>p{margin:0}"))
        page.open(file)
        assert any("Content Security Policy" in text for text in list_messages(page)), "the policy is in force"


def list_requests(page):
    sent = [event["params"] for event in page.events if event["method"] == "Network.requestWillBeSent"]
    addresses = [params["request"]["url"] for params in sent]
    return [address for address in addresses if not address.startswith("data:")]  # the filter of the emulation


def list_messages(page):
    return [event["params"]["entry"]["text"] for event in page.events if event["method"] == "Log.entryAdded"]
