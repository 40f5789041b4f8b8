"""The drift matrix of docs/drift.md, in batches of rows that do not disturb each other.

The last batch deletes the worker, and with it the older versions that another batch rolls back to.
"""

from __future__ import annotations

from collections.abc import Callable

from conformance.account import queues
from conformance.account.script import CODE, TAG, Binding, annotation_of
from conformance.statements.adoption import OBJECT, OK, UNAUTHORISED
from conformance.statements.drift import Row
from conformance.world import KEY, LIMITS, OBSERVABILITY, OTHER_CRON, World
from toolchain.engine import ROOT

BUNDLE = ROOT / "workers" / "dist" / "backfill.js"
ADDED = "MY-SECRET"

EditBindings = Callable[[list[Binding]], list[Binding]]


def _edit(world: World, edit: EditBindings, code: bytes | None = None) -> None:
    live = list(world.script.bindings().values())
    world.script.edit(edit(live), code=BUNDLE.read_bytes() if code is None else code)


def _change_key(world: World) -> None:
    world.script.put_secret(KEY, world.canary)


def _key_is_accepted(world: World) -> bool | None:
    if not world.script.has_address():
        return False
    accepted, answer = world.worker.wait(lambda answer: answer.status == OK, "/status", world.operator_headers())
    return True if accepted else False if answer is not None and answer.status == UNAUTHORISED else None


def _set_field(name: str, **fields: str) -> EditBindings:
    return lambda bindings: [{**item, **fields} if item["name"] == name else item for item in bindings]


def _bind_other_bucket(world: World) -> None:
    world.make_bucket(world.names.other_bucket)
    _edit(world, _set_field("BUCKET", bucket_name=world.names.other_bucket))


def _bucket_is_bound(world: World) -> bool:
    return bool(world.script.bindings()["BUCKET"]["bucket_name"] == world.names.run)


def _secrets_are_declared(world: World) -> bool:
    return world.script.secrets() == {KEY}


def _code_is_declared(world: World) -> bool:
    return BUNDLE.read_bytes() in world.script.code()


def _crons_are_declared(world: World) -> bool:
    return world.script.crons() == [world.stack.settings["schedule"]]


def _version_settings_are_declared(world: World) -> bool:
    found = world.script.settings()
    return bool(found["limits"] == LIMITS and not found["placement"].get("mode"))


def _find_older(world: World) -> str:
    older = [item for item in world.script.versions()[1:] if annotation_of(item, TAG).startswith("bv:")]
    return str(older[0]["id"])


def _split(world: World) -> None:
    world.script.deploy((world.script.shares()[0][0], 50), (_find_older(world), 50), force=True)


def _newest_serves(world: World) -> bool:
    newest = world.script.versions()[0]
    return world.script.shares() == [(newest["id"], 100)] and annotation_of(newest, TAG).startswith("bv:")


def _delete_bucket(world: World) -> None:
    world.delete_object(OBJECT)
    world.delete_bucket(world.names.run)


def _has_bucket(world: World) -> bool:
    return bool(world.api.read(f"r2/buckets/{world.names.run}")["name"] == world.names.run)


BATCHES: tuple[tuple[Row, ...], ...] = (
    (
        Row(
            name="secret value changed",
            change=_change_key,
            words=(f"changed {KEY} outside Pulumi",),
            is_restored=_key_is_accepted,
        ),
        Row(
            name="cron changed",
            change=lambda world: world.script.put_crons(OTHER_CRON),
            words=(f"Live crons: {OTHER_CRON}",),
            is_restored=_crons_are_declared,
        ),
        Row(
            name="workers.dev switched off",
            change=lambda world: world.script.switch_address(enabled=False),
            words=("WorkersScriptSubdomain backfill updat",),
            is_restored=lambda world: world.script.has_address(),
        ),
        Row(
            name="queue paused and its consumer changed",
            change=lambda world: queues.pause_and_change(world.api, world.names.run),
            words=("Queue days updat", "QueueConsumer days updat"),
            is_restored=lambda world: queues.is_delivering(world.api, world.names.run),
        ),
    ),
    (
        Row(
            name="secret deleted",
            change=lambda world: world.script.delete_secret(KEY),
            words=(f"{KEY} deleted",),
            is_restored=_secrets_are_declared,
        ),
        Row(
            name="secret added",
            change=lambda world: world.script.put_secret(ADDED, world.canary),
            words=(f"{ADDED} added",),
            is_restored=_secrets_are_declared,
        ),
        Row(
            name="CPU limit and placement changed",
            change=lambda world: world.script.change_version(limits={"cpu_ms": 50}, placement={"mode": "smart"}),
            words=("limits (expected cpu_ms 300000, found cpu_ms 50)", "placement (expected none, found mode smart)"),
            is_restored=_version_settings_are_declared,
        ),
        Row(
            name="R2 binding dropped",
            change=lambda world: _edit(world, lambda found: [item for item in found if item["name"] != "BUCKET"]),
            words=("BUCKET deleted",),
            is_restored=_bucket_is_bound,
        ),
        Row(
            name="cron removed",
            change=lambda world: world.script.put_crons(),
            words=("Live crons: none",),
            is_restored=_crons_are_declared,
        ),
        Row(
            name="dead-letter queue of the consumer changed",
            change=lambda world: queues.drop_dead_letters(world.api, world.names.run),
            words=("dead letter queue (expected ",),
            is_restored=lambda world: queues.keeps_dead_letters(world.api, world.names.run),
        ),
        Row(
            name="script settings changed",
            change=lambda world: world.script.change_settings(observability={"enabled": False}),
            words=("observability (expected logs at 100 %, found off)",),
            is_restored=lambda world: bool(world.script.settings()["observability"] == OBSERVABILITY),
        ),
    ),
    (
        Row(
            name="plain text changed",
            change=lambda world: _edit(world, _set_field("PAGE_SIZE", text="5000")),
            words=("PAGE_SIZE changed",),
            is_restored=lambda world: bool(world.script.bindings()["PAGE_SIZE"]["text"] != "5000"),
        ),
        Row(
            name="R2 binding pointed at another bucket",
            change=_bind_other_bucket,
            words=("BUCKET changed",),
            is_restored=_bucket_is_bound,
        ),
        Row(
            name="other code uploaded",
            change=lambda world: _edit(world, list, code=CODE),
            words=("uploaded another version outside Pulumi",),
            is_restored=_code_is_declared,
        ),
    ),
    (
        Row(
            name="older version rolled back to",
            change=lambda world: world.script.deploy((_find_older(world), 100), force=True),
            words=("made an older version live again outside Pulumi",),
            is_restored=_newest_serves,
        ),
    ),
    (
        Row(
            name="two versions at 50/50",
            change=_split,
            words=("split the traffic over several versions outside Pulumi",),
            is_restored=_newest_serves,
        ),
    ),
    (
        Row(
            name="worker deleted",
            change=lambda world: world.delete_worker(),
            words=("WorkersScript backfill creat",),
            is_restored=lambda world: _newest_serves(world) and _crons_are_declared(world),
        ),
        Row(
            name="queue deleted",
            change=lambda world: queues.delete_queues(world.api, world.names.run),
            words=("Queue days creat", "QueueConsumer days creat"),
            is_restored=lambda world: any(queues.list_queues(world.api, world.names.run)),
        ),
        Row(
            name="bucket deleted",
            change=_delete_bucket,
            words=("R2Bucket timeseries creat",),
            is_restored=_has_bucket,
        ),
    ),
)
