"""The real wrangler against the local Cloudflare: 21 calls of 1 to 2 s, each on a worker of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from rehearsal.cloudflare import LocalCloudflare
from rehearsal.edge import Edge
from toolchain import node

WRANGLER = Path(__file__).parents[2] / "rehearsal/edge/node_modules/.bin/wrangler"
ACCOUNT = "0123456789abcdef0123456789abcdef"
TOKEN = "fake-cloudflare-token-for-rehearsals-0001"
ONE, TWO = "canary-one", "canary-two"
CODE = """export default {
  async fetch(request, env) {
    console.log(JSON.stringify({ tag: "[Page]", path: new URL(request.url).pathname }));
    return Response.json({ run: RUN, key: env.KEY ?? null, stored: await env.BUCKET?.head("key") !== null });
  },
};
"""
CONFIG = """name = "{name}"
main = "worker.js"
compatibility_date = "2026-04-01"
workers_dev = true
r2_buckets = [{{ binding = "BUCKET", bucket_name = "{name}-data" }}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A running local Cloudflare, and the folder that wrangler takes for its home."""

    home: Path
    loop: asyncio.AbstractEventLoop
    edge: Edge
    cloudflare: LocalCloudflare
    api: httpx.Client

    def wait(self, call: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self.loop).result(30)

    def start(self, *arguments: str, token: str = TOKEN, folder: Path | None = None) -> subprocess.Popen[str]:
        """Start wrangler in a process group of its own."""
        base = str(self.api.base_url).partition("/accounts/")[0]
        environment = {
            **node.make_environment(os.environ["PATH"]),
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "CI": "1",
            "CLOUDFLARE_API_BASE_URL": base,
            "CLOUDFLARE_API_TOKEN": token,
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
            "WRANGLER_SEND_METRICS": "false",
            "WRANGLER_HIDE_BANNER": "true",  # the banner asks the network for updates
        }
        return subprocess.Popen(
            [WRANGLER, *arguments],
            env=environment,
            cwd=folder or self.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def wrangler(
        self, *arguments: str, value: str = "", token: str = TOKEN, folder: Path | None = None, fails: bool = False
    ) -> str:
        """Run wrangler to its end and return its output."""
        process = self.start(*arguments, token=token, folder=folder)
        try:
            written, _ = process.communicate(value, timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        assert (process.returncode != 0) is fails, written
        return written

    def seed(self, name: str, *, run: str = "one", bindings: Any = ()) -> None:
        """Upload and open a worker without wrangler."""
        metadata = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": list(bindings)}
        files: Any = {
            "worker.js": ("worker.js", CODE.replace("RUN", json.dumps(run)), "application/javascript+module"),
            "metadata": (None, json.dumps(metadata)),
        }
        self.api.put(f"workers/scripts/{name}", files=files).raise_for_status()
        self.api.post(f"workers/scripts/{name}/subdomain", json={"enabled": True}).raise_for_status()

    def page(self, name: str, **headers: str) -> Any:
        """Ask the worker at the edge."""
        response = httpx.get(self.wait(self.edge.reserve(name)) + "/seen", headers=headers, trust_env=False)
        return response.raise_for_status().json()

    def triggers(self, name: str) -> list[str]:
        """Return the trigger of each version, newest first."""
        versions = self.api.get(f"workers/scripts/{name}/versions").json()["result"]["items"]
        return [version["annotations"]["workers/triggered_by"] for version in versions]


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    async def start() -> tuple[Edge, LocalCloudflare, str]:
        folder = tmp_path_factory.mktemp("edge")
        edge = await Edge.start(folder=folder, on_trace=lambda name, item: cloudflare.pass_trace(name, item))
        cloudflare = LocalCloudflare(edge=edge, account_id=ACCOUNT, api_token=TOKEN)
        return edge, cloudflare, await cloudflare.start()

    async def stop() -> None:
        await cloudflare.stop()
        await edge.close()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    edge, cloudflare, base = asyncio.run_coroutine_threadsafe(start(), loop).result(30)
    headers = {"authorization": f"Bearer {TOKEN}"}
    home = tmp_path_factory.mktemp("home")
    with httpx.Client(base_url=f"{base}/accounts/{ACCOUNT}/", headers=headers, trust_env=False) as api:
        yield Rehearsal(home=home, loop=loop, edge=edge, cloudflare=cloudflare, api=api)
    asyncio.run_coroutine_threadsafe(stop(), loop).result(30)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(5)
    loop.close()


def project(folder: Path, name: str, *, run: str = "one") -> Path:
    (folder / "wrangler.toml").write_text(CONFIG.format(name=name))
    (folder / "worker.js").write_text(CODE.replace("RUN", json.dumps(run)))
    return folder


def test_deploy_makes_the_bucket_and_the_page_and_deploying_again_keeps_the_secret(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    written = rehearsal.wrangler("deploy", folder=project(tmp_path, "deployed"))
    assert "https://deployed.rehearsal.workers.dev" in written
    assert rehearsal.page("deployed") == {"run": "one", "key": None, "stored": False}
    rehearsal.api.put("workers/scripts/deployed/secrets", json={"name": "KEY", "text": ONE}).raise_for_status()
    rehearsal.wrangler("deploy", folder=project(tmp_path, "deployed", run="two"))
    assert rehearsal.page("deployed") == {"run": "two", "key": ONE, "stored": False}
    assert rehearsal.triggers("deployed") == ["version_upload", "secret", "upload"]


def test_a_syntax_error_is_refused_and_the_old_worker_runs_on(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.seed("broken")
    project(tmp_path, "broken", run="two")
    with (tmp_path / "worker.js").open("a") as code:
        code.write("export const wrong = /(/;\n")  # wrangler's bundler lets it pass, the runtime does not
    written = rehearsal.wrangler("deploy", folder=tmp_path, fails=True)
    assert "SyntaxError" in written
    assert "[code: 10021]" in written
    assert rehearsal.page("broken")["run"] == "one"
    assert rehearsal.triggers("broken") == ["upload"]


def test_secrets_put_list_delete(rehearsal: Rehearsal) -> None:
    rehearsal.seed("keeper")
    rehearsal.wrangler("secret", "put", "KEY", "--name", "keeper", value=ONE)
    assert rehearsal.page("keeper")["key"] == ONE
    listed = rehearsal.wrangler("secret", "list", "--name", "keeper")
    assert json.loads(listed) == [{"name": "KEY", "type": "secret_text"}]
    rehearsal.wrangler("secret", "delete", "KEY", "--name", "keeper")
    assert rehearsal.page("keeper")["key"] is None
    assert rehearsal.triggers("keeper") == ["secret", "secret", "upload"]


def test_secret_bulk_is_one_version(rehearsal: Rehearsal) -> None:
    rehearsal.seed("bulk", bindings=[{"name": "KEY", "type": "secret_text", "text": ONE}])
    rehearsal.wrangler("secret", "bulk", "--name", "bulk", value=json.dumps({"KEY": TWO, "MORE": ONE}))
    assert rehearsal.page("bulk")["key"] == TWO
    assert rehearsal.triggers("bulk") == ["secret", "upload"]


def test_a_first_secret_makes_a_stub(rehearsal: Rehearsal) -> None:
    written = rehearsal.wrangler("secret", "put", "KEY", "--name", "stub", value=ONE)
    assert 'Creating new Worker "stub"' in written
    assert rehearsal.triggers("stub") == ["secret", "upload"]


def test_lists_of_versions_and_deployments_and_a_rollback(rehearsal: Rehearsal) -> None:
    rehearsal.seed("history", bindings=[{"name": "KEY", "type": "secret_text", "text": ONE}])
    rehearsal.api.put("workers/scripts/history/secrets", json={"name": "KEY", "text": TWO}).raise_for_status()
    deployments = rehearsal.wrangler("deployments", "list", "--name", "history")
    assert deployments.index("Upload") < deployments.index("Secret Change")
    assert deployments.count("(100%)") == 2
    versions = json.loads(rehearsal.wrangler("versions", "list", "--name", "history", "--json"))
    assert [version["number"] for version in versions] == [1, 2]
    written = rehearsal.wrangler("rollback", versions[0]["id"], "--name", "history", "--message", "back", "--yes")
    assert "The following secrets have changed" in written
    assert rehearsal.page("history")["key"] == ONE


def test_tail_shows_a_log_line_and_ends_when_told(rehearsal: Rehearsal) -> None:
    rehearsal.seed("tailed")
    process = rehearsal.start("tail", "tailed", "--format", "json")
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(process.stdout or ()))
    reader.start()
    try:
        until = time.monotonic() + 20
        while "[Page]" not in "".join(seen) and time.monotonic() < until:
            rehearsal.page("tailed", authorization="Bearer canary-header")
            time.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=10)
        reader.join(5)
    item, _ = json.JSONDecoder().raw_decode("".join(seen))
    assert (item["scriptName"], item["outcome"]) == ("tailed", "ok")
    assert json.loads(item["logs"][0]["message"][0]) == {"tag": "[Page]", "path": "/seen"}
    assert "canary-header" not in "".join(seen)


def test_buckets_and_objects(rehearsal: Rehearsal, tmp_path: Path) -> None:
    rehearsal.api.post("r2/buckets", json={"name": "data"}).raise_for_status()
    rehearsal.seed("reader", bindings=[{"name": "BUCKET", "type": "r2_bucket", "bucket_name": "data"}])
    assert "name:           data" in rehearsal.wrangler("r2", "bucket", "list")
    (tmp_path / "body").write_bytes(b"\x00\xff")
    rehearsal.wrangler("r2", "object", "put", "data/key", "--file", str(tmp_path / "body"), "--remote")
    assert rehearsal.page("reader")["stored"] is True
    info = json.loads(rehearsal.wrangler("r2", "bucket", "info", "data", "--json"))
    assert (info["name"], info["object_count"], info["bucket_size"]) == ("data", "1", "2 B")
    rehearsal.wrangler("r2", "object", "get", "data/key", "--file", str(tmp_path / "back"), "--remote")
    assert (tmp_path / "back").read_bytes() == b"\x00\xff"
    rehearsal.wrangler("r2", "object", "delete", "data/key", "--remote")
    assert rehearsal.page("reader")["stored"] is False


def test_a_wrong_token_an_unknown_script_and_an_unknown_bucket_have_different_errors(rehearsal: Rehearsal) -> None:
    wrong = rehearsal.wrangler("deployments", "list", "--name", "x", token="fake-wrong-token", fails=True)
    assert "Authentication error [code: 10000]" in wrong
    assert 'Worker "absent" not found' in rehearsal.wrangler("secret", "list", "--name", "absent", fails=True)
    assert "[code: 10006]" in rehearsal.wrangler("r2", "bucket", "info", "absent", fails=True)


def test_every_request_is_known_and_no_secret_was_written(rehearsal: Rehearsal) -> None:
    assert [line for line in rehearsal.cloudflare.requests if line.code in {7003, 10013}] == []
    files = [path for path in rehearsal.home.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"canary-" in path.read_bytes()]
