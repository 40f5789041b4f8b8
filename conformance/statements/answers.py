"""Statements about answers of the API: values are echoed as they were sent, and absent things have known codes."""

from __future__ import annotations

import json

from cloudflare_client.client import script_path
from cloudflare_client.errors import NO_SCRIPT, ApiRefusedError
from conformance.statement import Answer, Statement, judge
from conformance.world import BUCKET_EXISTS, LIMITS, OBSERVABILITY, World

VALUE = {"text": "größe", "number": 1.5, "whole": 10000, "nothing": None, "list": [True, {"a": "b"}]}
CRONS = ("15 3 1 JAN *", "0 0 1,15 2 *")  # neither fires during a run, unless it is its minute of the year
CLIENT = "cloudflare_client/errors.py"
API_PAGE = "docs/reference/cloudflare-api.md"


def _echoes_json(world: World) -> Answer:
    world.upload({"name": "VALUE", "type": "json", "json": VALUE})
    found = world.script.bindings().get("VALUE")
    return judge(found == {"name": "VALUE", "type": "json", "json": VALUE}, f"binding: {json.dumps(found)}")


def _echoes_database(world: World) -> Answer:
    made = world.make_database()
    sent = {"name": "DATABASE", "type": "d1", "id": made}
    world.upload(sent)
    found = world.script.bindings().get("DATABASE")
    return judge(found == sent, f"sent: {json.dumps(sent)}, found: {json.dumps(found)}")


def _echoes_crons(world: World) -> Answer:
    world.upload()
    world.script.put_crons(*CRONS)
    found = world.script.crons()
    return judge(sorted(found) == sorted(CRONS), f"sent: {', '.join(CRONS)}. Found: {', '.join(found)}")


def _has_no_limits(world: World) -> Answer:
    world.upload()
    settings = world.script.settings()
    found = json.dumps(settings["limits"]) if "limits" in settings else "no such field"
    return judge("limits" not in settings, f"limits: {found}")


def _echoes_limits(world: World) -> Answer:
    world.upload(limits=LIMITS)
    found = world.script.settings().get("limits")
    return judge(found == LIMITS, f"sent: {json.dumps(LIMITS)}, found: {json.dumps(found)}")


def _echoes_observability(world: World) -> Answer:
    world.upload(observability=OBSERVABILITY)
    found = world.script.settings().get("observability")
    return judge(found == OBSERVABILITY, f"observability: {json.dumps(found)}")


def _has_no_tail_consumers(world: World) -> Answer:
    world.upload()
    found = world.script.settings().get("tail_consumers")
    return judge(found is None, f"tail_consumers: {json.dumps(found)}")


def _has_placement(world: World) -> Answer:
    world.upload()
    settings = world.script.settings()
    found = json.dumps(settings["placement"]) if "placement" in settings else "no such field"
    return judge(settings.get("placement") == {}, f"placement: {found}")


def _refuses_absent_worker(world: World) -> Answer:
    try:
        world.api.read(f"{script_path(world.names.absent)}/deployments")
    except ApiRefusedError as error:
        if error.answer.status != 404:
            raise
        return judge(NO_SCRIPT in error.codes, f"status 404, codes {list(error.codes)}")
    return judge(False, "the deployments of a worker that does not exist were answered")


def _refuses_second_bucket(world: World) -> Answer:
    try:
        world.make_bucket(world.names.run)
    except ApiRefusedError as error:
        if error.answer.status not in (400, 409):
            raise
        return judge(BUCKET_EXISTS in error.codes, f"status {error.answer.status}, codes {list(error.codes)}")
    return judge(False, "the bucket was created a second time")


STATEMENTS = (
    Statement(
        id="json-is-echoed",
        text="GET settings answers a json binding as it was sent.",
        source="infra/bindings/json.py",
        probe=_echoes_json,
    ),
    Statement(
        id="d1-is-echoed",
        text="GET settings answers a d1 binding as it was sent, with `id`.",
        source="infra/bindings/d1.py",
        probe=_echoes_database,
    ),
    Statement(
        id="crons-are-echoed",
        text="GET schedules answers crons in the text in which they were sent.",
        source="contract/cron/digest.py",
        probe=_echoes_crons,
    ),
    Statement(
        id="limits-are-absent",
        text="GET settings has no field `limits` for a worker without limits.",
        source="rehearsal/cloudflare/views.py",
        probe=_has_no_limits,
    ),
    Statement(
        id="limits-are-echoed",
        text="GET settings answers limits as they were sent.",
        source="infra/declarations/script_settings.py",
        probe=_echoes_limits,
    ),
    Statement(
        id="observability-is-echoed",
        text="GET settings answers observability as the program declares it, without another field.",
        source="infra/declarations/script_settings.py",
        probe=_echoes_observability,
    ),
    Statement(
        id="tail-consumers-are-null",
        text="GET settings has no list of tail consumers for a worker without them.",
        source="infra/resources/worker.py",
        probe=_has_no_tail_consumers,
    ),
    Statement(
        id="placement-is-an-object",
        text="GET settings has `placement: {}` for a worker without placement.",
        source="rehearsal/cloudflare/views.py",
        probe=_has_placement,
    ),
    Statement(
        id="absent-worker-has-10007",
        text="Deployments of a worker that does not exist are answered with 404 and 10007.",
        source=CLIENT,
        probe=_refuses_absent_worker,
    ),
    Statement(
        id="second-bucket-has-10004",
        text="A bucket that exists is not created again: code 10004.",
        source=API_PAGE,
        probe=_refuses_second_bucket,
    ),
)
