"""The query worker, deployed by the program: healthy, broken by data, by drift and by a foreign worker."""

import gzip
import json

import httpx
import pytest

from rehearsal import local_system as local
from tests.fakes.days import stored_in_members


def set_up(world):
    """Turn the query worker on, as docs/query-worker.md says."""
    world.pulumi("config", "set", "queryWorker", "true")
    world.pulumi("config", "set", "queryUrl", world.local.query_url)


@pytest.fixture(scope="module")
def served(world):
    """The deployed rehearsal with its query worker, and every day stored."""
    set_up(world)
    world.pulumi("up", "--yes", "--skip-preview")
    code, report = world.checks("trigger")
    assert code == 0, report
    return world


def query(world):
    code, report = world.checks("query")
    return code, next(check for check in report["checks"] if check["id"] == "query")


def api(world):
    environment = world.local.environment
    headers = {"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"}
    base = f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{local.ACCOUNT_ID}/"
    return httpx.Client(base_url=base, headers=headers, trust_env=False)


def test_a_stored_day_is_served_exactly_and_nothing_else_has_changed(served):
    code, check = query(served)
    assert (code, check["outcome"]) == (0, "pass"), check
    health = httpx.get(f"{served.local.query_url}/health", trust_env=False).json()
    assert (health["status"], health["service"]) == ("healthy", "query-worker")
    assert health["worker_version"]["tag"].startswith("bv:")
    assert served.pulumi("stack", "output", "queryUrl").strip() == served.local.query_url
    served.pulumi("preview", "--expect-no-changes")
    code, report = served.checks()
    assert (code, {check["id"]: check["outcome"] for check in report["checks"]}["query"]) == (0, "pass"), report


def test_an_object_that_was_overwritten_is_found(served):
    for key in served.objects():
        with api(served) as client:
            path = f"r2/buckets/{served.local.bucket}/objects/{key}"
            raw = client.get(path).content
            head = next(
                item
                for item in client.get(f"r2/buckets/{served.local.bucket}/objects").json()["result"]
                if item["key"] == key
            )
        changed = [{**json.loads(line), "value": 1} for line in gzip.decompress(raw).splitlines()]
        other = stored_in_members(key.split("/")[2], changed)
        sizes = {name: other.custom[name] for name in ("bytes", "members")}
        served.wait(
            served.local.edge.r2_put(
                served.local.bucket, key, other.body, http_metadata={}, custom_metadata=head["custom_metadata"] | sizes
            )
        )
    code, check = query(served)
    assert (code, check["outcome"]) == (1, "fail")
    assert "metadata sha256" in check["findings"][0]["expected"]
    served.empty_bucket()
    assert served.checks("trigger")[0] == 0
    assert query(served)[0] == 0


def test_an_unbound_bucket_is_found_shown_by_the_preview_and_restored_by_the_hint(served):
    source = (local.ROOT / "workers" / "dist" / "query.js").read_text()
    metadata = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": []}
    with api(served) as client:
        files = {
            "metadata": (None, json.dumps(metadata), "application/json"),
            "worker.js": ("worker.js", source, "application/javascript+module"),
        }
        client.put(f"workers/scripts/{served.local.query_name}", files=files).raise_for_status()
    code, check = query(served)
    assert (code, check["outcome"]) == (1, "fail")
    [found] = check["findings"]
    assert found["found"].startswith("503 not_configured")
    assert (found["cause"], found["hint"]) == ("configuration", f"pulumi up --stack {local.STACK}")
    assert "uploaded another version outside Pulumi" in served.pulumi("preview", "--diff")
    served.pulumi("up", "--yes", "--skip-preview")
    served.pulumi("preview", "--expect-no-changes")
    assert query(served)[0] == 0


def test_changed_crons_and_secrets_are_drift(served):
    script = f"workers/scripts/{served.local.query_name}"
    with api(served) as client:
        secret = {"name": "OUTSIDE", "text": "fake", "type": "secret_text"}
        client.put(f"{script}/secrets", json=secret).raise_for_status()
        client.put(f"{script}/schedules", json=[{"cron": "0 * * * *"}]).raise_for_status()
        assert "added OUTSIDE outside Pulumi" in (said := served.pulumi("preview", "--diff"))
        assert "Live crons: 0 * * * *" in said
        served.pulumi("up", "--yes", "--skip-preview")
        assert client.get(f"{script}/secrets").json()["result"] == []
        assert client.get(f"{script}/schedules").json()["result"]["schedules"] == []
