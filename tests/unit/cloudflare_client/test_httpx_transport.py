"""The program's requests are bounded in bytes and seconds and do not follow redirects."""

import httpx
import pytest

from cloudflare_client import httpx_transport
from cloudflare_client.errors import (
    ApiRefusedError,
    ApiUnreachableError,
    CloudflareError,
    UnknownShapeError,
    UnusableSettingsError,
)
from tests.unit.cloudflare_client.api import Api, ok


class Stream(httpx.SyncByteStream):
    def __init__(self, *chunks):
        self.chunks = chunks

    def __iter__(self):
        for chunk in self.chunks:
            yield chunk() if callable(chunk) else chunk


def test_a_request_carries_the_token_and_the_account():
    api = Api(secrets=[ok([])])
    with api.connect() as client:
        assert client.list_secrets("a b/c") == ()
    [request] = api.requests
    assert request.method == "GET"
    assert request.headers["Authorization"] == "Bearer fake-token"
    assert request.url.raw_path == b"/client/v4/accounts/acc/workers/scripts/a%20b%2Fc/secrets"


def test_a_large_answer_is_refused():
    api = Api(secrets=[lambda _: httpx.Response(200, stream=Stream(*[b"x" * 2**20] * 9))])
    with api.connect() as client, pytest.raises(UnknownShapeError, match="more than 8,388,608 bytes"):
        client.list_secrets("w")
    assert len(api.requests) == 1


def test_an_answer_that_arrives_in_drops_ends_with_its_seconds():
    def drop():
        api.clock.now += 6
        return b"x"

    api = Api(secrets=[lambda _: httpx.Response(200, stream=Stream(*[drop] * 9))])
    with api.connect(attempts=1) as client, pytest.raises(ApiUnreachableError, match="an incomplete answer"):
        client.list_secrets("w")
    assert api.clock.now == 1012.0


def test_a_redirect_is_not_followed():
    elsewhere = {"Location": "https://elsewhere.example"}
    api = Api(secrets=[lambda _: httpx.Response(302, headers=elsewhere)])
    with api.connect() as client, pytest.raises(ApiRefusedError, match="answered 302 without a JSON object"):
        client.list_secrets("w")
    assert len(api.requests) == 1


@pytest.mark.parametrize("error", [httpx.UnsupportedProtocol(""), httpx.LocalProtocolError(""), httpx.InvalidURL("")])
def test_a_request_that_cannot_be_sent_is_not_retried(error):
    api = Api(secrets=[error])
    with api.connect() as client, pytest.raises(ApiUnreachableError, match=type(error).__name__) as caught:
        client.list_secrets("w")
    assert (caught.value.attempts, len(api.requests)) == (1, 1)


@pytest.mark.parametrize(
    ("variable", "value"), [("ALL_PROXY", "socks5://127.0.0.1:9"), ("SSL_CERT_FILE", "/nowhere/ca.pem")]
)
def test_an_environment_that_cannot_be_used_is_one_line(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    unusable = httpx_transport.connect(base_url="https://api.example.org", account_id="acc", token="fake-token")
    with pytest.raises(UnusableSettingsError, match=variable) as caught, unusable:
        pass
    assert isinstance(caught.value, CloudflareError)
    assert value not in str(caught.value)
    assert "\n" not in str(caught.value)
