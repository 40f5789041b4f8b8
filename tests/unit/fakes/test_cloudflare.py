"""The fake account gives the real client of Cloudflare the answers that it expects."""

import httpx
import pytest

from cloudflare_client import httpx_transport
from cloudflare_client.errors import AbsentError, ApiRefusedError
from cloudflare_client.retry import RetryPolicy
from cloudflare_client.versions import Schedule
from tests.fakes.cloudflare import Account, Script
from tests.fakes.days import date_of, key_of, stored
from tests.fakes.manifest import ACCOUNT, API_TOKEN, BUCKET, CRON, NAME, manifest_data

KEYS = [key_of(date_of(number)) for number in range(3)]


@pytest.fixture
def account():
    account = Account()
    account.scripts[NAME] = Script(manifest_data()["bindings"], [CRON])
    account.scripts[NAME].upload()
    account.buckets[BUCKET] = {key: stored(date_of(number)) for number, key in enumerate(KEYS)}
    return account


@pytest.fixture
def connect(account):
    def connect(token=API_TOKEN):
        return httpx_transport.connect(
            base_url="https://api.cloudflare.com/client/v4",
            account_id=ACCOUNT,
            token=token,
            retries=RetryPolicy.start(clock=lambda: 0.0, sleep=lambda _: None),
            network=httpx.MockTransport(account.answer),
        )

    return connect


def test_a_script(account, connect):
    script = account.scripts[NAME]
    script.change_secrets("ACE_API_KEY", "ADDED")
    with connect() as client:
        assert client.list_secrets(NAME) == ("ACE_API_KEY", "ADDED")
        assert client.list_schedules(NAME) == (Schedule(cron=CRON),)
        assert client.read_deployment(NAME).ids == {"v2"}
        assert [version.id for version in client.list_versions(NAME, lambda _: True)] == ["v2", "v1"]
        assert client.read_version(NAME, "v1").bindings.keys() == script.bound.keys() - {"ADDED"}
        with pytest.raises(AbsentError):
            client.read_deployment("another-worker")


def test_an_account_and_its_buckets(account, connect):
    account.page_size = 2
    with connect() as client:
        assert client.read_subdomain() == "rehearsal"
        assert (client.has_bucket(BUCKET), client.has_bucket("another-bucket")) == (True, False)
        listed = list(client.list_objects(BUCKET, prefix="timeseries/", jurisdiction="default"))
        assert [item.key for item in listed] == KEYS
        found = client.read_object(BUCKET, KEYS[0], jurisdiction="default")
        assert (found.status, found.body) == (200, account.buckets[BUCKET][KEYS[0]].body)
        assert client.read_object(BUCKET, "missing", jurisdiction="default").status == 404


def test_another_token_is_refused(connect):
    with connect("fake-token-of-another-account") as client, pytest.raises(ApiRefusedError):
        client.read_subdomain()
