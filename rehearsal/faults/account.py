"""Faults of the Cloudflare account: secrets, address, bucket, crons, clock, exposed data and the API token."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from rehearsal.cloudflare.token_access import TAIL, TokenAccess
from rehearsal.faults import Apply, ExpectedResult, Fault
from rehearsal.local_system import LocalSystem, outside_pulumi

_OTHER_KEY = {"name": "ACE_API_KEY", "text": "fake-key-put-by-hand", "type": "secret_text"}
_OTHER_SECRET = {"name": "BY_HAND", "text": "fake-by-hand", "type": "secret_text"}
_CRON = "*/5 * * * *"
_ARCHIVE_RULE = {
    "id": "archive",
    "enabled": True,
    "conditions": {"prefix": ""},
    "storageClassTransitions": [
        {"condition": {"type": "Age", "maxAge": 2_592_000}, "storageClass": "InfrequentAccess"}
    ],
}


_EXPIRY_RULE = {
    "id": "cleanup",
    "enabled": True,
    "conditions": {"prefix": "timeseries/"},
    "deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": 31_536_000}},
}


def _change_script_settings(settings: Mapping[str, Any]) -> Apply:
    return partial(outside_pulumi.call_script_api, method="PATCH", path="/script-settings", json=settings)


def _change_access(access: TokenAccess) -> Apply:
    async def apply(local: LocalSystem) -> None:
        local.cloudflare.account.access = access

    return apply


async def _delete_bucket(local: LocalSystem) -> None:
    for item in (await local.edge.r2_list(local.bucket))["objects"]:
        await local.edge.r2_delete(local.bucket, item["key"])
    await outside_pulumi.call_api(local, "DELETE", f"r2/buckets/{local.bucket}")


def _deploy_with_clock(ahead: timedelta) -> Apply:
    async def apply(local: LocalSystem) -> None:
        local.cloudflare.account.clock = lambda: local.clock.now() + ahead
        await outside_pulumi.upload_script(local, tag=lambda ours: ours)
        await local.edge.fire_cron(local.worker_name, _CRON)  # an upload an hour ago without a run is a standstill

    return apply


def _add_lifecycle_rule(rule: Mapping[str, Any]) -> Apply:
    async def apply(local: LocalSystem) -> None:
        path = f"r2/buckets/{local.bucket}/lifecycle"
        rules = (await outside_pulumi.call_api(local, "GET", path))["rules"]
        await outside_pulumi.call_api(local, "PUT", path, json={"rules": [*rules, rule]})

    return apply


async def _make_bucket_public(local: LocalSystem) -> None:
    await outside_pulumi.call_api(local, "PUT", f"r2/buckets/{local.bucket}/domains/managed", json={"enabled": True})


async def _delete_key_with_wrangler(local: LocalSystem) -> None:
    await local.wrangler("secret", "delete", "ACE_API_KEY", "--name", local.worker_name)


SECRETS = (
    Fault(
        name="secret-added",
        description="a secret that is not declared was put",
        caught_by=("secrets", "deployed", "health"),
        cause="outside_change",
        apply=partial(outside_pulumi.call_script_api, method="PUT", path="/secrets", json=_OTHER_SECRET),
    ),
    Fault(
        name="secret-missing",
        description="`wrangler secret delete ACE_API_KEY` was run after the deployment",
        caught_by=("secrets", "deployed", "health", "key"),
        cause="outside_change",
        apply=_delete_key_with_wrangler,
    ),
    Fault(
        name="secret-wrong",
        description="another value was put after the deployment, as `wrangler secret put ACE_API_KEY` does",
        caught_by=("secrets", "deployed", "health", "key"),
        cause="outside_change",
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
        caught_by=("bucket", "health"),
        cause="outside_change",
        other_causes={"health": "configuration"},
        may_report=dict.fromkeys(("failures", "fresh", "history", "r2", "query"), "storage"),
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
        cause="outside_change",
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
        apply=_add_lifecycle_rule(_ARCHIVE_RULE),
    ),
)

EXPOSURE = (
    Fault(
        name="bucket-public",
        description="the public r2.dev address of the bucket was enabled",
        caught_by=("bucket",),
        cause="outside_change",
        apply=_make_bucket_public,
    ),
    Fault(
        name="lifecycle-expiry",
        description="a lifecycle rule was added that deletes the stored days after a year",
        caught_by=("bucket",),
        cause="outside_change",
        apply=_add_lifecycle_rule(_EXPIRY_RULE),
    ),
    Fault(
        name="limits-lowered",
        description="the CPU limit of the worker was lowered to 50 ms, as the dashboard does",
        caught_by=("secrets", "bindings", "deployed", "health"),
        cause="outside_change",
        apply=partial(
            outside_pulumi.call_script_api, method="PATCH", path="/settings", json={"limits": {"cpu_ms": 50}}
        ),
    ),
    Fault(
        name="logpush-enabled",
        description="logpush of the worker was enabled",
        caught_by=("bindings",),
        cause="outside_change",
        apply=_change_script_settings({"logpush": True}),
    ),
    Fault(
        name="observability-off",
        description="observability was switched off, as a second `wrangler deploy` does, so no logs are kept",
        caught_by=("bindings",),
        cause="outside_change",
        apply=_change_script_settings({"observability": {"enabled": False}}),
    ),
    Fault(
        name="tail-consumer-added",
        description="another worker was made a tail consumer, so it reads the logs",
        caught_by=("bindings",),
        cause="outside_change",
        apply=_change_script_settings({"tail_consumers": [{"service": "log-reader"}]}),
    ),
)

TOKENS = (
    Fault(
        name="token-expired",
        description="the API token has expired",
        caught_by=("secrets", "bindings", "bucket", "deployed"),
        cause="configuration",
        expected=ExpectedResult.INCONCLUSIVE,
        apply=_change_access(TokenAccess(expired=True)),
    ),
    Fault(
        name="token-without-tail",
        description="the API token lacks the permission Workers Tail: Read",
        caught_by=("logs",),
        cause="configuration",
        expected=ExpectedResult.INCONCLUSIVE,
        apply=_change_access(TokenAccess(lacks=frozenset({TAIL}))),
    ),
)

FAULTS = (*SECRETS, *SURROUNDINGS, *EXPOSURE, *TOKENS)
