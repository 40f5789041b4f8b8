"""The broker delivers at least once: concurrency, retries, delays, dead letters, pause and a killed workerd."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from rehearsal.clock import Clock
from rehearsal.cloudflare.queues import Broker, Consumer, ConsumerSettings, Queue, QueueSettings
from rehearsal.edge import EdgeError
from rehearsal.edge.queue_socket import NotSentError, SentMessage

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
KILLED = {"outcome": "killed"}
OK = {"outcome": "ok"}


class Edge:
    """A worker whose handler ends with the next result, and waits for `hold` first."""

    def __init__(self, *results):
        self.results, self.deliveries = list(results), []
        self.hold, self.called = asyncio.Event(), asyncio.Event()
        self.active = self.most = 0
        self.hold.set()

    async def receive_sent(self, on_send):
        self.on_send = on_send

    async def deliver(self, script, queue, messages):
        self.deliveries.append((script, queue, [message["id"] for message in messages], messages[0]["attempts"]))
        self.called.set()
        self.active += 1
        self.most = max(self.most, self.active)
        await self.hold.wait()
        self.active -= 1
        result = self.results.pop(0) if self.results else OK
        if isinstance(result, Exception):
            raise result
        return result(messages) if callable(result) else result


def consumer(**settings):
    given = {"batch_size": 1, "max_concurrency": 4, "max_retries": 4, **settings}
    dead = given.pop("dead_letter_queue", "dead-days")
    return Consumer(
        id="c", type="worker", script="w", dead_letter_queue=dead, settings=ConsumerSettings(**given), created_on=""
    )


def queue(name="days", *consumers, **settings):
    return Queue(
        id=f"id-{name}",
        name=name,
        created_on="",
        modified_on="",
        settings=QueueSettings(**settings),
        consumers=consumers,
    )


def broker(edge, *queues):
    clock = Clock(real=lambda: NOW)
    made = Broker(edge=edge, clock=clock.now)
    made.replace({each.name: each for each in queues})
    return made, clock


def message(text="x", delay=None, kind="text"):
    return SentMessage(body=text.encode(), content_type=kind, delay=delay)


def retry(delay=None):
    return lambda messages: {**OK, "retryMessages": [{"msgId": each["id"], "delaySeconds": delay} for each in messages]}


def left(broker, name="days"):
    return [(item.body.decode(), item.attempts) for item in broker.list_messages(broker.queues[name])]


def run(test):
    """Run an async test without waiting longer than a test may."""

    async def bounded():
        async with asyncio.timeout(5):
            await test()

    asyncio.run(bounded())


def test_a_sent_message_is_delivered_once_and_gone():
    async def check():
        edge = Edge()
        made, _ = broker(edge, queue("days", consumer()))
        await made.accept("days", [message()])
        assert await made.settle(1)
        assert [each[:2] for each in edge.deliveries] == [("w", "days")]
        assert left(made) == []

    run(check)


@pytest.mark.parametrize("limit", [1, 3, 8])
def test_as_many_consumers_run_at_once_as_the_queue_declares(limit):
    async def check():
        edge = Edge()
        edge.hold.clear()
        made, _ = broker(edge, queue("days", consumer(max_concurrency=limit)))
        await made.accept("days", [message() for _ in range(20)])
        await asyncio.sleep(0)
        assert len(made.list_messages(made.queues["days"])) == 20, "a message in delivery is not acknowledged"
        edge.hold.set()
        assert await made.settle(1)
        assert (edge.most, len(edge.deliveries), left(made)) == (limit, 20, [])

    run(check)


def test_without_a_limit_all_batches_run_at_once():
    async def check():
        edge = Edge()
        made, _ = broker(edge, queue("days", consumer(max_concurrency=None, batch_size=10)))
        await made.accept("days", [message() for _ in range(30)])
        assert await made.settle(1)
        assert [len(ids) for _, _, ids, _ in edge.deliveries] == [10, 10, 10]

    run(check)


@pytest.mark.parametrize("failure", [KILLED, {"outcome": "exception"}, {**OK, "retryBatch": {"retry": True}}])
def test_a_message_of_a_handler_that_failed_is_delivered_again(failure):
    async def check():
        edge = Edge(failure, failure)
        made, _ = broker(edge, queue("days", consumer()))
        await made.accept("days", [message()])
        assert await made.settle(1)
        assert [attempts for *_, attempts in edge.deliveries] == [1, 2, 3]
        assert left(made) == []

    run(check)


def test_an_acknowledged_message_of_a_failed_batch_is_not_delivered_again():
    async def check():
        edge = Edge(lambda messages: {"outcome": "exception", "explicitAcks": [messages[0]["id"]]})
        made, _ = broker(edge, queue("days", consumer(batch_size=2)))
        await made.accept("days", [message("a"), message("b")])
        assert await made.settle(1)
        (first, second) = edge.deliveries
        assert second[2] == first[2][1:]

    run(check)


def test_after_the_last_retry_a_message_goes_to_the_dead_letter_queue_with_its_id():
    async def check():
        edge = Edge(*[KILLED] * 5)
        made, _ = broker(edge, queue("days", consumer()), queue("dead-days"))
        await made.accept("days", [message()])
        assert await made.settle(1)
        assert [attempts for *_, attempts in edge.deliveries] == [1, 2, 3, 4, 5]
        assert (left(made), left(made, "dead-days")) == ([], [("x", 0)])
        assert made.list_messages(made.queues["dead-days"])[0].id == edge.deliveries[0][2][0]

    run(check)


def test_a_dead_letter_queue_has_its_own_consumer():
    async def check():
        edge = Edge(*[KILLED] * 5)
        dead = queue("dead-days", consumer(batch_size=10, max_concurrency=1, dead_letter_queue=""))
        made, _ = broker(edge, queue("days", consumer()), dead)
        await made.accept("days", [message()])
        assert await made.settle(1)
        assert [each[1] for each in edge.deliveries] == ["days"] * 5 + ["dead-days"]
        assert left(made, "dead-days") == []

    run(check)


def test_without_a_dead_letter_queue_a_message_is_lost_after_its_last_retry():
    async def check():
        made, _ = broker(Edge(*[KILLED] * 2), queue("days", consumer(max_retries=1, dead_letter_queue="")))
        await made.accept("days", [message()])
        assert await made.settle(1)
        assert left(made) == []

    run(check)


@pytest.mark.parametrize(("asked", "seconds"), [(60, 60), (None, 30)])
def test_a_retried_message_waits_for_its_delay_by_the_clock_of_the_rehearsal(asked, seconds):
    async def check():
        edge = Edge(retry(asked))
        made, clock = broker(edge, queue("days", consumer(retry_delay=30)))
        await made.accept("days", [message()])
        assert await made.settle(1)
        assert (len(edge.deliveries), made.find_next_due()) == (1, NOW + timedelta(seconds=seconds))
        clock.move_to(clock.now() + timedelta(seconds=seconds))
        made.wake()
        assert await made.settle(1)
        assert (len(edge.deliveries), left(made)) == (2, [])

    run(check)


@pytest.mark.parametrize(("delay", "default", "seconds"), [(5, 0, 5), (None, 7, 7), (0, 7, None)])
def test_a_message_may_be_sent_with_a_delay(delay, default, seconds):
    async def check():
        edge = Edge()
        made, _ = broker(edge, queue("days", consumer(), delivery_delay=default))
        await made.accept("days", [message(delay=delay)])
        await made.settle(1)
        assert made.find_next_due() == (None if seconds is None else NOW + timedelta(seconds=seconds))
        assert len(edge.deliveries) == (1 if seconds is None else 0)
        await made.stop()

    run(check)


def test_a_delay_ends_by_itself():
    async def check():
        edge = Edge()
        clock = Clock()
        made = Broker(edge=edge, clock=clock.now)
        made.replace({"days": queue("days", consumer())})
        await made.accept("days", [message(delay=1)])
        clock.move_to(clock.now() + timedelta(seconds=0.98))
        made.wake()
        await edge.called.wait()
        assert await made.settle(1)

    run(check)


def test_a_paused_queue_holds_its_messages():
    async def check():
        edge = Edge()
        paused = queue("days", consumer(), delivery_paused=True)
        made, _ = broker(edge, paused)
        await made.accept("days", [message()])
        assert await made.settle(1)
        assert (edge.deliveries, left(made), made.find_next_due()) == ([], [("x", 0)], None)
        made.replace({"days": replace(paused, settings=QueueSettings())})
        assert await made.settle(1)
        assert left(made) == []

    run(check)


def test_messages_wait_for_a_consumer_and_a_deleted_queue_loses_them():
    async def check():
        edge = Edge()
        made, _ = broker(edge, queue("days"))
        await made.accept("days", [message()])
        assert left(made) == [("x", 0)]
        made.replace({})
        made.replace({"days": queue("days", consumer())})
        assert await made.settle(1)
        assert edge.deliveries == []

    run(check)


def test_a_message_is_dropped_after_its_retention():
    async def check():
        made, clock = broker(Edge(), queue("days", message_retention_period=60))
        await made.accept("days", [message()])
        clock.move_to(clock.now() + timedelta(seconds=59))
        made.wake()
        assert left(made) == [("x", 0)]
        clock.move_to(clock.now() + timedelta(seconds=1))
        made.wake()
        assert left(made) == []

    run(check)


def test_a_script_that_is_not_deployed_costs_no_attempt():
    async def check():
        edge = Edge(LookupError("w"))
        made, clock = broker(edge, queue("days", consumer()))
        await made.accept("days", [message()])
        assert await made.settle(1)
        assert left(made) == [("x", 0)]
        clock.move_to(clock.now() + timedelta(seconds=1))
        made.wake()
        assert await made.settle(1)
        assert left(made) == []

    run(check)


def test_nothing_is_delivered_after_the_end():
    async def check():
        edge = Edge(EdgeError("the local edge is closed"))
        made, _ = broker(edge, queue("days", consumer()))
        await made.start()
        await edge.on_send("days", [message(), message(delay=1)])
        assert not await made.settle(0.02), "a delivery to an edge that has ended never ends"
        await made.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(check)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ([message("x" * 128_001)], "10204"),
        ([message()] * 101, "10206"),
        ([message("x" * 100_000)] * 3, "10205"),
        ([message(delay=86_401)], "10203"),
        ([message(kind="xml")], "10203"),
    ],
)
def test_messages_beyond_a_limit_are_refused_as_a_whole(sent, reason):
    async def check():
        made, _ = broker(Edge(), queue("days"))
        await made.accept("days", [message("x" * 128_000)])
        await made.accept("days", [message("x" * 2_560)] * 100)
        with pytest.raises(NotSentError, match=reason):
            await made.accept("days", sent)
        assert len(made.list_messages(made.queues["days"])) == 101

    run(check)


def test_a_message_to_a_deleted_queue_is_refused():
    async def check():
        made, _ = broker(Edge())
        with pytest.raises(NotSentError, match="10104"):
            await made.accept("days", [message()])

    run(check)
