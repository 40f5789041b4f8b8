"""A preview survives single faults of Cloudflare's API, and explains faults that stay (case P3)."""

import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest


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
