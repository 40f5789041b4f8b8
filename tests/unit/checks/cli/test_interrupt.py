"""A run that is interrupted, or that abandons a check, closes its tail. Cloudflare allows ten open tails."""

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from websockets.sync.server import serve

from checks.clients.cloudflare.tails import Tails
from checks.clients.cloudflare.transport import ApiTransport
from checks.clients.http.client import Http
from checks.clients.tail.open_tails import OpenTails
from checks.model.credentials import Secret
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Inconclusive
from tests.fakes.answers import envelope
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON, manifest_data
from tests.fakes.tail import trace

TAILS = "/tails"


def make_handler(system):
    """The fake system over real HTTP: Cloudflare's API below /client/v4, and the worker beside it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self):
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            host = "api.cloudflare.com" if self.path.startswith("/client/v4") else "worker.example"
            headers = {"Authorization": self.headers.get("Authorization", "")}
            request = httpx.Request(self.command, f"https://{host}{self.path}", headers=headers, content=content)
            reply = system.reply(request)
            body = reply.read()
            self.send_response(reply.status_code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = reply  # noqa: N815 - the names of the standard library

        def log_message(self, *_):
            pass

    return Handler


@pytest.fixture
def hanging():
    """A system over loopback whose batch never ends: the system, its URL, and the event of the batch's begin."""
    system, began, ended = healthy_system(), threading.Event(), threading.Event()

    def hang(request):
        if system.asked.count("POST /trigger") == 3:  # the first two must be refused
            began.set()
            ended.wait(30)
        return system.worker.answer(request)

    def show(socket):
        socket.send(json.dumps(trace("GET", "https://worker.example/health")))
        ended.wait(30)

    system.routes["POST", "/trigger"] = hang
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), make_handler(system)) as server,
        serve(show, "127.0.0.1", 0, subprotocols=["trace-v1"]) as tail,
    ):
        system.script.tail.url = f"ws://127.0.0.1:{tail.socket.getsockname()[1]}/t1"
        for each in (server, tail):
            threading.Thread(target=each.serve_forever, daemon=True).start()
        yield system, f"http://127.0.0.1:{server.server_address[1]}", began
        ended.set()
        server.shutdown()


def start(folder, url, *arguments):
    file = folder / "manifest.json"
    file.write_text(json.dumps(manifest_data(worker__url=url)))
    environ = {**os.environ, **ENVIRON, "CLOUDFLARE_BASE_URL": f"{url}/client/v4"}
    return subprocess.Popen(
        [sys.executable, "-m", "checks", "run", "logs", "--manifest", str(file), *arguments],
        env=environ,
        cwd=Path(__file__).parents[4],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def count(system, method):
    return sum(entry.startswith(method) and TAILS in entry for entry in system.asked)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_tail_is_open_closes_it(tmp_path, hanging, number):
    """Case C19: Ctrl-C, or the end of a cancelled job."""
    system, url, began = hanging
    with start(tmp_path, url) as process:
        assert began.wait(20), process.communicate(timeout=1)
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors.decode().strip()) == (3, "error: interrupted: inconclusive")
    assert (count(system, "POST"), count(system, "DELETE")) == (1, 1)


def test_a_check_that_is_abandoned_at_the_deadline_leaves_no_tail(tmp_path, hanging):
    """Case C19: the deadline is over, and the check still waits for the batch."""
    system, url, _ = hanging
    with start(tmp_path, url, "--deadline", "3s") as process:
        process.communicate(timeout=20)
    assert process.returncode == 3
    assert (count(system, "POST"), count(system, "DELETE")) == (1, 1)


def make_tails(http):
    transport = ApiTransport(http=http, account_id="a", token=Secret("t" * 40))
    return OpenTails(tails=Tails(transport=transport), script="w")


def test_a_tail_that_opens_during_the_end_of_a_run_is_closed_and_no_other_one_opens():
    """Case C19: the request to open is under way when the run ends."""
    asked, opening, go_on = [], threading.Event(), threading.Event()

    def handle(request):
        asked.append(request.method)
        if request.method == "POST":
            opening.set()
            go_on.wait(10)
        return envelope({"id": "t1", "url": "wss://x.example"})

    deadline = Deadline.starting_now(10.0)
    transport = httpx.MockTransport(handle)
    with Http.open("https://api.example", cause=Cause.CLOUDFLARE, deadline=deadline, transport=transport) as http:
        tails = make_tails(http)
        opener = threading.Thread(target=tails.open, args=(deadline,))
        opener.start()
        opening.wait(10)
        closer = threading.Thread(target=tails.close_all)
        closer.start()
        go_on.set()
        for thread in (opener, closer):
            thread.join(10)
        assert asked == ["POST", "DELETE"]
        tails.close("t1")
        with pytest.raises(Inconclusive, match="the run has ended"):
            tails.open(deadline)
    assert asked == ["POST", "DELETE"]


def test_a_tail_is_closed_after_the_deadline_with_time_of_its_own():
    """Case C19: a deadline that is over would leave 0.05 s for the request."""
    limits = []

    def handle(request):
        limits.append(request.extensions["timeout"]["connect"])
        return envelope({"id": "t1", "url": "wss://x.example"})

    over = Deadline.starting_now(0.0)
    transport = httpx.MockTransport(handle)
    with Http.open("https://api.example", cause=Cause.CLOUDFLARE, deadline=over, transport=transport) as http:
        tails = make_tails(http)
        tails.open(Deadline.starting_now(5.0))
        tails.close_all()
    assert (len(limits), min(limits) > 1) == (2, True)
