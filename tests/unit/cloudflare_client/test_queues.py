"""Queues, their consumers and their backlog are read as the official clients read them."""

from datetime import UTC, datetime

import pytest

from cloudflare_client.errors import UnknownShapeError
from cloudflare_client.queues import Backlog, QueueConsumer, parse_backlog, parse_queues
from tests.unit.cloudflare_client.api import Api, ok

CONSUMER = {
    "consumer_id": "c1",
    "type": "worker",
    "script": "backfill",
    "dead_letter_queue": "dead-days",
    "settings": {"batch_size": 1, "max_concurrency": 4, "max_retries": 4, "max_wait_time_ms": 5000, "retry_delay": 0},
}
QUEUE = {
    "queue_id": "q1",
    "queue_name": "days",
    "settings": {"delivery_delay": 0, "delivery_paused": False, "message_retention_period": 345_600},
    "consumers": [CONSUMER],
    "producers": [{"script": "backfill", "type": "worker"}],
}


def test_a_queue_is_found_by_its_exact_name_in_one_request():
    api = Api(queues=[ok([{**QUEUE, "queue_id": "q2", "queue_name": "days-2"}, QUEUE])])
    with api.connect() as client:
        found = client.find_queue("days")
        assert client.find_queue("day") is None
    assert (found.id, found.name, found.paused) == ("q1", "days", False)
    assert found.consumers == (
        QueueConsumer(
            id="c1",
            type="worker",
            script="backfill",
            dead_letter_queue="dead-days",
            batch_size=1,
            max_concurrency=4,
            max_retries=4,
        ),
    )
    assert [request.url.params["name"] for request in api.requests] == ["days", "day"]


def test_the_script_of_a_consumer_has_either_name_and_absent_settings_are_none():
    (queue,) = parse_queues([QUEUE | {"settings": {"delivery_paused": True}, "consumers": [{"script_name": "w"}]}])
    assert queue.paused
    (consumer,) = queue.consumers
    assert (consumer.type, consumer.script, consumer.dead_letter_queue) == ("worker", "w", None)
    assert (consumer.batch_size, consumer.max_concurrency, consumer.max_retries) == (None, None, None)
    (queue,) = parse_queues([{**QUEUE, "consumers": [{**CONSUMER, "dead_letter_queue": ""}]}])
    assert queue.consumers[0].dead_letter_queue == ""


def test_an_account_without_queues_has_none():
    assert parse_queues(None) == parse_queues([]) == ()


def test_a_backlog_is_read_and_zero_is_no_time():
    found = {"backlog_count": 3.0, "backlog_bytes": 300, "oldest_message_timestamp_ms": 1_734_600_000_000}
    moment = datetime(2024, 12, 19, 9, 20, tzinfo=UTC)
    assert parse_backlog(found) == Backlog(messages=3, size=300, oldest=moment)
    empty = {"backlog_count": 0, "backlog_bytes": 0, "oldest_message_timestamp_ms": 0}
    assert parse_backlog(empty) == Backlog(messages=0, size=0, oldest=None)


@pytest.mark.parametrize("result", [None, {}, {"backlog_count": "3"}, {"backlog_count": True}])
def test_a_backlog_of_another_shape_is_refused(result):
    with pytest.raises(UnknownShapeError):
        parse_backlog(result)


@pytest.mark.parametrize("result", [{}, [1], [{"queue_name": "days"}], [{**QUEUE, "consumers": [1]}]])
def test_queues_of_another_shape_are_refused(result):
    with pytest.raises(UnknownShapeError):
        parse_queues(result)
