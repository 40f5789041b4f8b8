"""Statements about the program with the engine: an existing worker is adopted, and the key is rotated."""

from __future__ import annotations

from conformance.account.script import TAG, Binding, annotation_of
from conformance.account.worker import describe
from conformance.statement import Answer, Statement, judge, unknown
from conformance.world import KEY, OTHER_CRON, World

OBJECT = "of-another-program"
FLAG: Binding = {"name": "FLAG", "type": "plain_text", "text": "on"}
OK, UNAUTHORISED = 200, 401


def _refuses(world: World) -> Answer:
    world.delete_worker()  # with the settings that the earlier statements left
    world.upload(FLAG, world.secret, {"name": KEY, "type": "secret_text", "text": world.canary})
    world.script.put_crons(OTHER_CRON)
    world.put_object(OBJECT)
    before = world.script.shares()
    world.stack.create()
    done = world.stack.try_up()
    named = f"pulumi config set --stack {world.names.run} adopt true" in done.output
    if done.code != 0 and not named:
        return unknown(f"`pulumi up` ended with {done.code}: {done.last_line}")
    kept = world.script.shares() == before and FLAG["name"] in world.script.bindings()
    return judge(named and kept, f"`pulumi up` ended with {done.code}, the live version is {_same(kept)}")


def _takes_over(world: World) -> Answer:
    world.stack.settings["adopt"] = True
    done = world.stack.up()
    changes = world.stack.describe_changes()
    world.stack.settings["adopt"] = False  # so that the next update removes the secret that is not declared
    bound, tag = world.script.bindings(), annotation_of(world.script.versions()[0], TAG)
    gaps = [
        text
        for text, holds in (
            ("the update does not name FLAG, which it removes", "FLAG (plain_text)" in done.output),
            ("the live worker is not an upload of this stack", tag.startswith("bv:")),
            ("FLAG is still bound", FLAG["name"] not in bound),
            (f"{KEY} is not bound", KEY in bound),
            (f"the secret {world.secret['name']} is not kept", world.secret["name"] in bound),
            ("the crons are not the declared ones", OTHER_CRON not in world.script.crons()),
            ("the object in the bucket is gone", world.has_object(OBJECT)),
        )
        if not holds
    ]
    gaps += [changes] if changes else []
    return judge(
        not gaps, ". ".join(gaps) or "the loss was named, data and secrets were kept, and the next preview was empty"
    )


def _rotates(world: World) -> Answer:
    old = world.operator_headers()
    world.declare_new_key()
    world.stack.up()
    accepted, answer = world.worker.wait(lambda answer: answer.status == OK, "/status", world.operator_headers())
    if not accepted:
        return unknown(f"GET /status with the token of the new key: {describe(answer)}")
    refused, answer = world.worker.wait(lambda answer: answer.status == UNAUTHORISED, "/status", old)
    return judge(refused, f"GET /status: 200 with the token of the new key, and of the old key {describe(answer)}")


def _same(kept: bool) -> str:
    return "the same as before" if kept else "another one"


STATEMENTS = (
    Statement(
        id="existing-worker-is-refused",
        text="`pulumi up` without `adopt` refuses a worker that exists, and changes nothing.",
        source="docs/adopt-an-existing-worker.md",
        probe=_refuses,
    ),
    Statement(
        id="existing-worker-is-adopted",
        text="With `adopt`, `pulumi up` takes over worker and bucket, names each loss, and keeps data and secrets.",
        source="docs/adopt-an-existing-worker.md",
        probe=_takes_over,
    ),
    Statement(
        id="key-is-rotated",
        text="After a rotation the worker accepts the new key's operator token and refuses the old one.",
        source="docs/rotate-the-key.md",
        probe=_rotates,
    ),
)
