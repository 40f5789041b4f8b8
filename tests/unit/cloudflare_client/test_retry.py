"""A fault that passes is retried within a bound. The error of one that stays says how often it was tried."""

import httpx
import pytest

from cloudflare_client.errors import ApiRefusedError, ApiUnreachableError, CloudflareError
from tests.unit.cloudflare_client.api import Api, failed, ok, page

SECRETS = ok([{"name": "A"}])
DEPLOYMENTS = ok({"deployments": [{"created_on": "t", "versions": [{"version_id": "v1", "percentage": 100}]}]})
VERSIONS = ok({"items": [{"id": "v1", "number": 1}]})


def list_secrets(*replies, **bounds):
    api = Api(secrets=replies)
    with api.connect(**bounds) as client:
        return client.list_secrets("w"), api


def error_of(*replies, **bounds):
    api = Api(secrets=replies)
    with api.connect(**bounds) as client, pytest.raises(CloudflareError) as caught:
        client.list_secrets("w")
    assert "\n" not in str(caught.value)
    return caught.value, api


def test_a_preview_survives_one_429_and_one_502():
    api = Api(deployments=[failed(429, 971), DEPLOYMENTS], versions=[page(502), VERSIONS])
    with api.connect() as client:
        assert client.read_deployment("w").ids == {"v1"}
        assert [version.id for version in client.list_versions("w", lambda _: True)] == ["v1"]
    assert len(api.requests) == 4
    assert api.clock.slept == [0.5, 0.5]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504, 522])
def test_each_transient_status_is_retried(status):
    assert list_secrets(page(status), SECRETS)[0] == ("A",)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("refused"), httpx.ReadTimeout(""), httpx.RemoteProtocolError("half an answer")]
)
def test_each_failure_of_the_connection_is_retried(error):
    assert list_secrets(error, SECRETS)[0] == ("A",)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 409])
def test_no_other_status_is_retried(status):
    error, api = error_of(failed(status, 1))
    assert isinstance(error, ApiRefusedError)
    assert (error.answer.status, error.attempts, len(api.requests)) == (status, 1, 1)


def test_a_429_that_stays_ends_after_the_attempts():
    error, api = error_of(failed(429, 971))
    assert isinstance(error, ApiRefusedError)
    assert (error.codes, error.messages, error.attempts) == ((971,), ("message of 971",), 3)
    assert str(error) == "Cloudflare's API refused with 429 [971] after 3 attempts"
    assert len(api.requests) == 3
    assert api.clock.slept == [0.5, 1.0]


def test_an_unreachable_api_ends_after_the_attempts():
    error, api = error_of(httpx.ConnectError("refused"))
    assert isinstance(error, ApiUnreachableError)
    place = "https://api.example.org/client/v4"
    assert str(error) == f"Cloudflare's API cannot be reached (ConnectError) after 3 attempts: {place}"
    assert len(api.requests) == 3


def test_pauses_grow_to_a_limit():
    _, api = error_of(page(503), attempts=7, seconds=60.0)
    assert api.clock.slept == [0.5, 1.0, 2.0, 4.0, 4.0, 4.0]


def test_retry_after_is_honoured():
    _, api = list_secrets(failed(429, 971, retry_after="7"), SECRETS)
    assert api.clock.slept == [7.0]


@pytest.mark.parametrize("text", ["soon", "-1", "", "Fri, 27 Nov 2026 13:00:00 GMT", "999999"])
def test_a_retry_after_that_is_not_seconds_is_ignored(text):
    _, api = list_secrets(failed(429, 971, retry_after=text), SECRETS)
    assert api.clock.slept == [0.5]


def test_a_retry_after_beyond_the_bound_is_not_waited_for():
    error, api = error_of(failed(429, 971, retry_after="600"))
    assert str(error) == "Cloudflare's API refused with 429 [971]: it asks to wait 600 s"
    assert (len(api.requests), api.clock.slept) == (1, [])


def test_x_should_retry_false_is_honoured():
    error, api = error_of(failed(503, 1, x_should_retry="false"))
    assert str(error) == "Cloudflare's API refused with 503 [1]"
    assert len(api.requests) == 1


def test_the_seconds_are_common_to_all_requests():
    api = Api(deployments=[DEPLOYMENTS], secrets=[page(503), page(503), SECRETS])
    with api.connect() as client:
        client.read_deployment("w")
        api.clock.now += 19.4
        with pytest.raises(ApiRefusedError, match="after 2 attempts"):
            client.list_secrets("w")
    assert api.clock.slept == [0.5]


def test_no_request_takes_longer_than_the_bound_leaves():
    timeouts = []

    def slow(request):
        timeouts.append(request.extensions["timeout"]["read"])
        api.clock.now += timeouts[-1]
        raise httpx.ReadTimeout("")

    api = Api(secrets=[slow])
    with api.connect() as client, pytest.raises(ApiUnreachableError):
        client.list_secrets("w")
    assert timeouts == [10.0, 9.5]
    assert api.clock.now == 1020.0
