"""Planner and consumers in workerd, with a clock and a queue that the tests drive."""

from __future__ import annotations

import gzip
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from contract.control_objects import failure_key, lease_key
from contract.operator_token import derive_operator_token
from contract.schedule import parse_day
from tests.worker.conftest import KEY, bindings
from tests.worker.harness import Harness, find_bundle

QUEUE, DEAD = "bv-days", "bv-dead-days"
NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
OPERATOR = derive_operator_token(KEY)
DELIVERIES = 5
Body = dict[str, Any]


def days_ago(count: int) -> str:
    """Return the day so many days before the made-up present."""
    return str((NOW - timedelta(days=count)).date())


def site(name: str, start: str, end: str | None = None) -> Body:
    """Return a site as the binding SITES has it."""
    return {"name": name, "startDate": start, **({"endDate": end} if end else {})}


def declare_worker(url: str, *sites: Body, bucket: str, limits: Body | None = None, **changes: Any) -> Body:
    """Return a worker of the harness with these sites. ``producer`` and ``consumes`` are those of harness.mjs."""
    queues: Body = {"producer": changes.pop("producer", None), "consumes": changes.pop("consumes", [])}
    declared = {"SITES": json.dumps(sites), "SETTLE_HOURS": "6", "RECHECK_DAYS": "3", "DEAD_LETTER_QUEUE": DEAD}
    bound = bindings(url, LIMITS=limits or {}, **{**declared, **changes})
    return {"bindings": bound, "bucket": bucket, "wrapped": True, **queues}


class QueueWorld:
    """workerd with the given workers. Each has its own clock, which begins at NOW."""

    def __init__(self, folder: Path, workers: dict[str, Body]) -> None:
        self.harness = Harness(folder, workers=workers, worker=find_bundle("backfill"), wrapper="queue/probe.mjs")
        self.control, self.stop = self.harness.control, self.harness.stop

    def open(self, name: str) -> Backfill:
        """Return a worker with an empty bucket and an empty queue, at NOW."""
        backfill = Backfill(self, name)
        backfill.clear()
        return backfill


class Backfill:
    """One worker of the world."""

    def __init__(self, world: QueueWorld, name: str) -> None:
        self.world, self.name = world, name
        self.now = NOW

    def clear(self) -> None:
        """Empty the bucket and the queue, and set the clock to NOW."""
        self.world.control("clear", worker=self.name)
        self.set()
        self.sent()

    def set(self, **changes: Any) -> None:
        """Set the clock, and what the probe does otherwise."""
        self._send("POST", "/__set", json={"ms": int(self.now.timestamp() * 1000), **changes})

    def advance(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)
        self.set()

    def ask(self, method: str, path: str, *, token: str | None = OPERATOR, **given: Any) -> httpx.Response:
        """Send a request with the operator token."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self._send(method, path, headers=headers, **given)

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        return self.world.harness.http.request(method, self.world.harness.urls[self.name] + path, **given)

    def plan(self) -> list[Body]:
        """Run the planner, and return the messages that it sent."""
        assert self.cron() == "ok"
        return self.sent()

    def cron(self) -> str:
        """Run the planner, and return the outcome of the invocation."""
        return str(self.world.control("cron", worker=self.name)["outcome"])

    def sent(self) -> list[Body]:
        """Return the messages since the last call."""
        messages: list[Body] = self._send("GET", "/__sent").json()
        return messages

    def deliver(self, body: Any, attempts: int = 1, queue: str = QUEUE) -> Body:
        """Deliver a message. Returns the outcome, whether it was acknowledged or is retried, and the delay in seconds."""
        done: Body = self.world.control("queue", worker=self.name, queue=queue, body=body, attempts=attempts)
        return done

    def copy(self, day: str, attempts: int = 1, what: str = "copy", name: str = "odd") -> Body:
        """Deliver the message of a day."""
        return self.deliver({"v": 1, "site": name, "day": day, "what": what}, attempts)

    def list_keys(self, prefix: str = "timeseries/") -> list[str]:
        """Return the keys that begin with a prefix."""
        return [key for key in self.world.control("list", worker=self.name) if key.startswith(prefix)]

    def days(self, name: str = "odd") -> list[str]:
        """Return the stored days of a site."""
        return [key.split("/")[2] for key in self.list_keys(f"timeseries/{name}/")]

    def put(self, key: str, body: Any) -> None:
        """Write an object, JSON unless it is bytes."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.world.control("put", worker=self.name, key=key, content=content)

    def get(self, key: str) -> Body | None:
        """Return an object with its body as JSON in ``json``, None for an absent one."""
        found = self._read(key)
        return found and {**found, "json": json.loads(found["body"])}

    def _read(self, key: str) -> Body | None:
        found: Body | None = self.world.control("get", worker=self.name, key=key)
        return found

    def rows(self, day: str, name: str = "odd") -> tuple[str, list[Any]]:
        """Return the revision of a stored day, and the values of its rows, sorted."""
        found = self._read(f"timeseries/{name}/{day}/data.ndjson.gz")
        assert found is not None, day
        lines = gzip.decompress(found["body"]).splitlines()
        return found["custom"]["revision"], sorted(json.loads(line)["value"] for line in lines)

    def failure(self, day: str, name: str = "odd") -> Body | None:
        """Return the failure record of a day."""
        found = self.get(failure_key(name, _parse(day)))
        return found and found["json"]

    def lease(self, day: str, name: str = "odd") -> Body | None:
        """Return the lease of a day."""
        found = self.get(lease_key(name, _parse(day)))
        return found and found["json"]

    def put_lease(self, day: str, seconds: float, name: str = "odd") -> None:
        """Write a lease of another run that lasts so long from now."""
        expires = (self.now + timedelta(seconds=seconds)).isoformat()
        self.put(lease_key(name, _parse(day)), {"run": "another", "expires_at": expires})

    def status(self) -> Body:
        """Return the answer of GET /status."""
        answer = self.ask("GET", "/status")
        assert answer.status_code == 200, answer.text
        body: Body = answer.json()
        return body

    def runs(self) -> list[Body]:
        """Return the run log, newest first."""
        found = self.get("_control/backfill/runs.json")
        return [] if found is None else list(found["json"]["runs"])


def _parse(day: str) -> Any:
    return parse_day(day)


class Broker:
    """A queue that drives so many consumers at once. Delays pass at once, and the fifth failure is a dead letter."""

    def __init__(self, backfill: Backfill, consumers: int) -> None:
        self.backfill, self.consumers = backfill, consumers
        self.waiting: list[tuple[Body, int]] = []
        self.dead: list[Body] = []
        self._lock = threading.Lock()

    def add(self, *bodies: Body) -> None:
        """Queue messages."""
        self.waiting += [(body, 1) for body in bodies]

    def drain(self) -> None:
        """Deliver until no message waits."""
        while self.waiting:
            batch, self.waiting = self.waiting, []
            with ThreadPoolExecutor(self.consumers) as pool:
                list(pool.map(self._deliver, batch))

    def _deliver(self, item: tuple[Body, int]) -> None:
        body, attempts = item
        done = self.backfill.deliver(body, attempts)
        if done["outcome"] == "ok" and not done["retried"]:
            return
        with self._lock:
            if attempts == DELIVERIES:
                self.dead.append(body)
            else:
                self.waiting.append((body, attempts + 1))
