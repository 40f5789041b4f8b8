"""A deployed stack whose declaration no test changes: live logs of a real batch, a related worker, faults of the API."""

import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from rehearsal import local_system as local

# ---- the live logs, read through the local Cloudflare's tail


def checked(world):
    code, report = world.checks("logs")
    return code, {check["id"]: check for check in report["checks"]}


def tails(world):
    environment = world.local.environment
    account, token = environment["CLOUDFLARE_ACCOUNT_ID"], environment["CLOUDFLARE_API_TOKEN"]
    url = f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{account}/workers/scripts/{world.local.worker_name}/tails"
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"}).json()["result"]


def test_a_batch_that_went_well_shows_ace_and_r2(world):
    world.empty_bucket()
    code, checks = checked(world)
    assert (code, checks["logs"]["outcome"]) == (0, "pass"), checks["logs"]
    assert checks["logs"]["evidence"][0].endswith("and days written to R2: 2")
    assert "pages of ACE: 0" not in checks["logs"]["evidence"][0]
    assert tails(world) == []


def test_a_batch_with_nothing_to_do_says_so(world):
    code, checks = checked(world)
    assert (code, checks["logs"]["outcome"]) == (0, "pass")
    assert "had no day to fetch" in checks["logs"]["evidence"][0]


def test_a_key_that_ace_does_not_know_is_in_the_logs(world):
    world.empty_bucket()
    world.local.ace.accept("another-fake-key")
    try:
        code, checks = checked(world)
    finally:
        world.local.ace.accept(world.local.environment["ACE_API_KEY"])
    (found,) = checks["logs"]["findings"]
    assert (code, checks["logs"]["outcome"]) == (1, "fail")
    assert (found["cause"], found["subject"]) == ("configuration", "log of POST /trigger")
    assert "probably a bad key" in found["found"]
    assert found["hint"].startswith("pulumi config set --secret aceApiKey")
    assert tails(world) == []
    code, checks = checked(world)
    assert (code, {check["outcome"] for check in checks.values()}) == (0, {"pass"})


# ---- a second worker with the same key and with another one

NAME = "etl"


def deploy(world, key):
    """Upload the same code under another name and with another key. Returns its address."""
    environment = world.local.environment
    account, token = environment["CLOUDFLARE_ACCOUNT_ID"], environment["CLOUDFLARE_API_TOKEN"]
    texts = {"ACE_BASE_URL": world.local.ace.url, "SETTLE_HOURS": "0", "RECHECK_DAYS": "0"}
    texts |= {"SITES": '[{"name":"ses_falls_city","startDate":"2024-12-10"}]', "DEAD_LETTER_QUEUE": f"{NAME}-dead-days"}
    texts |= {"PAGE_SIZE": "10000", "KEY_TEMPLATE": "timeseries/{site}/{date}/data.ndjson.gz"}
    bindings = [{"name": "ACE_API_KEY", "type": "secret_text", "text": key}]
    bindings += [{"name": "BUCKET", "type": "r2_bucket", "bucket_name": world.local.bucket}]
    bindings += [{"name": "DAYS", "type": "queue", "queue_name": f"{world.local.worker_name}-days"}]
    bindings += [{"name": "CF_VERSION_METADATA", "type": "version_metadata"}]
    bindings += [{"name": name, "type": "plain_text", "text": text} for name, text in texts.items()]
    metadata = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": bindings}
    code = (local.ROOT / "workers" / "dist" / "backfill.js").read_bytes()
    parts = {"worker.js": ("worker.js", code, "application/javascript+module")}
    parts |= {"metadata": (None, json.dumps(metadata), "application/json")}
    url = f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{account}/workers/scripts/{NAME}"
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        uploaded = client.put(url, files=parts)
        assert uploaded.status_code == 200, uploaded.text
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


# ---- case P3: a preview survives single faults of the API, and explains faults that stay


class FaultyApi(ThreadingHTTPServer):
    """A proxy before the local Cloudflare: the first answers to a path are faults, ``faults`` has their statuses."""

    daemon_threads = True

    def __init__(self, upstream, faults):
        super().__init__(("127.0.0.1", 0), Forward)
        self.base, self.upstream = upstream.partition("/client/")[0], httpx.Client(trust_env=False, timeout=30)
        self.faults, self.answers = {name: list(statuses) for name, statuses in faults.items()}, Counter()

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.upstream.close()
        self.server_close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/client/v4"


class Forward(BaseHTTPRequestHandler):
    def do_GET(self):
        name = self.path.partition("?")[0].rpartition("/")[2]
        statuses = self.server.faults.get(name)
        if statuses:
            status, body = statuses.pop(0), b"<html>a fault on the way</html>"
        else:
            token = {"Authorization": self.headers["Authorization"]}
            answer = self.server.upstream.get(self.server.base + self.path, headers=token)
            status, body = answer.status_code, answer.content
        self.server.answers[name, status] += 1
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def preview(world):
    def preview(**faults):
        with FaultyApi(world.local.environment["CLOUDFLARE_BASE_URL"], faults) as api:
            code, output = world.run("pulumi", "preview", "--refresh=false", CLOUDFLARE_BASE_URL=api.url)
            return code, output, api.answers

    return preview


def test_one_429_and_one_502_do_not_fail_a_preview(preview):
    code, output, answers = preview(deployments=[429], versions=[502])
    assert code == 0, output
    assert (answers["deployments", 429], answers["deployments", 200]) == (1, 1)
    assert (answers["versions", 502], answers["versions", 200]) == (1, 1)


def test_a_429_that_stays_is_one_line_with_the_number_of_attempts(preview):
    code, output, answers = preview(deployments=[429] * 99)
    assert code != 0
    assert "Cloudflare's API answered 429 without a JSON object after 3 attempts: GET http://127.0.0.1" in output
    assert "Traceback" not in output
    assert answers["deployments", 429] == 3
