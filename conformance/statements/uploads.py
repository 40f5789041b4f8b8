"""Statements about an upload, and about a change of a secret: which settings stay, and which versions they make."""

from __future__ import annotations

import json
from typing import Any

from cloudflare_client.errors import ApiRefusedError
from conformance.account.script import MESSAGE, TAG, TRIGGER, annotation_of
from conformance.statement import Answer, Statement, judge, unknown
from conformance.world import World
from contract.version import VERSION

TEXT = {"name": "FLAG", "type": "plain_text", "text": "on"}
OBSERVED = {"enabled": True}
ROLLBACK_REFUSED = 10220
DECISIONS, API_PAGE = "docs/decisions.md", "docs/reference/cloudflare-api.md"


def _keeps_secret(world: World) -> Answer:
    world.upload(world.secret)
    world.upload(TEXT)
    return _judge_secrets(world, kept=True)


def _removes_secret(world: World) -> Answer:
    world.upload(world.secret)
    world.upload(TEXT, keep_bindings=[])
    return _judge_secrets(world, kept=False)


def _inherits_secret(world: World) -> Answer:
    world.upload(world.secret)
    world.upload({"name": world.secret["name"], "type": "inherit"}, keep_bindings=[])
    return _judge_secrets(world, kept=True)


def _judge_secrets(world: World, *, kept: bool) -> Answer:
    found = world.script.secrets()
    return judge((world.secret["name"] in found) is kept, f"secrets after the upload: {_join(found)}")


def _drops_text(world: World) -> Answer:
    world.upload(TEXT)
    world.upload(world.secret)
    found = world.script.bindings()
    return judge(TEXT["name"] not in found, f"bindings after the upload: {_join(found)}")


def _keeps_observability(world: World) -> Answer:
    world.upload(TEXT)
    world.script.change_settings(observability=OBSERVED)
    before = _read_observability(world)
    world.upload(TEXT)
    after = _read_observability(world)
    if before is not True:
        return unknown(f"the setting could not be switched on before the upload: enabled is {before!r}")
    return judge(after is True, f"observability.enabled before the upload: true, after it: {json.dumps(after)}")


def _read_observability(world: World) -> Any:
    found = world.script.settings().get("observability")
    return found.get("enabled") if isinstance(found, dict) else found


def _keeps_annotations(world: World) -> Answer:
    sent = {TAG: f"conformance:{VERSION}", MESSAGE: "drift: a sentence of 1,000 bytes at most"}
    world.upload(TEXT, annotations=sent)
    newest = world.script.versions()[0]
    found = {name: annotation_of(newest, name) for name in sent}
    trigger = annotation_of(newest, TRIGGER)
    return judge(
        found == sent and trigger in {"upload", "version_upload"}, f"annotations: {json.dumps(found)}, by {trigger!r}"
    )


def _secret_makes_version(world: World) -> Answer:
    world.upload(TEXT)
    before = world.script.versions()[0]
    world.script.put_secret("CANARY", world.canary)
    newest, live = world.script.versions()[0], world.script.shares()
    trigger = annotation_of(newest, TRIGGER)
    holds = newest["number"] > before["number"] and "secret" in trigger and live == [(newest["id"], 100)]
    return judge(holds, f"version {before['number']} -> {newest['number']}, by {trigger!r}, live: {live}")


def _rollback_is_refused(world: World) -> Answer:
    world.upload(world.secret)
    older = world.script.versions()[0]["id"]
    world.script.put_secret("CANARY", f"{world.canary}x")
    try:
        world.script.deploy((older, 100))
    except ApiRefusedError as error:
        if ROLLBACK_REFUSED not in error.codes:
            raise
        return judge(True, f"the rollback was refused with code {ROLLBACK_REFUSED}")
    return judge(False, "the rollback was accepted without ?force=true")


def _secret_is_hidden(world: World) -> Answer:
    world.upload(world.secret)
    script = world.script
    paths = ["settings", "secrets", "versions", f"versions/{script.versions()[0]['id']}"]
    shown = [path for path in paths if world.canary in json.dumps(world.api.read(f"{script.path}/{path}"))]
    return judge(not shown, f"{len(paths)} answers were searched, the value is in: {_join(shown)}")


def _join(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


STATEMENTS = (
    Statement(
        id="upload-keeps-unnamed-secrets",
        text="An upload without keep_bindings keeps a secret that it does not name.",
        source=DECISIONS,
        probe=_keeps_secret,
    ),
    Statement(
        id="empty-keep-bindings-removes-secrets",
        text="An upload with `keep_bindings: []` removes a secret that it does not name.",
        source=DECISIONS,
        probe=_removes_secret,
    ),
    Statement(
        id="inherit-keeps-a-secret",
        text="A binding of type `inherit` keeps a secret, also with `keep_bindings: []`.",
        source="infra/bindings/secret_text.py",
        probe=_inherits_secret,
    ),
    Statement(
        id="upload-drops-unnamed-texts",
        text="An upload removes a plain text that it does not name.",
        source=API_PAGE,
        probe=_drops_text,
    ),
    Statement(
        id="upload-keeps-observability",
        text="An upload without `observability` leaves the live setting as it is.",
        source="rehearsal/cloudflare/uploads.py",
        probe=_keeps_observability,
    ),
    Statement(
        id="upload-keeps-annotations",
        text="A version has the tag and the message of its upload, and `upload` as its origin.",
        source="infra/drift/tag.py",
        probe=_keeps_annotations,
    ),
    Statement(
        id="secret-change-makes-a-version",
        text="A changed secret makes a version and a deployment with the origin `secret`.",
        source="infra/drift/detection.py",
        probe=_secret_makes_version,
    ),
    Statement(
        id="rollback-across-a-secret-is-refused",
        text="A rollback across a changed secret is refused with 10220.",
        source=API_PAGE,
        probe=_rollback_is_refused,
    ),
    Statement(
        id="values-of-secrets-are-hidden",
        text="No answer about a worker and its versions has the value of a secret.",
        source=API_PAGE,
        probe=_secret_is_hidden,
    ),
)
