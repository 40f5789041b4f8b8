"""The command is green on messages of a tail only if they show a good batch."""

import json
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosedError

from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import URL
from tests.fakes.outcomes import run_outcomes
from tests.fakes.strategies import BYTES, JSON, NESTED, TEXT, mutants, some
from tests.fakes.tail import trace

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested


def shows_a_good_batch(item):
    """Whether a message is a batch that ended well and logged both successes: by other means than the check's."""
    try:
        asked, logs = item["event"]["request"], item["logs"]
        lines_ = [json.loads(log["message"][0]) for log in logs if isinstance(log, dict)]
        messages = [line["message"] for line in lines_ if "code" not in line]
        errors = item["exceptions"] if isinstance(item["exceptions"], list) else []
        good = item["outcome"] == "ok" and not [error for error in errors if isinstance(error, dict)]
        starts = all(any(said.startswith(line["message"]) for said in messages) for line in RESULTS)
        return (
            good
            and starts
            and len(messages) == len(lines_)
            and asked["method"] == "POST"
            and urlsplit(asked["url"]).path == "/trigger"
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return False


RESULTS = [{"message": "[ACE API] Success", "rows": 3}, {"message": "[Backfill] Data written to R2"}]


ITEM = trace("POST", f"{URL}/trigger", RESULTS)


RAW = st.sampled_from([b"", b"null", b"[]", b"\xff\xfe", NESTED, "\ud800"])


FAILED = {"message": ['{"message":"[Backfill] Batch failed","code":"storage","reason":"r"}']}


WORSE = st.sampled_from(
    [
        {"outcome": "exception"},
        {"outcome": "canceled"},
        {"exceptions": [{"name": "TypeError"}]},
        {"exceptions": [{}]},
        {"logs": ITEM["logs"][1:]},
        {"logs": ITEM["logs"][:1]},
        {"logs": [*ITEM["logs"], FAILED]},
        {"event": {"request": {"method": "GET", "url": f"{URL}/trigger"}}},
    ]
).map(lambda changes: ITEM | changes)


@some(50)
@given(st.one_of(st.just(ITEM), RAW, JSON, mutants(ITEM), mutants(ITEM), WORSE, WORSE))
def test_the_command_is_green_on_messages_of_a_tail_only_if_they_show_a_good_batch(tmp_path, monkeypatch, message):
    monkeypatch.setattr(
        "checks.diagnosis.batch_recording.SETTLE_SECONDS", 0.5
    )  # of which the system's tail takes a tenth
    system = healthy_system()
    system.script.tail.change = lambda item: message if item["event"]["request"]["url"].endswith("/trigger") else item
    code, _ = run_outcomes(tmp_path, system, "logs")
    assert code != 0 or shows_a_good_batch(message)
    assert code == 0 or message != ITEM


@some(20)
@given(
    st.lists(
        st.one_of(BYTES, TEXT, JSON, st.sampled_from([ConnectionClosedError(None, None), OSError("x"), EOFError()])),
        max_size=5,
    )
)
def test_the_command_survives_any_message_of_a_tail(tmp_path, monkeypatch, messages):
    monkeypatch.setattr("checks.diagnosis.batch_recording.SETTLE_SECONDS", 0.5)
    system = healthy_system()
    for message in messages:
        system.script.tail.items.put(message)
    run_outcomes(tmp_path, system, "logs")
