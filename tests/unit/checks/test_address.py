"""A URL that leads elsewhere is the configuration's matter, and a token of elsewhere is the environment's."""

import contextlib
import socket
import ssl

import httpx
import pytest

from checks.model.credentials import CredentialError, Secret, gather
from contract.operator_token import derive_operator_token
from tests.unit.checks.test_catalog import UP, broken, unjudged
from tests.unit.checks.world import API_TOKEN, ENVIRON, KEY, NAME, URL, World, answer, finding, manifest_data, refusal

NOTHING = httpx.Response(404, text="There is nothing here yet")
WRONG = f"https://{NAME}.rehersal.workers.dev"


def failing(world, cause):
    def fail(request):
        error = httpx.ConnectError(str(cause))
        error.__cause__ = cause
        raise error

    world.routes["GET", "/health"] = world.routes["GET", "/status"] = fail
    return world


# ---- where the URL leads


@pytest.mark.parametrize(
    ("url", "environ", "subdomain", "hint"),
    [
        (WRONG, ENVIRON, "rehearsal", f"pulumi config set workersSubdomain rehearsal --stack prod && {UP}"),
        (WRONG, ENVIRON, "a b", f"pulumi config set workersSubdomain 'a b' --stack prod && {UP}"),
        (URL, ENVIRON, "rehearsal", UP),
        (WRONG, {"ACE_API_KEY": KEY}, "rehearsal", "pulumi config --stack prod"),
        ("https://example.org", ENVIRON, "rehearsal", "pulumi config --stack prod"),
        (WRONG, ENVIRON, None, "pulumi config --stack prod"),
    ],
)
@pytest.mark.parametrize("name", ["health", "key"])
def test_another_site_at_the_url(tmp_path, url, environ, subdomain, hint, name):
    world = World(manifest=manifest_data(worker__url=url))
    world.routes["GET", "/health"] = world.routes["GET", "/status"] = NOTHING
    world.subdomain = subdomain
    found = broken(tmp_path, world, name, environ=environ)
    assert (found["cause"], found["hint"], found["expected"]) == ("configuration", hint, f"{NAME} at {url}")
    assert "404 There is nothing here yet: " in found["found"]
    if hint != UP:
        assert "workersSubdomain (or workerUrl)" in found["found"]
    assert world.clock.slept == []


def test_an_api_that_does_not_say_its_subdomain(tmp_path):
    world = World(manifest=manifest_data(worker__url=WRONG))
    world.routes["GET", "/health"] = NOTHING
    world.routes["GET", "/workers/subdomain"] = refusal(403, 10000)
    assert broken(tmp_path, world, "health")["hint"] == "pulumi config --stack prod"


def test_another_service_at_the_url(tmp_path):
    world = World()
    world.routes["GET", "/health"] = answer(200, {"status": "healthy", "service": "query-worker"})
    assert broken(tmp_path, world, "health")["found"].startswith("200 healthy of service 'query-worker': ")


@pytest.mark.parametrize("errno", [socket.EAI_NONAME, socket.EAI_NODATA])
def test_a_name_that_does_not_exist_is_waited_for_and_then_blamed_on_the_configuration(tmp_path, errno):
    world = failing(World(manifest=manifest_data(worker__url=WRONG)), socket.gaierror(errno, "no such name"))
    found = unjudged(tmp_path, world, "health")
    assert found["found"].startswith(f"the name {NAME}.rehersal.workers.dev does not exist: ")
    assert found["hint"].startswith("pulumi config set workersSubdomain rehearsal --stack prod")
    assert (found["cause"], sum(world.clock.slept) > 40) == ("configuration", True)
    found = unjudged(tmp_path, world, "key")
    assert found["found"].endswith("does not exist: is workersSubdomain (or workerUrl) right?")
    assert (found["cause"], found["hint"]) == ("configuration", f"curl -sSI {WRONG}")


def test_a_name_that_comes_to_exist_is_no_failure(tmp_path):
    world, times = World(), [0] * 5
    failed = failing(World(), socket.gaierror(socket.EAI_NONAME, "no such name")).routes["GET", "/health"]
    world.routes["GET", "/health"] = lambda request: (
        (times.pop(), failed(request)) if times else world.worker(request, "/health")
    )
    assert world.report(tmp_path, "health")[0] == 0


def test_a_machine_that_resolves_no_name(tmp_path):
    world = failing(World(), socket.gaierror(socket.EAI_AGAIN, "try again"))
    found = unjudged(tmp_path, world, "health")
    assert (found["cause"], found["found"]) == ("checker", "no name can be resolved here")


def test_a_name_of_the_api_is_in_nobodys_configuration(tmp_path):
    world = World()

    def fail(request):
        raise httpx.ConnectError("x") from socket.gaierror(socket.EAI_NONAME, "no such name")

    world.routes["GET", "/workers/"] = fail
    found = unjudged(tmp_path, world, "secrets")
    assert (found["cause"], found["found"]) == ("cloudflare", "the name api.cloudflare.com does not exist")


def test_a_certificate_that_is_refused_is_not_waited_for(tmp_path):
    error = ssl.SSLCertVerificationError(1, "failed")
    error.verify_message = "self-signed certificate"
    world = failing(World(), error)
    found = unjudged(tmp_path, world, "health")
    assert found["found"] == "its certificate is refused (self-signed certificate): waiting does not cure this"
    assert (found["cause"], found["hint"], world.clock.slept) == ("configuration", f"curl -sSI {URL}", [])


# ---- where the operator token comes from


def judged(world, *, environ, stack=None):
    """The finding of `key`, with a token that the stack's output holds, or without one."""
    from checks import catalog
    from checks.clients.ace.client import Ace
    from checks.clients.cloudflare.client import Cloudflare
    from checks.clients.http.client import Http
    from checks.clients.worker.client import Worker
    from checks.model.deadline import Deadline
    from checks.model.finding import Cause
    from checks.run import runner
    from checks.run.execute import Context
    from contract.manifest import Manifest
    from tests.unit.checks.world import NOW

    deadline = Deadline.starting_now(60.0, clock=world.clock, sleep=world.clock.sleep)
    credentials = gather(environ, stack_token=Secret(derive_operator_token(stack)) if stack else None)
    with Http.open(URL, cause=Cause.WORKER, deadline=deadline, transport=httpx.MockTransport(world.handle)) as http:
        context = Context(
            manifest=Manifest.from_dict(world.manifest),
            stack="prod",
            worker=Worker(http=http),
            cloudflare=Cloudflare(http=http, account_id="a", token=None),
            ace=Ace(http=http, site="ses_falls_city", key=None),
            credentials=credentials,
            deadline=deadline,
            now=NOW,
            tailing=contextlib.nullcontext,
        )
        (result,) = runner.run([catalog.load()["key"]], context).results
    return result.findings


def token(key):
    return {"OPERATOR_TOKEN": derive_operator_token(key)}


def test_the_token_of_the_stack_is_believed(tmp_path):
    assert judged(World(), environ={}, stack=KEY) == ()
    (found,) = judged(World(), environ={"ACE_API_KEY": KEY}, stack="another-key")
    assert (found.found, found.hint) == ("401: the live worker holds another key than the program's", UP)


def test_a_stale_token_of_the_environment_is_named():
    (found,) = judged(World(), environ=token("old"), stack=KEY)
    assert found.found == (
        "401: OPERATOR_TOKEN of the environment is stale, the stack's own token is another one and is accepted"
    )
    assert (found.cause, found.hint) == ("configuration", "unset OPERATOR_TOKEN")


def test_a_worker_that_takes_neither_holds_another_key():
    world = World()
    world.key = "put-by-hand"
    (found,) = judged(world, environ=token("old"), stack=KEY)
    assert (found.subject, found.hint) == ("GET /status with the stack's own operator token", UP)
    (found,) = judged(world, environ=token(KEY), stack=KEY)
    assert (found.subject, found.hint) == ("GET /status with the operator token", UP)


def test_a_worker_that_takes_the_environments_token_and_not_the_stacks():
    world = World()
    world.key = "put-by-hand"
    (found,) = judged(world, environ=token("put-by-hand"), stack=KEY)
    assert found.subject == "GET /status with the stack's own operator token"
    assert (found.cause, found.hint) == ("configuration", UP)
    assert "OPERATOR_TOKEN of the environment is accepted" in found.found


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"OPERATOR_TOKEN": "x" * 43}, "401 with OPERATOR_TOKEN of the environment: either OPERATOR_TOKEN belongs"),
        ({"ACE_API_KEY": "y" * 20 + "z"}, "401 with the token derived from ACE_API_KEY of the environment: either ACE"),
    ],
)
def test_with_the_environments_alone_both_possibilities_are_named(tmp_path, environ, said):
    _, report = World().report(tmp_path, "key", environ={"CLOUDFLARE_API_TOKEN": API_TOKEN, **environ})
    found = finding(report["key"])
    assert found["found"].startswith(said)
    assert "or the live worker holds another key" in found["found"]
    assert found["hint"] == "env -u OPERATOR_TOKEN -u ACE_API_KEY python -m checks run key --stack prod"


def test_a_credential_that_no_header_can_carry_names_where_it_comes_from():
    with pytest.raises(CredentialError, match="operatorToken"):
        gather({}, stack_token=Secret("a b\n"))
