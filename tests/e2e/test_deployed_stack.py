"""A deployed stack with its query worker: live logs of a real batch, faults of the API, and a broken query worker."""

import gzip
import json
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from rehearsal import local_system as local
from tests.e2e.shortcuts import checks
from tests.fakes.days import stored_in_members


@pytest.fixture(scope="module")
def served(world):
    """The deployed rehearsal, and then its query worker, turned on as docs/query-worker.md says."""
    world.pulumi("config", "set", "queryWorker", "true")
    world.pulumi("config", "set", "queryUrl", world.local.query_url)
    world.pulumi("up", "--yes", "--skip-preview")
    return world


def api(world):
    environment = world.local.environment
    headers = {"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"}
    base = f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{local.ACCOUNT_ID}/"
    return httpx.Client(base_url=base, headers=headers, trust_env=False)


def run_check(world, name):
    code, report = checks(world, name)
    return code, next(check for check in report["checks"] if check["id"] == name)


# ---- the live logs, read through the local Cloudflare's tail


def tails(world):
    with api(world) as client:
        return client.get(f"workers/scripts/{world.local.worker_name}/tails").json()["result"]


def test_a_batch_that_went_well_shows_ace_and_r2_and_the_next_one_has_nothing_to_do(served):
    served.empty_bucket()
    code, logs = run_check(served, "logs")
    assert (code, logs["outcome"]) == (0, "pass"), logs
    assert logs["evidence"][0].endswith("and days written to R2: 2")
    assert "pages of ACE: 0" not in logs["evidence"][0]
    assert tails(served) == []
    code, logs = run_check(served, "logs")
    assert (code, logs["outcome"]) == (0, "pass")
    assert "had no day to fetch" in logs["evidence"][0]


def test_a_key_that_ace_does_not_know_is_in_the_logs(served):
    served.empty_bucket()
    served.local.ace.accept("another-fake-key")
    try:
        code, logs = run_check(served, "logs")
    finally:
        served.local.ace.accept(served.local.environment["ACE_API_KEY"])
    (found,) = logs["findings"]
    assert (code, logs["outcome"]) == (1, "fail")
    assert (found["cause"], found["subject"]) == ("configuration", "log of POST /trigger")
    assert "probably a bad key" in found["found"]
    assert found["hint"].startswith("pulumi config set --secret aceApiKey")
    assert tails(served) == []
    code, report = checks(served, "logs")
    assert (code, {check["outcome"] for check in report["checks"]}) == (0, {"pass"})


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
def preview(served):
    def preview(**faults):
        with FaultyApi(served.local.environment["CLOUDFLARE_BASE_URL"], faults) as api:
            code, output = served.run("pulumi", "preview", "--refresh=false", CLOUDFLARE_BASE_URL=api.url)
            return code, output, api.answers

    return preview


def test_one_429_and_one_502_do_not_fail_a_preview(preview):
    code, output, answers = preview(deployments=[429], versions=[502])
    assert code == 0, output
    assert (answers["deployments", 429], answers["deployments", 200]) == (1, 2)  # two workers
    assert (answers["versions", 502], answers["versions", 200]) == (1, 2)


def test_a_429_that_stays_is_one_line_with_the_number_of_attempts(preview):
    code, output, answers = preview(deployments=[429] * 99)
    assert code != 0
    assert "Cloudflare's API answered 429 without a JSON object after 3 attempts: GET http://127.0.0.1" in output
    assert "Traceback" not in output
    assert answers["deployments", 429] == 3


# ---- the query worker: healthy, broken by data, by drift and by a foreign worker


@pytest.fixture
def stored(served):
    """Every day is stored."""
    assert checks(served, "trigger")[0] == 0
    return served


def test_a_stored_day_is_served_exactly_and_nothing_else_has_changed(stored):
    health = httpx.get(f"{stored.local.query_url}/health", trust_env=False).json()
    assert (health["status"], health["service"]) == ("healthy", "query-worker")
    assert health["worker_version"]["tag"].startswith("bv:")
    assert stored.pulumi("stack", "output", "queryUrl").strip() == stored.local.query_url
    code, report = stored.checks()
    assert (code, {check["id"]: check["outcome"] for check in report["checks"]}["query"]) == (0, "pass"), report


def test_an_object_that_was_overwritten_is_found(stored):
    for key in stored.objects():
        head, raw = stored.wait(stored.local.edge.r2_get(stored.local.bucket, key))
        changed = [{**json.loads(line), "value": 1} for line in gzip.decompress(raw).splitlines()]
        other = stored_in_members(key.split("/")[2], changed)
        custom = head["custom_metadata"] | {name: other.custom[name] for name in ("bytes", "members")}
        put = stored.local.edge.r2_put
        stored.wait(put(stored.local.bucket, key, other.body, http_metadata={}, custom_metadata=custom))
    code, check = run_check(stored, "query")
    assert (code, check["outcome"]) == (1, "fail")
    assert "metadata sha256" in check["findings"][0]["expected"]
    stored.empty_bucket()
    assert checks(stored, "trigger")[0] == 0
    assert run_check(stored, "query")[0] == 0


def test_an_unbound_bucket_a_secret_and_crons_are_drift_and_restored_by_the_hint(stored):
    script = f"workers/scripts/{stored.local.query_name}"
    source = (local.ROOT / "workers" / "dist" / "query.js").read_text()
    metadata = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": []}
    files = {
        "metadata": (None, json.dumps(metadata), "application/json"),
        "worker.js": ("worker.js", source, "application/javascript+module"),
    }
    with api(stored) as client:
        client.put(script, files=files).raise_for_status()
        code, check = run_check(stored, "query")
        assert (code, check["outcome"]) == (1, "fail")
        [found] = check["findings"]
        assert found["found"].startswith("503 not_configured")
        assert (found["cause"], found["hint"]) == ("configuration", f"pulumi up --stack {local.STACK}")

        secret = {"name": "OUTSIDE", "text": "fake", "type": "secret_text"}
        client.put(f"{script}/secrets", json=secret).raise_for_status()
        client.put(f"{script}/schedules", json=[{"cron": "0 * * * *"}]).raise_for_status()
        previewed, updated, _ = stored.pulumi("up", "--yes", "--diff").partition("\nUpdating (")
        assert updated
        assert "changed secrets outside Pulumi" in previewed
        assert "uploaded another version" in previewed
        assert "BUCKET deleted" in previewed
        assert "OUTSIDE added" in previewed
        assert "Live crons: 0 * * * *" in previewed
        assert client.get(f"{script}/secrets").json()["result"] == []
        assert client.get(f"{script}/schedules").json()["result"]["schedules"] == []
    stored.pulumi("preview", "--expect-no-changes")
    assert run_check(stored, "query")[0] == 0
