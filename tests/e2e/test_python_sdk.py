"""Cloudflare's Python client against the local Cloudflare: every call that it has for our products."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import cloudflare
import httpx
import pytest

from tests.e2e.local_account import ACCOUNT, CODE, TOKEN, LocalAccount, started

IN = {"account_id": ACCOUNT}
OF = {"account_id": ACCOUNT, "script_name": "sdk"}
SECRET = {"name": "KEY", "type": "secret_text", "text": "canary-one"}


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAccount]:
    with started(tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture(scope="module")
def sdk(account: LocalAccount) -> Iterator[cloudflare.Cloudflare]:
    direct = httpx.Client(trust_env=False)
    with cloudflare.Cloudflare(api_token=TOKEN, base_url=account.base, http_client=direct, max_retries=0) as client:
        yield client


def upload(run: str, **metadata: Any) -> dict[str, Any]:
    """Return the arguments of an upload."""
    code = CODE.replace("RUN", json.dumps(run)).encode()
    return {
        "metadata": {"main_module": "worker.js", "compatibility_date": "2026-04-01", **metadata},
        "files": [("worker.js", code, "application/javascript+module")],
    }


def test_a_script_its_settings_secrets_crons_and_address(sdk: cloudflare.Cloudflare, account: LocalAccount) -> None:
    scripts = sdk.workers.scripts
    assert scripts.update("sdk", **IN, **upload("one", bindings=[SECRET])).id == "sdk"
    scripts.subdomain.create("sdk", **IN, enabled=True, previews_enabled=False)
    assert account.page("sdk")["key"] == "canary-one"
    assert [script.id for script in scripts.list(**IN)] == ["sdk"]
    assert b'run: "one"' in scripts.content.get("sdk", **IN).read()
    assert scripts.script_and_version_settings.get("sdk", **IN).compatibility_date == "2026-04-01"
    assert scripts.settings.edit("sdk", **IN, logpush=True).logpush is True
    assert scripts.settings.get("sdk", **IN).logpush is True

    scripts.secrets.update("sdk", **IN, name="KEY", text="canary-two", type="secret_text")
    assert account.page("sdk")["key"] == "canary-two"
    scripts.secrets.bulk_update(
        "sdk", **IN, secrets={"MORE": {"type": "secret_text", "text": "canary-more", "name": "MORE"}}
    )
    assert sorted(secret.name for secret in scripts.secrets.list("sdk", **IN)) == ["KEY", "MORE"]
    scripts.secrets.delete("MORE", **OF)
    assert [secret.name for secret in scripts.secrets.list("sdk", **IN)] == ["KEY"]
    assert scripts.secrets.get("KEY", **OF).to_dict() == {"name": "KEY", "type": "secret_text"}

    scripts.schedules.update("sdk", **IN, body=[{"cron": "*/5 * * * *"}])
    assert [item.cron for item in scripts.schedules.get("sdk", **IN).schedules] == ["*/5 * * * *"]
    assert scripts.subdomain.get("sdk", **IN).enabled is True
    assert sdk.workers.subdomains.get(**IN).subdomain == "rehearsal"
    worker = sdk.workers.beta.workers.get("sdk", **IN)
    assert (worker.name, worker.logpush, worker.subdomain.enabled) == ("sdk", True, True)
    assert worker.subdomain.url == "https://sdk.rehearsal.workers.dev"
    assert sdk.workers.beta.workers.get(worker.id, **IN).name == "sdk"


def test_versions_deployments_and_tails(sdk: cloudflare.Cloudflare, account: LocalAccount) -> None:
    scripts = sdk.workers.scripts
    account.seed("sdk")
    # Version 5.9.0 of the client cannot build its own type of a version's bindings, so the answers are read raw.
    made = scripts.versions.with_raw_response.create("sdk", **IN, **upload("two"))
    newest = made.http_response.json()["result"]["id"]
    assert next(iter(scripts.versions.list("sdk", **IN))).id == newest
    shown = scripts.versions.with_raw_response.get(newest, **OF).http_response.json()["result"]
    assert shown["resources"]["script_runtime"]["compatibility_date"] == "2026-04-01"
    assert account.page("sdk")["run"] == "one"
    share = {"version_id": newest, "percentage": 100}
    deployed = scripts.deployments.create("sdk", **IN, strategy="percentage", versions=[share])
    assert account.page("sdk")["run"] == "two"
    assert scripts.deployments.get(deployed.id, **OF).versions[0].version_id == newest
    # The client's type of a page has `items`, which the answer does not have.
    first, second = (scripts.deployments.list("sdk", **IN, page=page, per_page=1).result for page in (1, 2))
    assert first.to_dict()["deployments"][0]["id"] == deployed.id
    assert second.to_dict()["deployments"][0]["id"] != deployed.id
    tail = scripts.tail.create("sdk", **IN)
    assert tail.url.startswith("ws://")
    scripts.tail.delete(tail.id, **OF)


def test_buckets_and_objects(sdk: cloudflare.Cloudflare) -> None:
    buckets = sdk.r2.buckets
    assert buckets.create(**IN, name="sdk-data").name == "sdk-data"
    assert [bucket.name for bucket in buckets.list(**IN).buckets] == ["sdk-data"]
    assert buckets.edit("sdk-data", **IN, storage_class="InfrequentAccess").storage_class == "InfrequentAccess"
    assert buckets.get("sdk-data", **IN).storage_class == "InfrequentAccess"
    assert len(buckets.lifecycle.get("sdk-data", **IN).rules) == 1
    assert buckets.domains.managed.list("sdk-data", **IN).enabled is False
    inside = {**IN, "bucket_name": "sdk-data"}
    for key in ("a/b", "a/c"):
        buckets.objects.upload(key, **inside, body=b"\x00\xff")
    listed = buckets.objects.list("sdk-data", **IN, prefix="a/", per_page=1)
    assert [item.key for item in listed] == ["a/b", "a/c"]  # it follows the cursor
    assert buckets.objects.get("a/b", **inside).read() == b"\x00\xff"
    for key in ("a/b", "a/c"):
        buckets.objects.delete(key, **inside)
    buckets.delete("sdk-data", **IN)
    with pytest.raises(cloudflare.NotFoundError, match="10006"):
        buckets.get("sdk-data", **IN)


def test_the_token_the_account_and_refusals(sdk: cloudflare.Cloudflare, account: LocalAccount) -> None:
    assert sdk.user.tokens.verify().status == "active"
    assert [item.id for item in sdk.accounts.list()] == [ACCOUNT]
    with pytest.raises(cloudflare.NotFoundError, match="10007"):
        sdk.workers.scripts.secrets.list("absent", **IN)
    with pytest.raises(cloudflare.PermissionDeniedError, match="10000"):
        sdk.with_options(api_token="fake-wrong-token").workers.subdomains.get(**IN)
    sdk.workers.scripts.delete("sdk", **IN)
    with pytest.raises(cloudflare.NotFoundError, match="10007"):
        sdk.workers.beta.workers.get("sdk", **IN)
    assert account.unknown_requests() == []
