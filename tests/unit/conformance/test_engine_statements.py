"""The statements about the program: adoption, rotation and the drift matrix, each confirmed, refuted and unknown."""

import re

import httpx
import pytest

from conformance import statements
from conformance.account.script import is_secret
from conformance.engine.stack import EngineError
from conformance.statement import Verdict, probe
from conformance.statements.drift import probe_batch
from contract.operator_token import derive_operator_token
from tests.contract.source_tree import ROOT
from tests.unit.conformance.conftest import NAMES, TOKEN, edit_result, refuse

ADOPTION = {statement.id: statement for statement in statements.ENGINE}
ROWS = {row.name: (batch, row) for batch in statements.DRIFT for row in batch}


def deployed(world):
    """Return the world after adoption and rotation, as the drift matrix finds it."""
    world.make_bucket(NAMES.run)
    assert {probe(statement, world).verdict for statement in statements.ENGINE} == {Verdict.CONFIRMED}
    return world


def test_adoption_rotation_and_every_row_are_confirmed(world):
    deployed(world)
    for batch in statements.DRIFT:
        for row, answer in zip(batch, probe_batch(batch, world), strict=True):
            assert answer.verdict is Verdict.CONFIRMED, (row, answer)
            assert all(words in answer.evidence for words in row.words)


def test_an_update_that_takes_over_without_adopt_is_refuted(world):
    world.make_bucket(NAMES.run)
    world.stack.updates = 1  # the next update is not refused
    answer = probe(ADOPTION["existing-worker-is-refused"], world)
    assert answer.verdict is Verdict.REFUTED
    assert "the live version is another one" in answer.evidence


def test_an_update_that_fails_for_another_reason_is_unknown(world):
    world.make_bucket(NAMES.run)
    world.stack.output = "error: the disk is full"
    answer = probe(ADOPTION["existing-worker-is-refused"], world)
    assert (answer.verdict, answer.evidence) == (Verdict.UNKNOWN, "`pulumi up` ended with 1: error: the disk is full")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"output": "nothing"}, "the update does not name FLAG, which it removes"),
        ({"restores": False}, "the live worker is not an upload of this stack. FLAG is still bound"),
        ({"changes": "the next preview is not empty: ~ a"}, "the next preview is not empty: ~ a"),
    ],
)
def test_an_incomplete_adoption_is_refuted(world, fields, words):
    world.make_bucket(NAMES.run)
    probe(ADOPTION["existing-worker-is-refused"], world)
    for name, value in fields.items():
        setattr(world.stack, name, value)
    answer = probe(ADOPTION["existing-worker-is-adopted"], world)
    assert answer.verdict is Verdict.REFUTED
    assert words in answer.evidence


def test_a_lost_object_refutes_the_adoption(world):
    world.make_bucket(NAMES.run)
    probe(ADOPTION["existing-worker-is-refused"], world)
    world.delete_object("of-another-program")
    assert "the object in the bucket is gone" in probe(ADOPTION["existing-worker-is-adopted"], world).evidence


def test_a_lost_secret_refutes_the_adoption(world, network):
    world.make_bucket(NAMES.run)
    probe(ADOPTION["existing-worker-is-refused"], world)

    def drop(result):
        return {**result, "bindings": [item for item in result["bindings"] if item["name"] != "CANARY"]}

    network.edit = edit_result("/settings", drop)
    assert probe(ADOPTION["existing-worker-is-adopted"], world).evidence == "the secret CANARY is not kept"


def test_a_key_that_stays_valid_refutes_the_rotation(world, address):
    deployed(world)
    address.broken = 200
    answer = probe(ADOPTION["key-is-rotated"], world)
    assert (answer.verdict, answer.evidence[-10:]) == (Verdict.REFUTED, "status 200")


@pytest.mark.parametrize("broken", [0, 401, 404])
def test_a_rotation_is_unknown_where_the_worker_does_not_accept_the_new_key(world, address, broken):
    deployed(world)
    address.broken = broken
    assert probe(ADOPTION["key-is-rotated"], world).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ADOPTION)
def test_a_failure_of_the_engine_is_unknown(world, name):
    world.make_bucket(NAMES.run)
    world.stack.error = EngineError("`pulumi up` did not end within 600 s")
    world.upload()
    answer = probe(ADOPTION[name], world)
    assert (answer.verdict, answer.evidence) == (Verdict.UNKNOWN, "`pulumi up` did not end within 600 s")


BATCHES = [pytest.param(batch, id=batch[0].name) for batch in statements.DRIFT]


@pytest.mark.parametrize("batch", BATCHES)
def test_a_change_that_the_update_does_not_name_is_refuted(world, batch):
    deployed(world)
    world.stack.output = ""
    for row, answer in zip(batch, probe_batch(batch, world), strict=True):
        assert answer.verdict is Verdict.REFUTED, row.name
        assert f"the update does not show {', '.join(map(repr, row.words))}" in answer.evidence


@pytest.mark.parametrize("batch", BATCHES)
def test_a_change_that_stays_is_refuted(world, batch):
    deployed(world)
    world.stack.restores = False
    for row, answer in zip(batch, probe_batch(batch, world), strict=True):
        assert (row.name, answer.verdict) == (row.name, Verdict.REFUTED)
        assert "the declared state is not restored" in answer.evidence


def test_a_preview_that_is_not_empty_refutes_each_row_of_the_batch(world):
    deployed(world)
    world.stack.changes = "the next preview is not empty: WorkersScript backfill update"
    answers = probe_batch(statements.DRIFT[0], world)
    assert {answer.verdict for answer in answers} == {Verdict.REFUTED}
    assert {answer.evidence for answer in answers} == {world.stack.changes}


def test_a_change_without_an_effect_is_unknown(world, network):
    deployed(world)
    network.edit = edit_result("/schedules", lambda _: {"schedules": [{"cron": world.stack.settings["schedule"]}]})
    answers = probe_batch(statements.DRIFT[0], world)
    assert {answer.verdict for answer in answers} == {Verdict.UNKNOWN}
    assert answers[0].evidence == "the change had no effect: cron changed"


@pytest.mark.parametrize("failure", ["engine", "refused", "form"])
def test_a_batch_that_could_not_be_made_is_unknown(world, network, failure):
    deployed(world)
    if failure == "engine":
        world.stack.error = EngineError("`pulumi up` ended with 255: error: it failed")
    else:
        network.edit = refuse(403, 10000) if failure == "refused" else edit_result("/versions", lambda _: {"items": []})
    answers = probe_batch(statements.DRIFT[3], world)
    assert [answer.verdict for answer in answers] == [Verdict.UNKNOWN]


@pytest.mark.parametrize(("broken", "verdict"), [(0, Verdict.UNKNOWN), (503, Verdict.UNKNOWN), (401, Verdict.REFUTED)])
def test_a_key_that_the_worker_does_not_accept(world, address, broken, verdict):
    """An address that does not answer is no reason to say that the key was not restored."""
    deployed(world)
    address.broken = broken
    assert probe_batch(statements.DRIFT[0], world)[0].verdict is verdict


def test_the_rows_are_those_of_the_page_on_drift():
    first = (ROOT / "docs" / "drift.md").read_text().partition("\n## ")[0]
    listed = re.findall(r"^\| ([^|]+) \|", first, re.MULTILINE)[1:]
    assert set(ROWS) == set(listed) - {"lifecycle"}


def test_the_worker_never_gets_the_api_token(world, account):
    deployed(world)  # the address of the fixture refuses a request with the token
    assert derive_operator_token(world.stack.environment["ACE_API_KEY"]) != TOKEN
    assert is_secret({"name": "A", "type": "secret_text"})
    assert isinstance(world.worker.http, httpx.Client)
    assert TOKEN not in str(world.worker.http.headers)
