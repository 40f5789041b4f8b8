"""Faults of the Cloudflare account: secrets, address, bucket, crons and clock."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from rehearsal.cloudflare.account import read_utc_clock
from rehearsal.faults import Apply, ExpectedResult, Fault
from rehearsal.local_system import LocalSystem, outside_pulumi

_OTHER_KEY = {"name": "ACE_API_KEY", "text": "fake-key-put-by-hand", "type": "secret_text"}
_OTHER_SECRET = {"name": "BY_HAND", "text": "fake-by-hand", "type": "secret_text"}
_LIFECYCLE_RULE = {
    "id": "archive",
    "enabled": True,
    "conditions": {"prefix": ""},
    "storageClassTransitions": [
        {"condition": {"type": "Age", "maxAge": 2_592_000}, "storageClass": "InfrequentAccess"}
    ],
}


async def _delete_bucket(local: LocalSystem) -> None:
    for item in (await local.edge.r2_list(local.bucket))["objects"]:
        await local.edge.r2_delete(local.bucket, item["key"])
    await outside_pulumi.call_api(local, "DELETE", f"r2/buckets/{local.bucket}")


def _deploy_with_clock(ahead: timedelta) -> Apply:
    async def apply(local: LocalSystem) -> None:
        local.cloudflare.account.clock = lambda: read_utc_clock() + ahead
        await outside_pulumi.upload_script(local, tag=lambda ours: ours)

    return apply


async def _add_lifecycle_rule(local: LocalSystem) -> None:
    path = f"r2/buckets/{local.bucket}/lifecycle"
    rules = (await outside_pulumi.call_api(local, "GET", path))["rules"]
    await outside_pulumi.call_api(local, "PUT", path, json={"rules": [*rules, _LIFECYCLE_RULE]})


async def _delete_key_with_wrangler(local: LocalSystem) -> None:
    await local.wrangler("secret", "delete", "ACE_API_KEY", "--name", local.worker_name)


SECRETS = (
    Fault(
        name="secret-added",
        description="a secret that is not declared was put",
        caught_by=("secrets", "deployed", "health"),
        cause="outside_change",
        other_causes={"health": "configuration"},
        apply=partial(outside_pulumi.call_script_api, method="PUT", path="/secrets", json=_OTHER_SECRET),
    ),
    Fault(
        name="secret-missing",
        description="`wrangler secret delete ACE_API_KEY` was run after the deployment",
        caught_by=("secrets", "deployed", "health", "key"),
        cause="outside_change",
        other_causes={"health": "configuration", "key": "configuration"},
        apply=_delete_key_with_wrangler,
    ),
    Fault(
        name="secret-wrong",
        description="another value was put after the deployment, as `wrangler secret put ACE_API_KEY` does",
        caught_by=("secrets", "deployed", "health", "key"),
        cause="outside_change",
        other_causes={"health": "configuration", "key": "configuration"},
        apply=partial(outside_pulumi.call_script_api, method="PUT", path="/secrets", json=_OTHER_KEY),
    ),
)

SURROUNDINGS = (
    Fault(
        name="address-off",
        description="the worker's address was switched off",
        caught_by=("health", "key"),
        cause="configuration",
        apply=partial(outside_pulumi.call_script_api, method="DELETE", path="/subdomain"),
    ),
    Fault(
        name="bucket-deleted",
        description="the bucket was deleted",
        caught_by=("health",),
        cause="configuration",
        may_report={"r2": "storage", "query": "storage"},
        apply=_delete_bucket,
    ),
    Fault(
        name="clock-behind",
        description="Cloudflare's clock was an hour behind this machine's during the deployment",
        expected=ExpectedResult.PASSED,
        apply=_deploy_with_clock(timedelta(hours=-1)),
    ),
    Fault(
        name="clock-skewed",
        description="Cloudflare's clock was an hour ahead of this machine's during the deployment",
        expected=ExpectedResult.PASSED,
        apply=_deploy_with_clock(timedelta(hours=1)),
    ),
    Fault(
        name="cron-changed",
        description="the cron was changed",
        caught_by=("bindings",),
        cause="configuration",
        apply=partial(outside_pulumi.call_script_api, method="PUT", path="/schedules", json=[{"cron": "0 1 * * *"}]),
    ),
    Fault(
        name="cron-removed",
        description="the cron was removed",
        caught_by=("bindings",),
        cause="configuration",
        apply=partial(outside_pulumi.call_script_api, method="PUT", path="/schedules", json=[]),
    ),
    Fault(
        name="lifecycle-added",
        description="a lifecycle rule was added that moves objects to infrequent access after 30 days",
        expected=ExpectedResult.PASSED,
        apply=_add_lifecycle_rule,
    ),
)

FAULTS = (*SECRETS, *SURROUNDINGS)
