"""Each statement about the API can be confirmed, refuted and unknown."""

import httpx
import pytest

from conformance import statements
from conformance.statement import Verdict, probe
from conformance.world import LIMITS, OBSERVABILITY, World
from tests.unit.conformance.conftest import NAMES, edit_result, refuse

BY_ID = {statement.id: statement for statement in statements.API}


def look(world: World, name: str):
    world.make_bucket(NAMES.run)
    return probe(BY_ID[name], world)


@pytest.mark.parametrize("name", BY_ID)
def test_a_statement_is_confirmed_by_the_local_cloudflare(world, name):
    answer = look(world, name)
    assert answer.verdict is Verdict.CONFIRMED, answer
    assert answer.evidence


def on_settings(change):
    def edit(result):
        change(result)
        return result

    return edit_result("/settings", edit)


def on_bindings(**fields):
    return on_settings(lambda result: [item.update(fields) for item in result["bindings"]])


def always(value):
    return lambda _: value


def reset_after_the_second_look():
    looks = []

    def edit(result):
        looks.append(result)
        return result if len(looks) == 1 else {**result, "observability": None}

    return edit_result("/settings", edit)


def without_annotations(result):
    return {"items": [{**item, "annotations": {}} for item in result["items"]]}


def accept_rollback(request, response):
    if response is not None and request.url.path.endswith("/deployments") and response.status_code == 400:
        return httpx.Response(200, json={"success": True, "errors": [], "messages": [], "result": {}})
    return None


REFUTED = {
    "json-is-echoed": on_bindings(json={"text": "another"}),
    "d1-is-echoed": on_bindings(id="another"),
    "crons-are-echoed": edit_result("/schedules", always({"schedules": [{"cron": "15 3 1 1 *"}]})),
    "limits-are-absent": on_settings(lambda result: result.update(limits={})),
    "limits-are-echoed": on_settings(lambda result: result.update(limits={"cpu_ms": 30_000, "subrequests": 50})),
    "observability-is-echoed": on_settings(lambda result: result["observability"].update(redact=True)),
    "tail-consumers-are-null": on_settings(lambda result: result.update(tail_consumers=[])),
    "placement-is-an-object": on_settings(lambda result: result.pop("placement")),
    "absent-worker-has-10007": refuse(404, 7003, path="-absent/"),
    "second-bucket-has-10004": refuse(409, 10073, method="POST", path="r2/buckets"),
    "upload-keeps-unnamed-secrets": edit_result("/secrets", always([])),
    "empty-keep-bindings-removes-secrets": edit_result("/secrets", always([{"name": "CANARY", "type": "secret_text"}])),
    "inherit-keeps-a-secret": edit_result("/secrets", always([])),
    "upload-drops-unnamed-texts": on_bindings(name="FLAG"),
    "upload-keeps-observability": reset_after_the_second_look(),
    "upload-keeps-annotations": edit_result("/versions", without_annotations),
    "secret-change-makes-a-version": edit_result("/versions", without_annotations),
    "rollback-across-a-secret-is-refused": accept_rollback,
    "values-of-secrets-are-hidden": None,
    "override-header-works-on-workers-dev": None,
}


@pytest.mark.parametrize("name", BY_ID)
def test_a_statement_is_refuted_by_another_answer(world, network, address, name):
    world.make_bucket(NAMES.run)
    if name == "values-of-secrets-are-hidden":
        network.edit = edit_result("/secrets", always([{"name": "CANARY", "text": world.canary}]))
    elif name == "override-header-works-on-workers-dev":
        address.chosen = False
    else:
        network.edit = REFUTED[name]
    answer = probe(BY_ID[name], world)
    assert answer.verdict is Verdict.REFUTED, answer
    assert world.canary not in answer.evidence


@pytest.mark.parametrize("name", BY_ID)
def test_a_statement_is_unknown_where_the_token_may_not_look(world, network, name):
    world.make_bucket(NAMES.run)
    network.edit = refuse(403, 10000)
    answer = probe(BY_ID[name], world)
    assert answer.verdict is Verdict.UNKNOWN
    assert "expected a CLOUDFLARE_API_TOKEN with the permission" in answer.evidence


def test_a_refused_change_names_the_permission_to_change(world, network):
    world.make_bucket(NAMES.run)
    for path, permission in {"/scripts/": "Workers Scripts: Edit", "/d1/": "D1: Edit"}.items():
        network.edit = refuse(403, 10000, path=path)
        assert probe(BY_ID["d1-is-echoed"], world).evidence.endswith(f"with the permission {permission}")


@pytest.mark.parametrize("name", ["json-is-echoed", "values-of-secrets-are-hidden"])
def test_a_statement_is_unknown_without_a_network(world, network, name):
    world.make_bucket(NAMES.run)

    def fail(request, response):
        raise httpx.ConnectError("no route")

    network.edit = fail
    answer = probe(BY_ID[name], world)
    assert answer.verdict is Verdict.UNKNOWN
    assert "cannot be reached (ConnectError)" in answer.evidence


@pytest.mark.parametrize("broken", [0, 404, 502])
def test_the_override_header_is_unknown_where_the_address_does_not_answer(world, address, broken):
    address.broken = broken
    answer = look(world, "override-header-works-on-workers-dev")
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.evidence.endswith(f"status {broken}" if broken else "no answer")


def test_observability_that_cannot_be_switched_on_is_unknown(world, network):
    network.edit = edit_result("/settings", lambda result: {**result, "observability": None})
    assert look(world, "upload-keeps-observability").verdict is Verdict.UNKNOWN


def test_an_answer_of_another_form_is_unknown(world, network):
    network.edit = edit_result("/settings", always({"bindings": [{"type": "json"}]}))
    answer = look(world, "json-is-echoed")
    assert answer.verdict is Verdict.UNKNOWN
    assert answer.evidence == "an answer of the API has an unknown form (KeyError: 'name')"


def test_the_settings_are_those_that_the_program_declares():
    from infra.declarations import script_settings

    assert (LIMITS, OBSERVABILITY) == ({"cpu_ms": script_settings.QUEUE_CPU_MS}, script_settings.OBSERVABILITY)


def test_every_statement_has_an_id_of_its_own_and_an_existing_source(world):
    from toolchain.engine import ROOT

    everything = [*statements.API, *statements.ENGINE]
    ids = [item.id for item in everything] + [row.id for batch in statements.DRIFT for row in batch]
    assert len(ids) == len(set(ids))
    assert [item.source for item in everything if not (ROOT / item.source).exists()] == []
    assert set(REFUTED) == set(BY_ID)
