"""Faults of the queue: its consumers, its messages, and the control objects of planner and consumer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from contract.control_objects import PLAN_KEY, failure_key, lease_key
from rehearsal.edge.queue_socket import SentMessage
from rehearsal.faults import Apply, Fault, actions
from rehearsal.faults.actions import Patch, patch_worker
from rehearsal.local_system import LocalSystem, outside_pulumi

_DAYS, _DEAD_DAYS = "days", "dead-days"
_HOURS = timedelta(hours=2)
_FAR = "2099-01-01T00:00:00.000Z"
_SITE, _FIRST_DAYS = "ses_falls_city", (date(2024, 12, 10), date(2024, 12, 11))  # those of a rehearsal
_FAILED = {"code": "upstream_contract", "attempts": "2", "worker_version": "v"}
_OTHER_SITES = json.dumps([{"name": "ses_elsewhere", "startDate": "2024-12-10", "endDate": "2024-12-11"}])


async def _find_queue(local: LocalSystem, end: str) -> dict[str, Any]:
    [queue] = await outside_pulumi.call_api(local, "GET", f"queues?name={local.worker_name}-{end}")
    return dict(queue)


async def _remove_consumer(local: LocalSystem, end: str = _DAYS) -> None:
    queue = await _find_queue(local, end)
    [consumer] = queue["consumers"]
    path = f"queues/{queue['queue_id']}/consumers/{consumer['consumer_id']}"
    await outside_pulumi.call_api(local, "DELETE", path)


async def _pause_queue(local: LocalSystem) -> None:
    queue = await _find_queue(local, _DAYS)
    sent = {"settings": {"delivery_paused": True}}
    await outside_pulumi.call_api(local, "PATCH", f"queues/{queue['queue_id']}", json=sent)


async def _change_concurrency(local: LocalSystem) -> None:
    queue = await _find_queue(local, _DAYS)
    [consumer] = queue["consumers"]
    sent = {"settings": {"max_concurrency": 50}}
    path = f"queues/{queue['queue_id']}/consumers/{consumer['consumer_id']}"
    await outside_pulumi.call_api(local, "PUT", path, json=sent)


async def _delete_dead_letter_queue(local: LocalSystem) -> None:
    queue = await _find_queue(local, _DEAD_DAYS)
    await outside_pulumi.call_api(local, "DELETE", f"queues/{queue['queue_id']}")


async def _keep_dead_letters(local: LocalSystem) -> None:
    """Remove the consumer of the dead-letter queue, and let a message wait in the queue."""
    await _remove_consumer(local, _DEAD_DAYS)
    body = json.dumps({"v": 1, "site": _SITE, "day": str(_FIRST_DAYS[0]), "what": "copy"}).encode()
    message = SentMessage(body=body, content_type="json", delay=None)
    await local.cloudflare.account.broker.accept(f"{local.worker_name}-{_DEAD_DAYS}", [message])
    await local.move_clock(timedelta(minutes=20))


def _stand_still(*patches: Patch) -> Apply:
    """Deploy a patched worker, and let its crons run for two hours."""

    async def apply(local: LocalSystem) -> None:
        await patch_worker(*patches)(local)
        await local.move_clock(_HOURS)

    return apply


async def _write(local: LocalSystem, key: str, content: Any, metadata: Mapping[str, str] | None = None) -> None:
    body, about = json.dumps(content).encode(), {"contentType": "application/json"}
    await local.edge.r2_put(local.bucket, key, body, http_metadata=about, custom_metadata=metadata or {})


async def _keep_leases(local: LocalSystem) -> None:
    for day in _FIRST_DAYS:
        await _write(local, lease_key(_SITE, day), {"run": "another-program", "expires_at": _FAR})
    await local.move_clock(_HOURS)


async def _keep_plan(local: LocalSystem) -> None:
    days = {f"{_SITE}/{day}": {"what": "copy", "at": _FAR} for day in _FIRST_DAYS}
    await _write(local, PLAN_KEY, {"schema": 1, "days": days})
    await local.move_clock(_HOURS)


async def _keep_failure(local: LocalSystem) -> None:
    """Deploy a worker that deletes no failure record, and write one of a day that it then stores."""
    at = f"{local.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    about = {**_FAILED, "first_at": at, "last_at": at}
    record = {**about, "attempts": 2, "message": "a row of another day"}
    await _write(local, failure_key(_SITE, _FIRST_DAYS[0]), record, about)
    code = "var clearFailures = (target, ...days) => "
    await _stand_still((code, f"{code}Promise.resolve() ?? "))(local)
    await local.move_clock(_HOURS)


OUTSIDE = (
    Fault(
        name="dead-letter-queue-deleted",
        description="the dead-letter queue was deleted",
        caught_by=("bindings", "failures"),
        cause="outside_change",
        apply=_delete_dead_letter_queue,
    ),
    Fault(
        name="dead-letters-kept",
        description="the consumer of the dead-letter queue was removed, and a message waits in the queue",
        caught_by=("bindings", "failures"),
        cause="outside_change",
        apply=_keep_dead_letters,
    ),
    Fault(
        name="queue-concurrency-changed",
        description="the consumer of the queue was changed to 50 days at once, as the dashboard does",
        caught_by=("bindings",),
        cause="outside_change",
        apply=_change_concurrency,
    ),
    Fault(
        name="queue-consumer-removed",
        description="the consumer of the queue was removed",
        caught_by=("bindings",),
        cause="outside_change",
        apply=_remove_consumer,
    ),
    Fault(
        name="queue-paused",
        description="the delivery of the queue was paused",
        caught_by=("bindings",),
        cause="outside_change",
        apply=_pause_queue,
    ),
    Fault(
        name="sites-replaced",
        description="an upload outside Pulumi named another site in SITES, so the declared one is left out",
        caught_by=("secrets", "bindings", "deployed", "health"),
        cause="outside_change",
        may_report={"trigger": "configuration", "r2": "configuration"},
        apply=lambda local: outside_pulumi.upload_script(local, edit=actions.set_text("SITES", _OTHER_SITES)),
    ),
)

CODE = (
    Fault(
        name="consumer-idle",
        description="the worker acknowledges each message of the queue and copies nothing, for two hours",
        caught_by=("fresh",),
        cause="worker",
        apply=_stand_still(("const done = await work(order, config, tools);", 'const done = { result: "stored" };')),
    ),
    Fault(
        name="failure-kept",
        description="the worker stores a day that had failed, and does not delete the record of the failure",
        caught_by=("failures",),
        cause="worker",
        apply=_keep_failure,
    ),
    Fault(
        name="planner-idle",
        description="the worker's cron sends no day to the queue, for two hours",
        caught_by=("fresh",),
        cause="worker",
        apply=_stand_still(("const orders = chooseDays(survey, plan, config, limits, at);", "const orders = [];")),
    ),
)

OBJECTS = (
    Fault(
        name="lease-for-ever",
        description="another program wrote leases of the missing days that end in 2099, so no run may copy them",
        caught_by=("fresh",),
        cause="worker",
        may_report={"trigger": "worker"},
        apply=_keep_leases,
    ),
    Fault(
        name="plan-for-ever",
        description="another program wrote a plan that has the missing days in the queue until 2099",
        caught_by=("fresh",),
        cause="worker",
        apply=_keep_plan,
    ),
)

FAULTS = (*OUTSIDE, *CODE, *OBJECTS)
