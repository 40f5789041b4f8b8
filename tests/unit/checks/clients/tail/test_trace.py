"""The name of an invocation shows no path and no query of an unknown request."""

import pytest

from checks.clients.tail import trace as traces
from tests.fakes.manifest import URL


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"request": {"method": "POST", "url": f"{URL}/trigger?x=1"}}, "POST /trigger"),
        ({"request": {"method": "GET", "url": f"{URL}/secret/path"}}, "another request"),
        ({"request": {"method": 5, "url": "https://[broken"}}, "another request"),
        ({"request": {"url": f"{URL}/health"}}, "another request"),
        ({"cron": "* * * * *"}, "cron"),
        ({"queue": "x"}, "another event"),
        (None, "another event"),
    ],
)
def test_the_name_of_an_invocation_shows_no_private_path(event, expected):
    assert traces.Invocation.read({"event": event}).event == expected
