import json
from datetime import UTC, date, datetime, timedelta

import pytest

from contract import control_objects
from contract.control_objects import ControlObjectError

DAY = date(2024, 12, 10)
AT = datetime(2024, 12, 20, 12, tzinfo=UTC)
KEY = "_control/backfill/failures/ses_falls_city/2024-12-10.json"
FIELDS = {
    "code": "upstream_contract",
    "attempts": "3",
    "first_at": "2024-12-19T12:00:00Z",
    "last_at": "2024-12-20T12:00:00.000Z",
}


def test_a_failure_is_read_from_its_key_and_the_metadata_of_a_list():
    failure = control_objects.parse_failure(KEY, FIELDS)
    assert control_objects.failure_key(failure.site, failure.day) == KEY
    assert (failure.site, failure.day, failure.attempts, failure.last_at) == ("ses_falls_city", DAY, 3, AT)


def test_a_failure_is_read_from_its_content():
    content = FIELDS | {"attempts": 3, "message": "two\nlines", "worker_version": "v1"}
    assert control_objects.parse_failure(KEY, content).message == "two lines"


@pytest.mark.parametrize(("attempts", "hours"), [(1, 1), (2, 6), (3, 24), (4, 24), (40, 24)])
def test_the_pause_before_the_next_attempt_grows_to_a_day(attempts, hours):
    failure = control_objects.parse_failure(KEY, FIELDS | {"attempts": attempts})
    assert failure.next_at == AT + timedelta(hours=hours)


def test_a_day_for_which_ace_did_not_answer_waits_an_hour():
    failure = control_objects.parse_failure(KEY, FIELDS | {"attempts": 40, "code": "upstream_unavailable"})
    assert failure.next_at == AT + timedelta(hours=1)


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("code", None, "code is not a text"),
        ("attempts", "0", "attempts is not a number of at least 1"),
        ("attempts", True, "attempts is not a number of at least 1"),
        ("attempts", "9" * 5000, "attempts is not a number of at least 1"),
        ("last_at", "yesterday", "last_at is not a time"),
        ("first_at", None, "first_at is not a time"),
    ],
)
def test_a_failure_of_another_form_is_refused(name, value, problem):
    with pytest.raises(ControlObjectError, match=problem):
        control_objects.parse_failure(KEY, FIELDS | {name: value})


@pytest.mark.parametrize(
    "key",
    [
        "_control/backfill/failures/2024-12-10.json",
        "_control/backfill/failures/a/2024-13-10.json",
        "_control/backfill/failures/a/b/2024-12-10.json",
        "_control/backfill/failures/a/2024-12-10",
        "timeseries/a/2024-12-10.json",
    ],
)
def test_another_key_is_not_the_key_of_a_failure(key):
    assert control_objects.parse_failure_key(key) is None
    with pytest.raises(ControlObjectError, match="key"):
        control_objects.parse_failure(key, FIELDS)


def test_the_key_of_a_lease_is_read_back():
    key = control_objects.lease_key("site", DAY)
    assert (key, control_objects.parse_lease_key(key)) == ("_control/backfill/leases/site/2024-12-10", ("site", DAY))


def test_a_pause_and_a_lease_are_read():
    pause = control_objects.parse_pause(b'{"reason": "ACE\\n moves", "by": "jo", "at": "2024-12-20T13:00:00+01:00"}')
    assert (pause.reason, pause.by, pause.at) == ("ACE moves", "jo", AT)
    lease = control_objects.parse_lease('{"run": "r1", "expires_at": "2024-12-20T12:00:00Z"}')
    assert (lease.run, lease.expires_at) == ("r1", AT)


def test_a_plan_is_read():
    days = {"site/2024-12-10": {"what": "copy", "at": "2024-12-20T12:00:00Z"}}
    (planned,) = control_objects.parse_plan(json.dumps({"schema": 1, "days": days}))
    assert (planned.site, planned.day, planned.what, planned.at) == ("site", DAY, "copy", AT)


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"schema": 2, "days": {}}', '{"schema": 1, "days": {"x": {}}}', "[" * 100_000]
)
def test_a_plan_of_another_form_is_refused(body):
    with pytest.raises(ControlObjectError):
        control_objects.parse_plan(body)


@pytest.mark.parametrize("body", [b"\xff", b"{}", b'{"reason": 1, "by": "jo", "at": "2024-12-20"}'])
def test_a_pause_of_another_form_is_refused(body):
    with pytest.raises(ControlObjectError):
        control_objects.parse_pause(body)
