"""The health answer of the backfill worker."""

from __future__ import annotations

import pytest

from .conftest import UNUSABLE, World


def test_health_names_the_service_and_the_version(world: World) -> None:
    answer = world.ask("main", "GET", "/health")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "status": "healthy",
        "service": "backfill-worker",
        "version": "1.0.0",
        "worker_version": {"id": "version-1", "tag": "bv:test"},
    }
    head = world.ask("main", "HEAD", "/health")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize(
    "worker", ["no-key", "empty-key", "blank-key", "key-not-text", "no-bucket", "head-fails", *UNUSABLE]
)
def test_health_checks_each_binding_and_does_not_name_it(world: World, worker: str) -> None:
    answer = world.ask(worker, "GET", "/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert set(answer.json()) == {"status", "service", "version", "worker_version"}
    assert "KEY" not in answer.text
    assert world.ask(worker, "HEAD", "/health").status_code == 503
    assert {line["message"] for line in world.logs("Unhealthy")} == {"[Backfill] Unhealthy"}


def test_health_makes_one_head_call_and_no_list_call(world: World) -> None:
    assert world.ask("counted", "GET", "/health").headers["x-r2-calls"] == '{"head":1}'
    assert world.ask("head-fails", "GET", "/health").headers["x-r2-calls"] == '{"head":1}'
    assert world.odd.requests == []
