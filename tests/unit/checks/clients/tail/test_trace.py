"""The name of an invocation shows no path and no query of an unknown request."""

import pytest

from checks.clients.tail import trace as traces
from checks.clients.tail.recording import Recording
from tests.fakes.manifest import URL


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"request": {"method": "POST", "url": f"{URL}/trigger?x=1"}}, "POST /trigger"),
        ({"request": {"method": "GET", "url": f"{URL}/secret/path"}}, "another request"),
        ({"request": {"method": 5, "url": "https://[broken"}}, "another request"),
        ({"request": {"url": f"{URL}/health"}}, "another request"),
        ({"cron": "* * * * *"}, "cron"),
        ({"queue": "x", "batchSize": 1}, "queue"),
        ({"mailFrom": "x"}, "another event"),
        (None, "another event"),
    ],
)
def test_the_name_of_an_invocation_shows_no_private_path(event, expected):
    assert traces.Invocation.read({"event": event}).event == expected


def test_a_refused_request_for_a_batch_is_no_batch():
    """Its trace may arrive late, after the tail for the batch was opened."""

    def request(status):
        asked = {"method": "POST", "url": "https://w.example/trigger"}
        return {"event": {"request": asked, "response": {"status": status}}, "outcome": "ok"}

    read = [traces.Invocation.read(request(status)) for status in (401, 200, 500)]
    assert [item.event for item in read] == ["a refused POST /trigger", "POST /trigger", "POST /trigger"]
    assert Recording(invocations=read[:1]).batches == 0
    assert Recording(invocations=read).batches == 2
