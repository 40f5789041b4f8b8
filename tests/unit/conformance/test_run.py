"""A run refuses names that exist, deletes what it made in every case, and says what is left."""

import json

import httpx
import pytest

from conformance.account.clean_up import clean_up
from conformance.account.ledger import LedgerError, read_ledger
from conformance.engine.stack import EngineError
from conformance.names import NameRefusedError, make_name, parse_name
from conformance.run import Interrupted, Plan, refuse_existing_names, run
from conformance.statement import Verdict
from conformance.world import KEY
from contract.operator_token import derive_operator_token
from tests.fakes.manifest import NOW
from tests.unit.conformance.conftest import ACCOUNT, NAMES, refuse

WRITES = ("POST", "PUT", "PATCH", "DELETE")


def go(world, *, show=lambda result: None, **more):
    return run(world, now=NOW, versions={"engine": "v1"}, show=show, **more)


def things(account):
    """Return everything in the account."""
    inside = account.cloudflare.account
    return [*inside.workers, *inside.buckets, *inside.broker.queues, *inside.databases, *account.edge.objects]


def test_a_whole_run_is_confirmed_and_leaves_nothing(world, account):
    shown = []
    transcript = go(world, show=shown.append)
    assert (transcript.code, transcript.left) == (0, [])
    assert transcript.counts == {"confirmed": len(transcript.results), "refuted": 0, "unknown": 0}
    assert shown == list(transcript.results)
    assert things(account) == []
    assert transcript.requests > 100


def test_a_transcript_holds_no_secret(world):
    transcript = go(world)
    for text in (transcript.to_json(), transcript.to_markdown()):
        assert [secret for secret in world.secrets if secret in text] == []


def test_an_error_with_a_secret_is_masked(world):
    world.stack.error = EngineError(f"error: {world.stack.environment['ACE_API_KEY']} is wrong")
    shown = []
    go(world, plan=Plan(api=(), drift=()), show=shown.append)
    assert shown[0].answer.evidence == "error: [secret] is wrong"


def test_after_an_unknown_update_the_next_ones_are_not_tried(world):
    world.stack.error = EngineError("the engine is missing")
    transcript = go(world, plan=Plan(api=()))
    assert transcript.code == 3
    assert transcript.results[0].answer.evidence == "the engine is missing"
    reasons = {result.answer.evidence for result in transcript.results[1:]}
    assert reasons == {"not reached, because existing-worker-is-refused is unknown"}


@pytest.mark.parametrize("step", [0, 1, 6, 20, 25, 36])
def test_an_interruption_after_each_step_leaves_nothing(world, account, step):
    seen = []

    def show(result):
        seen.append(result)
        if len(seen) > step:
            raise Interrupted("SIGINT arrived")

    transcript = go(world, show=show)
    assert things(account) == []
    assert transcript.code == 3
    assert len(seen) == step + 1
    assert [item.answer.verdict for item in transcript.results[: step + 1]] == [Verdict.CONFIRMED] * (step + 1)
    assert transcript.results[-1].answer.evidence == "the run ended before: SIGINT arrived"


@pytest.mark.parametrize("kind", ["r2/buckets", "d1/database", "/versions", "/objects/", "workers/scripts"])
def test_a_lost_answer_to_a_request_that_makes_a_thing_leaves_nothing(world, network, account, kind):
    """The thing exists, and the run does not know it."""

    def edit(request, response):
        if response is not None and kind in request.url.path and request.method in ("POST", "PUT"):
            raise httpx.ReadError("reset")

    network.edit = edit
    transcript = go(world)
    assert transcript.code == 3
    assert transcript.left == []
    assert things(account) == []


def test_a_failure_of_the_run_itself_leaves_nothing(world, account):
    def show(result):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        go(world, show=show)
    assert things(account) == []


def test_a_signal_during_the_deletion_is_announced_before_it(world, account):
    order = []
    go(world, plan=Plan(api=(), engine=(), drift=()), begin_clean_up=lambda: order.append(len(things(account))))
    assert order == [1]  # the bucket


def test_a_refused_deletion_is_told_and_the_other_things_are_deleted(world, network, account):
    network.edit = refuse(403, 10000, method="DELETE", path="/d1/")
    transcript = go(world)
    [left] = transcript.left
    assert str(left).startswith("database bv-conformance-test was not deleted: DELETE d1/database/")
    assert str(left).endswith("expected a CLOUDFLARE_API_TOKEN with the permission D1: Edit")
    assert transcript.code == 3
    assert "The run could not delete:" in transcript.to_markdown()
    assert json.loads(transcript.to_json())["left"][0]["kind"] == "database"

    network.edit = lambda request, response: None
    later = read_ledger(world.ledger.file, NAMES, account=ACCOUNT)
    assert [thing.kind for thing in later.things] == ["database"]
    assert clean_up(world.api, later) == []
    assert things(account) == []


def test_the_secrets_of_a_transcript_are_those_before_and_after_a_rotation(world):
    before = world.stack.environment[KEY]
    world.declare_new_key()
    keys = [before, world.stack.environment[KEY]]
    assert {*keys, *map(derive_operator_token, keys)} < set(world.secrets)


def test_objects_of_another_program_keep_the_bucket(world, account):
    def write(result):
        path = f"r2/buckets/{NAMES.run}/objects/timeseries/theirs"
        world.api.call("PUT", path, content=b"data")

    [left] = go(world, plan=Plan(engine=(), drift=()), show=write).left
    assert left.reason == "it holds 1 objects that this run did not write, for example 'timeseries/theirs'"
    assert things(account) == [NAMES.run, (NAMES.run, "timeseries/theirs")]


def test_the_run_log_of_the_worker_is_deleted_with_the_bucket(world, account):
    def write(result):
        world.api.call("PUT", f"r2/buckets/{NAMES.run}/objects/_control/backfill/runs.json", content=b"{}")

    assert go(world, plan=Plan(engine=(), drift=()), show=write).left == []
    assert things(account) == []


def test_a_bucket_that_appears_meanwhile_is_not_deleted(world, account):
    """Another program makes it between the refusal of existing names and the creation."""
    world.api.call("POST", "r2/buckets", json={"name": NAMES.run})
    transcript = go(world)
    assert transcript.code == 3
    assert {result.answer.verdict for result in transcript.results} == {Verdict.UNKNOWN}
    assert things(account) == [NAMES.run]


@pytest.mark.parametrize("kind", ["worker", "bucket", "other bucket", "queue", "database"])
def test_a_name_that_exists_is_refused_before_anything_is_made(world, network, account, kind):
    if kind == "worker":
        account.upload(NAMES.run)
    elif kind == "queue":
        account.http.post("queues", json={"queue_name": f"{NAMES.run}-dead-days"})
    elif kind == "database":
        account.http.post("d1/database", json={"name": NAMES.run})
    else:
        account.http.post("r2/buckets", json={"name": NAMES.run if kind == "bucket" else NAMES.other_bucket})
    before = things(account)
    with pytest.raises(NameRefusedError, match=f"the {kind.rpartition(' ')[2]} .* exists, so nothing was changed"):
        refuse_existing_names(world.api, NAMES)
    assert things(account) == before
    assert [line for line in network.sent if line.startswith(WRITES)] == []


def test_new_names_are_accepted_also_without_the_permission_for_d1(world, network):
    refuse_existing_names(world.api, NAMES)
    network.edit = refuse(403, 10000, path="/d1/")
    refuse_existing_names(world.api, NAMES)


@pytest.mark.parametrize(
    "name", ["building-vitals-backfill", "bv-conformance-", "bv-conformance-A", "bv-conformance-a-", ""]
)
def test_a_name_of_another_form_is_refused(name):
    with pytest.raises(NameRefusedError):
        parse_name(name)


def test_a_generated_name_is_accepted_and_new():
    first, second = make_name(NOW), make_name(NOW)
    assert first != second
    assert parse_name(first).run == first
    assert first.startswith("bv-conformance-20241220-")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "is not the folder of a run on this machine"),
        ("not json", "cannot be read"),
        ("[{}]", "cannot be read"),
        ({"account": ACCOUNT, "things": [{}]}, "cannot be read"),
        ({"account": "another", "things": []}, f"the run used the account another, and this is {ACCOUNT}"),
        ({"account": ACCOUNT, "things": [{"kind": "bucket", "name": "ace-timeseries"}]}, "of another run"),
        ({"account": ACCOUNT, "things": [{"kind": "object", "name": NAMES.run, "place": "x"}]}, "of another run"),
    ],
)
def test_without_the_list_of_this_run_in_this_account_nothing_is_deleted(tmp_path, text, words):
    if text is not None:
        (tmp_path / "made.json").write_text(text if isinstance(text, str) else json.dumps(text))
    with pytest.raises(LedgerError, match=f"{words}.*, so nothing is deleted"):
        read_ledger(tmp_path / "made.json", NAMES, account=ACCOUNT)
