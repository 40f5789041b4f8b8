"""Before a preview: one line for no token, a wrong token, a wrong account and an API that cannot be reached."""

import functools
import json

import httpx
import pytest

from checks.cli import commands
from checks.run.request import RunRefused
from checks.run.stack.preflight import ask_first
from cloudflare_client import httpx_transport
from cloudflare_client.retry import RetryPolicy
from tests.fakes.answers import envelope, fresh, refusal, response
from tests.fakes.manifest import ACCOUNT
from tests.fakes.pulumi import configuration

TOKEN = "fake" * 10
ENVIRON = {"CLOUDFLARE_API_TOKEN": TOKEN, "CLOUDFLARE_BASE_URL": "https://api.test/client/v4"}
WORKERS = f"/client/v4/accounts/{ACCOUNT}/workers/subdomain"
USER, OWN = "/client/v4/user/tokens/verify", f"/client/v4/accounts/{ACCOUNT}/tokens/verify"
ACTIVE = envelope({"id": "1", "status": "active"})


@pytest.fixture
def ask(pulumi):
    """Ask with answers by path. A list is answered in turn. A path without an answer is refused."""

    def ask(answers=None, environ=ENVIRON, config=None):
        pulumi(config=config or configured())
        asked = []

        def answer(request):
            assert request.headers["Authorization"] == f"Bearer {TOKEN}"
            asked.append(request.url.path)
            found = (answers or {}).get(request.url.path, refusal(403, 10000, "Authentication error"))
            found = found.pop(0) if isinstance(found, list) else found
            if isinstance(found, Exception):
                raise found
            return fresh(found)

        ask.requests = asked
        policy = RetryPolicy.start(sleep=lambda _: None)
        opened = functools.partial(httpx_transport.connect, retries=policy, network=httpx.MockTransport(answer))
        return ask_first("prod", environ, open_client=opened)

    return ask


def configured(**provider):
    """The configuration of a stack with settings of the provider, each a secret."""
    values = json.loads(configuration("a-key", accountId=ACCOUNT)["out"])
    values |= {f"cloudflare:{name}": {"value": value, "secret": True} for name, value in provider.items()}
    return {"out": json.dumps(values)}


def line(ask, *arguments, **more):
    with pytest.raises(RunRefused) as caught:
        ask(*arguments, **more)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    assert TOKEN not in text
    return text


def test_a_token_that_may_read_the_account_is_accepted_by_one_request(ask):
    assert ask({WORKERS: envelope({"subdomain": "x"})}) == (
        f"Cloudflare's API accepts CLOUDFLARE_API_TOKEN for account {ACCOUNT}"
    )
    assert ask.requests == [WORKERS]


@pytest.mark.parametrize("code", [10063, 10007])
def test_an_account_without_a_subdomain_is_left_to_the_program(ask, code):
    assert "accepts" in ask({WORKERS: refusal(404, code)})


@pytest.mark.parametrize("token", [{}, {"CLOUDFLARE_API_TOKEN": ""}])
def test_no_token(ask, token):
    """Case C12."""
    text = line(ask, environ=token)
    assert (
        text
        == "CLOUDFLARE_API_TOKEN is not set. Next: export CLOUDFLARE_API_TOKEN, or in CI set it as a secret: docs/ci.md"
    )
    assert ask.requests == []


def test_the_token_of_the_stack_is_used_as_the_provider_does(ask):
    config = configured(apiToken=TOKEN)
    assert "accepts" in ask(
        {WORKERS: envelope({"subdomain": "x"})}, environ={**ENVIRON, "CLOUDFLARE_API_TOKEN": "x"}, config=config
    )


def test_a_token_in_quotes_sends_no_request(ask):
    assert "is in quotes" in line(ask, environ={**ENVIRON, "CLOUDFLARE_API_TOKEN": f"'{TOKEN}'"})
    assert ask.requests == []


def test_a_wrong_token(ask):
    """Neither a user nor the account has it."""
    text = line(ask)
    assert text.startswith(
        "CLOUDFLARE_API_TOKEN is refused (403 Authentication error (code 10000)): expected a valid token"
    )
    assert text.endswith("Next: export CLOUDFLARE_API_TOKEN, or in CI replace the secret: docs/ci.md")
    assert ask.requests == [WORKERS, USER, OWN]


def test_an_expired_token(ask):
    text = line(
        ask, {USER: envelope({"id": "1", "status": "expired"}), WORKERS: refusal(403, 9109, "Invalid access token")}
    )
    assert "is refused (403 Invalid access token (code 9109))" in text


@pytest.mark.parametrize("verified", [USER, OWN])
@pytest.mark.parametrize(
    "refused", [refusal(403, 10000, "Authentication error"), refusal(404, 7003, "Could not route")]
)
def test_a_wrong_account(ask, verified, refused):
    text = line(ask, {verified: ACTIVE, WORKERS: refused})
    assert text.startswith(f"CLOUDFLARE_API_TOKEN is valid, but not for account {ACCOUNT} (")
    assert "the permission Workers Scripts: Read. Next: pulumi config set accountId VALUE --stack prod" in text


def test_an_account_that_cannot_be_one_sends_no_request(ask):
    text = line(ask, config=configuration("a-key", accountId="nonsense"))
    assert "accountId: expected 32 hex digits" in text
    assert text.endswith("Run: pulumi config set accountId VALUE --stack prod")
    assert ask.requests == []


def test_an_api_that_cannot_be_reached(ask):
    text = line(ask, {WORKERS: httpx.ConnectError("refused")})
    assert text == (
        "Cloudflare's API cannot be reached (ConnectError) after 3 attempts: https://api.test/client/v4. "
        "Next: check the network, HTTPS_PROXY and CLOUDFLARE_BASE_URL, then run again"
    )


def test_a_single_refusal_is_retried(ask):
    """Case P3: a rate limit or a gateway error does not end a preview."""
    good = envelope({"subdomain": "x"})
    assert "accepts" in ask({WORKERS: [response(429, b"{}"), response(502, b""), good]})
    assert "502" in line(ask, {WORKERS: response(502, b"")})


def test_a_stack_that_the_engine_cannot_read(ask):
    text = line(ask, config={"err": "error: no stack named 'x' found\n", "code": 255})
    assert text == "pulumi config: no stack named 'x' found. `pulumi stack ls` lists the stacks of this backend"
    assert "passphrase" in line(ask, config={"err": "error: incorrect passphrase\n", "code": 255})


def test_the_command_ends_in_one_line(pulumi, monkeypatch, capsys):
    pulumi(config=configured())
    monkeypatch.delenv("CLOUDFLARE_API_TOKEN", raising=False)
    with pytest.raises(SystemExit) as ended:
        commands.main(["preflight", "--stack", "prod"])
    assert ended.value.code == 3
    assert capsys.readouterr().err.startswith("error: CLOUDFLARE_API_TOKEN is not set. Next: ")
