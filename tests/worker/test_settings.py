"""Absent and unusable bindings of the backfill worker."""

from __future__ import annotations

import pytest

from .conftest import UNUSABLE, World, check_refusal


@pytest.mark.parametrize("worker", UNUSABLE)
def test_an_unusable_setting_is_not_replaced_by_a_default(world: World, worker: str) -> None:
    (name,) = UNUSABLE[worker]
    check_refusal(world.ask(worker, "POST", "/trigger"), 401, "unauthorized")
    answer = world.trigger(worker)
    check_refusal(answer, 503, "not_configured")
    assert name in answer.json()["error"]["message"]
    assert world.control("cron", worker=worker)["outcome"] == "exception"
    assert (world.keys(worker), world.odd.requests) == ([], [])
    world.logs("[Backfill] Not configured", name)


@pytest.mark.parametrize(
    ("worker", "answered", "absent"),
    [
        ("no-bucket", (502, "storage"), ["BUCKET"]),
        ("unbound", (503, "not_configured"), ["BUCKET", "CF_VERSION_METADATA"]),
        ("bare", (503, "not_configured"), ["ACE_API_KEY", "BUCKET", "CF_VERSION_METADATA"]),
    ],
)
def test_the_log_names_every_absent_binding(
    world: World, worker: str, answered: tuple[int, str], absent: list[str]
) -> None:
    world.logs()
    answer = world.trigger(worker)
    check_refusal(answer, *answered)
    assert "BUCKET" not in answer.text
    lines = [line for line in world.logs("Not configured") if line["message"] == "[Backfill] Not configured"]
    assert [line["unusable"] for line in lines] == [absent]
