"""The check `key`: the worker holds the declared ACE key and refuses other operator tokens."""

import contextlib

import httpx
import pytest

from checks import catalog
from checks.model.credentials import Secret, gather_credentials
from contract.operator_token import derive_operator_token
from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import API_TOKEN, KEY, NOW, URL
from tests.fakes.outcomes import UP, failed_finding, first_finding


def run_key(system, *, environ, stack=None):
    """The finding of `key`, with a token that the stack's output holds, or without one."""
    from checks.check import Context
    from checks.clients.ace.client import Ace
    from checks.clients.cloudflare.transport import ApiTransport
    from checks.clients.http.client import Http
    from checks.clients.worker.client import BackfillWorker
    from checks.model.deadline import Deadline
    from checks.model.finding import Cause
    from checks.run import runner
    from contract.manifest import Manifest

    deadline = Deadline.starting_now(60.0, clock=system.clock, sleep=system.clock.sleep)
    credentials = gather_credentials(environ, stack_token=Secret(derive_operator_token(stack)) if stack else None)
    with Http.open(URL, cause=Cause.WORKER, deadline=deadline, transport=httpx.MockTransport(system.handle)) as http:
        context = Context(
            manifest=Manifest.from_dict(system.manifest),
            stack="prod",
            worker=BackfillWorker(http=http),
            cloudflare=ApiTransport(http=http, account_id="a", token=None).create_client(),
            ace=Ace(http=http, site="ses_falls_city", key=None),
            credentials=credentials,
            deadline=deadline,
            now=NOW,
            selected=frozenset({"key"}),
            open_tail=contextlib.nullcontext,
        )
        (result,) = runner.run_checks([catalog.load()["key"]], context).results
    return result.findings


def token(key):
    return {"OPERATOR_TOKEN": derive_operator_token(key)}


def test_the_token_of_the_stack_is_trusted(tmp_path):
    assert run_key(healthy_system(), environ={}, stack=KEY) == ()
    (found,) = run_key(healthy_system(), environ={"ACE_API_KEY": KEY}, stack="another-key")
    assert (found.found, found.hint) == ("401: the live worker has another key than the program", UP)


def test_a_stale_token_of_the_environment_does_not_matter_beside_the_stacks():
    """Case C8: the check `config` names the variable."""
    assert run_key(healthy_system(), environ=token("old"), stack=KEY) == ()


@pytest.mark.parametrize("held", ["old", "put-by-hand", KEY])
def test_a_worker_with_another_key_than_the_stack_fails_with_any_token_of_the_environment(held):
    system = healthy_system()
    system.worker.key = "put-by-hand"
    (found,) = run_key(system, environ=token(held), stack=KEY)
    assert (found.subject, found.hint) == ("GET /status with the operator token", UP)
    assert found.found == "401: the live worker has another key than the program"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OPERATOR_TOKEN": "x" * 43}, "401 with OPERATOR_TOKEN of the environment: either OPERATOR_TOKEN belongs"),
        ({"ACE_API_KEY": "y" * 20 + "z"}, "401 with the token derived from ACE_API_KEY of the environment: either ACE"),
    ],
)
def test_with_only_the_environments_token_both_causes_are_named(tmp_path, environ, said):
    _, report = healthy_system().report(tmp_path, "key", environ={"CLOUDFLARE_API_TOKEN": API_TOKEN, **environ})
    found = first_finding(report["key"])
    assert found["found"].startswith(said)
    assert "or the live worker has another key" in found["found"]
    assert found["hint"] == "python -m checks run key --stack prod"


ERROR = {"status": "error"}


def test_an_empty_key_counts_as_not_set(tmp_path):
    environ = {"CLOUDFLARE_API_TOKEN": API_TOKEN, "OPERATOR_TOKEN": derive_operator_token(KEY), "ACE_API_KEY": ""}
    assert healthy_system().report(tmp_path, "config", "key", environ=environ)[0] == 0


def test_key_of_a_worker_without_a_key(tmp_path):
    system = healthy_system()
    system.worker.key = ""
    found = failed_finding(tmp_path, system, "key")
    assert "no key is deployed" in found["found"]
    assert (found["cause"], found["hint"]) == ("configuration", UP)


def test_key_of_a_worker_with_another_key(tmp_path):
    system = healthy_system()
    system.worker.key = "another-key-put-by-hand"
    found = failed_finding(tmp_path, system, "key")
    assert found["found"].startswith("401 with the token derived from ACE_API_KEY of the environment: either ACE_API_")
    assert found["found"].endswith("or the live worker has another key than the program")
    again = "python -m checks run key --stack prod"
    assert (found["cause"], found["hint"]) == ("configuration", again)


def test_key_of_a_worker_that_accepts_every_token(tmp_path):
    system = healthy_system()
    system.routes["GET", "/status"] = lambda request: answer(*system.worker.status())
    _, report = system.report(tmp_path, "key")
    assert [item["subject"] for item in report["key"]["findings"]] == [
        "GET /status with no token",
        "GET /status with a wrong token",
    ]
    assert first_finding(report["key"])["cause"] == "worker"


def test_key_of_another_service(tmp_path):
    system = healthy_system()
    system.routes["GET", "/status"] = httpx.Response(404, text="nothing here")
    found = failed_finding(tmp_path, system, "key")
    assert found["found"] == "404 nothing here: the address is right, but the worker does not answer there"
    assert (found["cause"], found["hint"]) == ("configuration", UP)


def test_key_of_a_worker_that_fails_before_its_authentication(tmp_path):
    system = healthy_system()
    system.routes["GET", "/status"] = answer(404, {**ERROR, "error": {"code": "not_found"}})
    _, report = system.report(tmp_path, "key")
    assert [item["cause"] for item in report["key"]["findings"]] == ["worker"] * 3


def test_key_passes_despite_a_failure_after_the_authentication(tmp_path):
    system = healthy_system()
    system.worker.status = lambda: (502, {**ERROR, "error": {"code": "storage", "message": "no bucket is bound"}})
    assert system.report(tmp_path, "key")[0] == 0


def test_key_accepts_the_operator_token_as_it_is_given(tmp_path):
    from contract.operator_token import derive_operator_token

    environ = {"OPERATOR_TOKEN": derive_operator_token(KEY), "CLOUDFLARE_API_TOKEN": API_TOKEN}
    code, report = healthy_system().report(tmp_path, environ=environ)
    assert (code, report["key"]["outcome"], report["token"]["outcome"]) == (3, "pass", "inconclusive")


def test_key_is_skipped_with_a_key_that_cannot_work(tmp_path):
    _, report = healthy_system().report(tmp_path, "key", environ={"ACE_API_KEY": "changeme"})
    assert report["key"]["reason"] == "needs config, which failed"
