"""A second worker with the same key and with another one. The manifest names it as the related worker."""

import json

import httpx
import pytest

from rehearsal import local_system as local

NAME = "etl"


def deploy(world, key):
    """Upload the same code under another name and with another key. Returns its address."""
    environment = world.local.environment
    account, token = environment["CLOUDFLARE_ACCOUNT_ID"], environment["CLOUDFLARE_API_TOKEN"]
    texts = {"ACE_BASE_URL": world.local.ace.url, "SITE": "ses_falls_city", "START_DATE": "2024-12-10"}
    texts |= {"PAGE_SIZE": "10000", "KEY_TEMPLATE": "timeseries/{site}/{date}/data.ndjson.gz"}
    bindings = [{"name": "ACE_API_KEY", "type": "secret_text", "text": key}]
    bindings += [{"name": "BUCKET", "type": "r2_bucket", "bucket_name": world.local.bucket}]
    bindings += [{"name": "CF_VERSION_METADATA", "type": "version_metadata"}]
    bindings += [{"name": name, "type": "plain_text", "text": text} for name, text in texts.items()]
    metadata = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": bindings}
    code = (local.ROOT / "workers" / "dist" / "backfill.js").read_bytes()
    parts = {"worker.js": ("worker.js", code, "application/javascript+module")}
    parts |= {"metadata": (None, json.dumps(metadata), "application/json")}
    url = f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{account}/workers/scripts/{NAME}"
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        client.put(url, files=parts).raise_for_status()
        client.post(f"{url}/subdomain", json={"enabled": True, "previews_enabled": False}).raise_for_status()
    return world.wait(world.local.edge.reserve(NAME))


@pytest.fixture
def parity(world, tmp_path):
    """Deploy a related worker with a key, and run the checks with the manifest of the stack, which names it."""

    def run_parity(key):
        manifest = json.loads(world.pulumi("stack", "output", "manifest", "--show-secrets", "--stack", local.STACK))
        manifest["siblings"]["etl_worker"] = deploy(world, key)
        file = tmp_path / "manifest.json"
        file.write_text(json.dumps(manifest))
        code, output = world.run("python", "-m", "checks", "run", "parity", "--manifest", str(file), "--format", "json")
        return code, {check["id"]: check for check in json.loads(output)["checks"]}

    return run_parity


def test_a_related_worker_with_the_same_key_and_with_another(world, parity):
    code, checks = parity(world.local.environment["ACE_API_KEY"])
    assert (code, checks["parity"]["outcome"]) == (0, "pass"), checks["parity"]
    code, checks = parity("another-fake-key")
    (found,) = checks["parity"]["findings"]
    assert (code, checks["parity"]["outcome"]) == (1, "fail")
    assert (found["cause"], found["subject"]) == (
        "configuration",
        "GET /status of the ETL worker with the operator token",
    )
    assert "another key" in found["found"]
