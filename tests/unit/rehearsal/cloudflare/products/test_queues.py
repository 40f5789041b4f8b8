"""Queues and consumers answer and refuse as Cloudflare's API does."""

import asyncio

import pytest

from rehearsal.edge.queue_socket import SentMessage

CONSUMER = b"export default { async queue(batch) {} }"
PRODUCER = [{"name": "DAYS", "type": "queue", "queue_name": "days"}]
SETTINGS = {"delivery_delay": 0, "delivery_paused": False, "message_retention_period": 345_600}
DEFAULTS = {"batch_size": 10, "max_concurrency": None, "max_retries": 3, "max_wait_time_ms": 5000, "retry_delay": 0}


@pytest.fixture
def queue(account):
    return account.http.post("queues", json={"queue_name": "days"}).raise_for_status().json()["result"]


@pytest.fixture
def consumers(account, queue):
    account.upload("backfill", code=CONSUMER).raise_for_status()
    return f"queues/{queue['queue_id']}/consumers"


def add(account, consumers, **given):
    return account.http.post(consumers, json={"type": "worker", "script_name": "backfill", **given})


def send(account, *texts):
    """Send as a worker does, by way of the edge."""
    sent = [SentMessage(body=text, content_type="text", delay=None) for text in texts]
    asyncio.run_coroutine_threadsafe(account.edge.on_send("days", sent), account.loop).result(5)


def test_a_new_queue_has_defaults_and_is_listed_by_its_exact_name(account, queue):
    account.http.post("queues", json={"queue_name": "days-2"}).raise_for_status()
    assert (queue["settings"], queue["consumers"], queue["producers_total_count"]) == (SETTINGS, [], 0)
    assert account.result(f"queues/{queue['queue_id']}") == queue
    assert [item["queue_name"] for item in account.result("queues")] == ["days", "days-2"]
    assert account.result("queues?name=days&page=1") == [queue]
    assert account.result("queues?name=day") == account.result("queues?page=2") == []
    assert account.http.get("queues").json()["result_info"]["total_count"] == 2


def test_names_that_cloudflare_refuses(account, queue, code):
    assert code(account.http.post("queues", json={"queue_name": "days"})) == (409, 11009)
    for name in ("", "Days", "a_b", "-a", "x" * 64, None):
        assert code(account.http.post("queues", json={"queue_name": name})) == (400, 11003)
    assert account.http.post("queues", json={"queue_name": "x" * 63}).status_code == 200


@pytest.mark.parametrize("path", ["queues/none", "queues/none/metrics", "queues/none/consumers"])
def test_an_unknown_queue_is_refused(account, code, path):
    assert code(account.http.get(path)) == (404, 11000)


def test_settings_are_changed_one_by_one_and_out_of_range_is_refused(account, queue, code):
    path = f"queues/{queue['queue_id']}"
    for method, sent in (
        ("PATCH", {"queue_name": "days", "settings": {"delivery_paused": True}}),  # wrangler queues pause-delivery
        ("PUT", {"settings": {"message_retention_period": 60, "delivery_delay": 5}}),
    ):
        assert account.http.request(method, path, json=sent).status_code == 200
    changed = {"delivery_delay": 5, "delivery_paused": True, "message_retention_period": 60}
    assert account.result(path)["settings"] == changed
    for bad in ({"delivery_delay": 86_401}, {"message_retention_period": 59}, {"delivery_paused": "yes"}):
        assert code(account.http.patch(path, json={"settings": bad})) == (400, 100128)
    assert account.result(path)["settings"] == changed


def test_a_consumer_is_created_changed_and_deleted(account, consumers):
    made = add(account, consumers, settings={"batch_size": 1}).json()["result"]
    assert (made["script"], made["dead_letter_queue"], made["queue_name"]) == ("backfill", "", "days")
    assert "script_name" not in made, "the API answers `script`"
    assert made["settings"] == {**DEFAULTS, "batch_size": 1}
    account.http.post("queues", json={"queue_name": "dead"}).raise_for_status()
    path = f"{consumers}/{made['consumer_id']}"
    sent = {
        "script_name": "backfill",
        "type": "worker",
        "dead_letter_queue": "dead",
        "settings": {"max_concurrency": 4},
    }
    assert account.http.put(path, json=sent).status_code == 200
    changed = account.result(path)
    assert (changed["dead_letter_queue"], changed["settings"]["max_concurrency"]) == ("dead", 4)
    assert account.result(consumers) == account.result("queues?name=days")[0]["consumers"] == [changed]
    assert account.http.delete(path).status_code == 200
    assert account.result(consumers) == []


def test_consumers_that_cloudflare_refuses(account, consumers, code):
    assert code(add(account, consumers, script_name="none")) == (404, 10007)
    account.upload("page").raise_for_status()
    assert code(add(account, consumers, script_name="page")) == (400, 11001)
    assert code(add(account, consumers, dead_letter_queue="none")) == (404, 11000)
    for bad in ({"max_concurrency": 251}, {"batch_size": 0}, {"max_retries": 101}, {"retry_delay": 86_401}):
        assert code(add(account, consumers, settings=bad)) == (400, 100127)
    assert code(add(account, consumers, type="other")) == (400, 100127)
    assert add(account, consumers).status_code == 200
    assert code(add(account, consumers)) == (400, 11004)
    assert code(account.http.get(f"{consumers}/none")) == (404, 11002)


def test_a_binding_needs_an_existing_queue_and_keeps_it(account, queue, code):
    other = [{"name": "DAYS", "type": "queue", "queue_name": "none"}]
    assert code(account.upload("page", bindings=other)) == (400, 11000)
    assert code(account.upload("page", bindings=[{"name": "DAYS", "type": "queue"}])) == (400, 10021)
    account.upload("page", bindings=PRODUCER).raise_for_status()
    path = f"queues/{queue['queue_id']}"
    assert account.result(path)["producers"] == [{"type": "worker", "script": "page"}]
    assert code(account.http.delete(path)) == (400, 11005)
    account.upload("page").raise_for_status()
    assert account.http.delete(path).status_code == 200
    assert code(account.http.get(path)) == (404, 11000)


def test_a_consumer_keeps_its_worker_and_its_handler(account, consumers, code):
    made = add(account, consumers).json()["result"]
    assert code(account.http.delete("workers/scripts/backfill")) == (400, 10064)
    assert code(account.http.delete("workers/services/backfill?force=true")) == (400, 10064)
    assert code(account.upload("backfill")) == (400, 11001)
    account.http.delete(f"{consumers}/{made['consumer_id']}").raise_for_status()
    assert account.upload("backfill").status_code == account.http.delete("workers/scripts/backfill").status_code == 200


def test_messages_are_delivered_and_the_backlog_is_shown(account, queue, consumers):
    metrics = f"queues/{queue['queue_id']}/metrics"
    assert account.result(metrics) == {"backlog_count": 0, "backlog_bytes": 0, "oldest_message_timestamp_ms": 0}
    send(account, b"one", b"two")
    found = account.result(metrics)
    assert (found["backlog_count"], found["backlog_bytes"]) == (2, 6)
    assert found["oldest_message_timestamp_ms"] > 0
    add(account, consumers).raise_for_status()
    asyncio.run_coroutine_threadsafe(account.cloudflare.account.broker.settle(5), account.loop).result(5)
    assert [(name, queue, len(batch)) for name, queue, batch in account.edge.delivered] == [("backfill", "days", 2)]
    assert account.result(metrics)["backlog_count"] == 0
