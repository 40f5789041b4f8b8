"""No process outlives another, no secret leaves memory, and a broken edge reports it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from rehearsal.edge import Edge, EdgeError, RejectedUpload, node_process
from tests import processes

ROOT = Path(__file__).parents[3]
CANARY = "fake-ace-key-canary-7261"
PIDFD_GETFD = 438  # the number of the system call, which the standard library does not offer


def wait_for(true: Callable[[], bool], seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


PARENT = """
import asyncio, sys
from pathlib import Path
from rehearsal.edge import Edge
async def go():
    edge = await Edge.start(folder=Path(sys.argv[1]))
    print(edge._process.socket, flush=True)
    await asyncio.sleep(60)
asyncio.run(go())
"""


def test_nothing_outlives_a_killed_parent(tmp_path):
    with subprocess.Popen([sys.executable, "-c", PARENT, tmp_path], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        socket = Path(parent.stdout.readline().decode().strip())
        started = processes.descendants(parent.pid)
        assert len(started) == 2
        parent.kill()
        assert processes.gone(started, seconds=1.0) == {}
    wait_for(lambda: not socket.parent.exists(), 1)


def test_the_control_socket_closes_no_idle_connection(edge):
    """Node closes an idle connection after 6 seconds unless told otherwise, and then announces a timeout."""
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(edge.edge._process.socket))) as client:
        answer = client.post("http://edge/reserve", json={"name": "w"})
    assert answer.status_code == 200
    assert answer.headers["connection"] == "keep-alive"
    assert "keep-alive" not in answer.headers


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_workerd_ends_with_node_and_every_call_reports_it(tmp_path, script, how):
    before = processes.descendants(os.getpid())

    async def go():
        edge = await Edge.start(folder=tmp_path)
        code = "export default { async scheduled() { await scheduler.wait(20_000) } }"
        await edge.deploy("w", [(script("w", code), 100)], enabled=True)
        started = processes.descendants(os.getpid()) - before
        waiting = asyncio.create_task(edge.fire_cron("w", "* * * * *"))
        await asyncio.sleep(0.1)
        [node] = processes.named(started, "node")
        os.kill(node, how)
        with pytest.raises(EdgeError, match=r"the local edge has died.*Start the rehearsal again"):
            await waiting
        with pytest.raises(EdgeError, match="has died"):
            await edge.reserve("w")
        with pytest.raises(EdgeError, match="has died"):
            await edge.r2_get("bucket", "k")
        assert processes.gone(started, seconds=0.5) == {}
        await edge.close()
        await edge.close()
        with pytest.raises(EdgeError, match="is closed"):
            await edge.reserve("w")

    asyncio.run(go())


def workerd(edge):
    [found] = processes.list_workerd(edge.edge)
    return found


def served_again(client, url):
    """The answer after a crash."""
    deadline = time.monotonic() + 30
    while (answer := client.get(url)).status_code == 502:
        assert time.monotonic() < deadline
    return answer.text


def test_a_crashed_runtime_is_started_again(edge, script, client):
    url = edge.serve(script("w"))
    os.kill(workerd(edge), signal.SIGKILL)
    assert served_again(client, url) == "hello"


def listening(pid):
    """The ports of 127.0.0.1 that a process listens on."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in links]


def taken(port):
    """A port that another process has now."""
    other = socket.socket()
    other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):  # the one that was killed may not be gone yet
            other.bind(("127.0.0.1", port))
            other.listen()
            return other
    pytest.fail(f"port {port} stays taken")


def test_every_start_of_workerd_takes_free_ports(edge, script):
    """Miniflare may wait for ever for a workerd that ends at once, because another process has its port."""
    ports = []
    for name in ("a", "b"):
        edge.serve(script(name))
        ports.append(set(listening(workerd(edge))))
    first, second = ports
    assert first
    assert second
    assert first.isdisjoint(second)


def test_a_port_that_another_process_takes_during_a_restart_stays_with_that_process(edge, script, client):
    url = edge.serve(script("w"))
    edge.do(edge.edge.r2_put("kept", "key", b"data", http_metadata={}, custom_metadata={}))
    ports = listening(workerd(edge))
    assert ports
    os.kill(workerd(edge), signal.SIGKILL)
    others = [taken(port) for port in ports]
    assert served_again(client, url) == "hello"
    assert edge.do(edge.edge.r2_get("kept", "key"))[1] == b"data"
    for other in others:
        other.close()


def copy_of_stderr(pid):
    """A second holder of the process's standard error, so that its end is seen only when both have closed it."""
    process = os.pidfd_open(pid)
    copy = ctypes.CDLL(None, use_errno=True).syscall(PIDFD_GETFD, process, 2, 0)
    os.close(process)
    assert copy >= 0, os.strerror(ctypes.get_errno())
    return copy


def test_a_request_that_reached_the_taker_of_a_port_ends_when_the_death_is_seen(edge, script, client):
    url = edge.serve(script("w"))
    ports, held = listening(workerd(edge)), copy_of_stderr(workerd(edge))
    os.kill(workerd(edge), signal.SIGKILL)
    others = [taken(port) for port in ports]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, url)
        reached, _, _ = select.select(others, [], [], 10)
        assert reached
        os.close(held)
        assert waiting.result().status_code == 502
    assert client.get(url).text == "hello"
    for other in others:
        other.close()


def test_a_request_beyond_the_drain_limit_is_ended_and_the_swap_goes_on(tmp_path, script):
    async def go():
        edge = await Edge.start(folder=tmp_path, drain_limit=0.3)
        url = await edge.reserve("w")
        slow = "export default { async fetch() { await scheduler.wait(20_000); return new Response('late') } }"
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            await edge.deploy("w", [(script("w", slow), 100)], enabled=True)
            waiting = asyncio.create_task(client.get(url))
            await asyncio.sleep(0.2)
            begun = time.monotonic()
            await edge.deploy("w", [(script("w"), 100)], enabled=True)
            assert 0.3 < time.monotonic() - begun < 5
            assert (await waiting).status_code == 502
            assert (await client.get(url)).text == "hello"
        await edge.close()

    asyncio.run(go())


def test_a_secret_is_in_no_argument_environment_or_file(tmp_path, script, monkeypatch):
    monkeypatch.setenv("ACE_API_KEY", CANARY)
    monkeypatch.setenv("MINIFLARE_WORKERD_CONFIG_DEBUG", str(tmp_path / "config.json"))
    before = processes.descendants(os.getpid())
    code = "export default { fetch(_, env) { return new Response(String(env.KEY.length)) } }"

    async def go():
        edge = await Edge.start(folder=tmp_path)
        bindings = ({"name": "KEY", "type": "secret_text", "text": CANARY},)
        await edge.deploy("w", [(script("w", code, bindings=bindings), 100)], enabled=True)
        with pytest.raises(RejectedUpload):
            await edge.deploy("w", [(script("w", "(", bindings=bindings), 100)], enabled=True)
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(await edge.reserve("w"))).text == str(len(CANARY))
        started = processes.descendants(os.getpid()) - before
        files = [Path(f"/proc/{pid}/{name}") for pid in started for name in ("cmdline", "environ")]
        files += [file for file in tmp_path.rglob("*") if file.is_file()]
        assert len(started) == 2
        assert [file for file in files if CANARY.encode() in file.read_bytes()] == []
        await edge.close()

    asyncio.run(go())


def test_closing_leaves_only_stored_objects_for_any_path(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = processes.descendants(os.getpid())
    folder = tmp_path / ("long" * 30)

    async def put() -> float:
        edge = await Edge.start(folder=folder)
        await edge.r2_put("kept", "k", b"v", http_metadata={}, custom_metadata={"a": "b"})
        assert not edge._process.socket.is_relative_to(folder)
        assert len(processes.descendants(os.getpid()) - before) == 2
        begun = time.monotonic()
        await edge.close()
        return time.monotonic() - begun

    async def get():
        edge = await Edge.start(folder=folder)
        stored = await edge.r2_get("kept", "k")
        await edge.close()
        return stored

    assert asyncio.run(put()) < 1
    assert processes.descendants(os.getpid()) <= before
    assert list(tmp_path.rglob("control-*")) == []
    assert list((folder / "edge" / "tmp").iterdir()) == []
    description, body = asyncio.run(get())
    assert (body, description["custom_metadata"]) == (b"v", {"a": "b"})


def start(folder: Path) -> None:
    asyncio.run(Edge.start(folder=folder))


def test_missing_node_is_one_line_with_the_next_command(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(node_process.node, "FOLDER", tmp_path)
    with pytest.raises(EdgeError, match=r"^the local edge needs Node.js 22.12 or newer. Run scripts/setup$"):
        start(tmp_path)


def test_missing_packages_are_one_line_with_the_next_command(tmp_path, monkeypatch):
    monkeypatch.setattr(node_process, "_HERE", tmp_path)
    with pytest.raises(EdgeError, match=r"^the packages of the local edge are not installed. Run scripts/setup$"):
        start(tmp_path)


def test_a_node_that_fails_at_its_start_is_one_line_with_its_reason(tmp_path, monkeypatch):
    package = tmp_path / "node_modules" / "miniflare" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text("{}")
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "main.mjs").write_text("throw new Error('it is broken')")
    monkeypatch.setattr(node_process, "_HERE", tmp_path)
    with pytest.raises(EdgeError, match=r"^the local edge did not start: .*it is broken.*scripts/setup$"):
        start(tmp_path)


def test_a_node_that_prints_nothing_is_ended(tmp_path, monkeypatch):
    package = tmp_path / "node_modules" / "miniflare" / "package.json"
    package.parent.mkdir(parents=True)
    package.write_text("{}")
    (tmp_path / "node").mkdir()
    (tmp_path / "node" / "main.mjs").write_text("setInterval(() => {}, 1000)")
    monkeypatch.setattr(node_process, "_HERE", tmp_path)
    monkeypatch.setattr(node_process, "_MAX_START_SECONDS", 0.3)
    monkeypatch.setattr(node_process, "_MAX_CLOSE_SECONDS", 0.1)
    before = processes.descendants(os.getpid())
    with pytest.raises(EdgeError, match="did not start within"):
        start(tmp_path)
    assert processes.descendants(os.getpid()) <= before
