"""A stack, the real engine, the plugin, and a local Cloudflare without an edge, for test_provider.py."""

import asyncio
import json
import os
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import grpc  # type: ignore[import-untyped]  # grpcio ships no types
import httpx
from pulumi.runtime.proto import language_pb2_grpc

from rehearsal import pulumi_stand_ins
from rehearsal.cloudflare.server import LocalCloudflare
from rehearsal.edge import Edge
from rehearsal.local_system.environment import find_engine, make_engine_home
from tests import warm_plugins
from tests.contract.provider_program import ACCOUNT, Inline, Wanted, declare

TOKEN = "fake-cloudflare-token-for-rehearsals-0001"
NAMED_ALWAYS = {"annotations", "compatibilityFlags", "placement", "tailConsumers"}
WORKER = "export default { async fetch() { return new Response('hello') } }\n"


class NoEdge:
    """A data plane that accepts everything and runs nothing."""

    async def deploy(self, name: str, versions: object, *, enabled: bool, trial: object = None) -> None: ...

    async def remove(self, name: str) -> None: ...

    async def receive_sent(self, on_send: object) -> None: ...

    async def reserve(self, name: str) -> str:
        return "http://127.0.0.1:9"

    async def r2_list(self, bucket: str, **options: object) -> dict[str, Any]:
        return {"objects": [], "truncated": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A preview: resource -> operation, resource -> changed inputs and named ones, its JSON, and all its text.

    The plugin names some inputs in every update (NAMED_ALWAYS), so ``changed`` is without them.
    """

    steps: Mapping[str, str]
    changed: Mapping[str, frozenset[str]]
    named: Mapping[str, frozenset[str]]
    shown: Mapping[str, Any]
    text: str


@dataclass(slots=True, kw_only=True)
class World:
    """An account, and the engine with one program on stacks by name."""

    folder: Path
    url: str
    cloudflare: LocalCloudflare
    environment: dict[str, str]
    client: str = ""
    wanted: Wanted = field(default_factory=Wanted)
    output: list[str] = field(default_factory=list)

    def pulumi(self, *arguments: str, stack: str = "live", succeeds: bool = True) -> str:
        """Return the engine's output and errors. Fails the test unless the command ends as ``succeeds`` says."""
        command = ["pulumi", *arguments, "--stack", stack, "--non-interactive", "--color", "never"]
        if arguments[0] in {"preview", "up", "destroy"}:
            command += ["--client", self.client, "--suppress-progress"]
        ended = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        self.output += [ended.stdout, ended.stderr]
        assert (ended.returncode == 0) == succeeds, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr if arguments[0] != "stack" else ended.stdout

    def up(self, *, stack: str = "live", succeeds: bool = True) -> str:
        return self.pulumi("up", "--yes", "--skip-preview", stack=stack, succeeds=succeeds)

    def preview(self, *arguments: str, stack: str = "live") -> Seen:
        text = self.pulumi("preview", "--json", *arguments, stack=stack)
        steps: dict[str, str] = {}
        changed: dict[str, frozenset[str]] = {}
        named: dict[str, frozenset[str]] = {}
        shown = json.JSONDecoder().raw_decode(text, text.index("{"))[0]
        for step in shown["steps"]:
            if step["op"] in {"same", "refresh"}:
                continue
            name = step["urn"].rpartition("::")[2]
            known = {key for state in ("oldState", "newState") for key in step.get(state, {}).get("inputs", {})}
            steps[name] = step["op"]
            named[name] = frozenset(step.get("diffReasons") or ())
            changed[name] = known & named[name] - NAMED_ALWAYS
        return Seen(steps=steps, changed=changed, named=named, shown=shown, text=text)

    def api(self, method: str, path: str, **options: Any) -> Any:
        url = f"{self.url}/accounts/{ACCOUNT}/{path}"
        answer = httpx.request(
            method, url, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, **options
        ).raise_for_status()
        return answer.json()["result"] if answer.headers["content-type"].startswith("application/json") else answer

    def upload_outside_pulumi(
        self,
        *,
        content: str = WORKER,
        message: str | None = None,
        drop: str = "",
        more: Mapping[str, Any] | None = None,
        add: Mapping[str, Any] | None = None,
        **texts: str,
    ) -> None:
        """Upload the script outside Pulumi, with other code, texts or metadata, or with one binding less or more."""
        live = self.api("GET", f"workers/scripts/{self.wanted.script}/settings")
        bindings = [each for each in live["bindings"] if each["name"] != drop]
        inherited = [{"type": "inherit", "name": each["name"]} for each in bindings if each["type"] == "secret_text"]
        rest = [
            {**each, "text": texts.get(each["name"], each["text"])} if each["type"] == "plain_text" else each
            for each in bindings
            if each["type"] != "secret_text"
        ]
        metadata: dict[str, Any] = {
            "main_module": "worker.js",
            "compatibility_date": live["compatibility_date"],
            "bindings": [*inherited, *rest, *([add] if add else [])],
            **(more or {}),
        }
        if message:
            metadata["annotations"] = {"workers/message": message}
        parts = [
            ("worker.js", ("worker.js", content.encode(), "application/javascript+module")),
            ("metadata", (None, json.dumps(metadata), "application/json")),
        ]
        self.api("PUT", f"workers/scripts/{self.wanted.script}", files=parts)

    @contextmanager
    def declared(self, **changes: Any) -> Iterator[None]:
        before, self.wanted = self.wanted, replace(self.wanted, **changes)
        try:
            yield
        finally:
            self.wanted = before

    @contextmanager
    def account_restored(self) -> Iterator[None]:
        """Restore the account afterwards. It contains frozen data, so that two maps are enough."""
        account = self.cloudflare.account
        workers, buckets, queues = dict(account.workers), dict(account.buckets), dict(account.broker.queues)
        try:
            yield
        finally:
            account.workers, account.buckets = workers, buckets
            account.broker.queues = queues

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Restore the account and the state of the live stack afterwards."""
        state = str(self.folder / "state.json")
        self.pulumi("stack", "export", "--file", state)
        try:
            with self.account_restored():
                yield
        finally:
            self.pulumi("stack", "import", "--file", state)


def environment(folder: Path, url: str) -> dict[str, str]:
    """Return the engine's environment without a network, with stand-ins for the programs that are not installed."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "CLOUDFLARE_"))}
    path = os.pathsep.join([str(find_engine()), clean["PATH"]])
    home = make_engine_home(folder / "home")
    programs = pulumi_stand_ins.find_path_entries({**clean, "PATH": path, "PULUMI_HOME": str(home)})
    return {
        **clean,
        "PATH": os.pathsep.join([*programs, path]),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_BACKEND_URL": folder.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "fake-passphrase",
        "PULUMI_HOME": str(home),
        "CLOUDFLARE_BASE_URL": url,
        "CLOUDFLARE_API_TOKEN": TOKEN,
    }


@contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """Start an empty account, and end everything afterwards."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    cloudflare = LocalCloudflare(edge=cast("Edge", NoEdge()), account_id=ACCOUNT, api_token=TOKEN)
    url = asyncio.run_coroutine_threadsafe(cloudflare.start(), loop).result(10)
    (folder / "worker.js").write_text(WORKER)
    (folder / "Pulumi.yaml").write_text("name: held\nruntime: python\n")
    variables = environment(folder, url)
    variables["PATH"] = warm_plugins.entries(variables["PATH"])
    world = World(folder=folder, url=url, cloudflare=cloudflare, environment=variables)
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    host = grpc.server(ThreadPoolExecutor(max_workers=4), options=unlimited)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Inline(lambda: declare(world.wanted, folder)), host)
    world.client = f"127.0.0.1:{host.add_insecure_port('127.0.0.1:0')}"
    host.start()
    try:
        yield world
    finally:
        host.stop(None).wait(10)
        asyncio.run_coroutine_threadsafe(cloudflare.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
