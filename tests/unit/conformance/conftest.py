"""A run's world in front of the local Cloudflare, with a stack and an address that are faked.

The API is the one of rehearsals, so a confirmed statement is true for the answers that all other tests rely on.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from cloudflare_client.retry import RetryPolicy
from conformance.account import queues
from conformance.account.api import Api
from conformance.account.ledger import Ledger
from conformance.account.worker import Worker
from conformance.engine.stack import EngineError, Stack, Update
from conformance.names import Names
from conformance.statements import matrix
from conformance.world import CRON, KEY, LIMITS, OBSERVABILITY, World
from contract.ace_key import make_fake_key
from contract.operator_token import derive_operator_token
from tests.fakes.manifest import NOW
from tests.unit.rehearsal.cloudflare.conftest import ACCOUNT, TOKEN, Account, account

__all__ = ["account"]

NAMES = Names(run="bv-conformance-test")
Edit = Callable[[httpx.Request, httpx.Response | None], httpx.Response | None]
WORDS = """
error: the worker exists: to take it over, run: pulumi config set --stack bv-conformance-test adopt true
warning: adopts live version 0a. Lost: FLAG (plain_text)
warning: drift: ann changed ACE_API_KEY outside Pulumi. Live crons: 30 4 2 1 *
warning: drift: ann uploaded another version outside Pulumi. Live crons: none
warning: drift: ann made an older version live again outside Pulumi
warning: drift: ann split the traffic over several versions outside Pulumi
Bindings: ACE_API_KEY deleted, MY-SECRET added, BUCKET deleted, BUCKET changed, PAGE_SIZE changed
Settings: limits (expected cpu_ms 300000, found cpu_ms 50), observability (expected logs at 100 %, found off)
Settings: placement (expected none, found mode smart)
Settings: dead letter queue (expected bv-conformance-test-dead-days, found none)
~ cloudflare:index:Queue days updated
~ cloudflare:index:QueueConsumer days updated
+ cloudflare:index:Queue days created
+ cloudflare:index:QueueConsumer days created
~ cloudflare:index:WorkersScriptSubdomain backfill updated
+ cloudflare:index:WorkersScript backfill created
+ cloudflare:index:R2Bucket timeseries created
"""


class Network(httpx.BaseTransport):
    """The network to the API. ``edit`` may replace an answer, and is asked before the request is sent as well."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))  # without reading certificates
        self.sent: list[str] = []
        self.edit: Edit = lambda request, response: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(f"{request.method} {request.url.path}")
        early = self.edit(request, None)
        if early is not None:
            return early
        response = self.inner.handle_request(request)
        response.read()
        edited = self.edit(request, response)
        return response if edited is None else edited


def _consume(api: Api, name: str, **fields: Any) -> None:
    [queue] = api.read("queues", name=name)
    path = f"queues/{queue['queue_id']}"
    api.call("PATCH", path, json={"settings": {"delivery_paused": False}})
    for consumer in queue["consumers"]:
        api.call("DELETE", f"{path}/consumers/{consumer['consumer_id']}")
    api.call("POST", f"{path}/consumers", json={"type": "worker", "script_name": NAMES.run, **fields})


@dataclass(slots=True, kw_only=True)
class FakeStack(Stack):
    """Deploys as the program does, without the engine. ``output`` is that of each update."""

    world: World | None = None
    output: str = WORDS
    changes: str = ""
    error: EngineError | None = None
    restores: bool = True
    updates: int = 0

    def create(self) -> None:
        """Create nothing."""

    def try_up(self) -> Update:
        if self.error is not None:
            raise self.error
        self.updates += 1
        refused = self.updates == 1 and self.settings["adopt"] is False
        if not refused and self.restores:
            self._deploy()
        return Update(code=1 if refused else 0, output=self.output)

    def describe_changes(self) -> str:
        return self.changes

    def _deploy(self) -> None:
        assert self.world is not None
        world = self.world
        names = [NAMES.run + end for end in queues.ENDS]
        for name in names:
            if not world.api.read("queues", name=name):
                world.api.call("POST", "queues", json={"queue_name": name})
        if NAMES.run not in {item["name"] for item in world.api.read("r2/buckets")["buckets"]}:
            world.api.call("POST", "r2/buckets", json={"name": NAMES.run})
        bindings = [
            {"name": KEY, "type": "secret_text", "text": self.environment[KEY]},
            {"name": "PAGE_SIZE", "type": "plain_text", "text": "10000"},
            {"name": "BUCKET", "type": "r2_bucket", "bucket_name": NAMES.run},
            {"name": "DAYS", "type": "queue", "queue_name": names[0]},
        ]
        if self.settings["adopt"]:
            bindings.append({"name": "CANARY", "type": "inherit"})
        tag = {"workers/tag": f"bv:test:{self.updates}"}
        declared = {"limits": LIMITS, "observability": OBSERVABILITY, "keep_bindings": []}
        world.script.upload(bindings, code=matrix.BUNDLE.read_bytes(), annotations=tag, **declared)
        world.script.switch_address(enabled=True)
        _consume(world.api, names[0], dead_letter_queue=names[1], settings={"max_concurrency": 4})
        _consume(world.api, names[1])
        world.script.put_crons(CRON)


@dataclass(slots=True, kw_only=True)
class Address:
    """The address of the worker: it serves the versions of the edge, and knows the key that the edge has."""

    account: Account
    chosen: bool = True  # whether the override header works
    broken: int | None = None  # the status of every answer
    seconds: float = field(default=0.0)

    def serve(self, request: httpx.Request) -> httpx.Response:
        assert "authorization" not in request.headers or TOKEN not in request.headers["authorization"]
        if self.broken == 0:
            raise httpx.ConnectError("refused")
        if self.broken is not None:
            return httpx.Response(self.broken)
        versions, _ = self.account.edge.served[NAMES.run]
        if request.url.path == "/status":
            key = next(item["text"] for item in versions[0][0].bindings if item["name"] == KEY)
            known = request.headers["authorization"] == f"Bearer {derive_operator_token(key)}"
            return httpx.Response(200 if known else 401)
        override = request.headers.get("Cloudflare-Workers-Version-Overrides", "")
        ids = [script.version["id"] for script, _ in versions]
        picked = [item for item in ids if self.chosen and override == f'{NAMES.run}="{item}"']
        return httpx.Response(200, json={"version": (picked or ids)[0]})


@pytest.fixture
def network() -> Iterator[Network]:
    found = Network()
    yield found
    found.inner.close()


@pytest.fixture
def address(account: Account) -> Address:
    return Address(account=account)


@pytest.fixture
def world(
    account: Account, network: Network, address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    bundle = tmp_path / "bundle.js"
    bundle.write_text("export default { queue() {} }")  # the fake edge rejects words of the real one
    monkeypatch.setattr(matrix, "BUNDLE", bundle)
    environment = {
        KEY: make_fake_key(now=NOW),
        "CLOUDFLARE_API_TOKEN": TOKEN,
        "PULUMI_CONFIG_PASSPHRASE": "fake-passphrase",
    }
    settings: dict[str, Any] = {"schedule": CRON, "adopt": False}
    stack = FakeStack(name=NAMES.run, folder=tmp_path, environment=environment, settings=settings)
    seconds = [0.0]

    def sleep(length: float) -> None:
        seconds[0] += length

    with (
        httpx.Client(transport=network, headers={"authorization": f"Bearer {TOKEN}"}) as http,
        httpx.Client(transport=httpx.MockTransport(address.serve)) as direct,
    ):
        found = World(
            api=Api(
                http=http,
                base_url=account.base,
                account_id=ACCOUNT,
                start_retries=lambda: RetryPolicy.start(clock=lambda: seconds[0], sleep=sleep),
            ),
            worker=Worker(url="https://worker.test", http=direct, clock=lambda: seconds[0], sleep=sleep),
            stack=stack,
            names=NAMES,
            ledger=Ledger(file=tmp_path / "made.json", account=ACCOUNT),
        )
        stack.world = found
        yield found


def edit_result(path: str, change: Callable[[Any], Any], method: str = "GET") -> Edit:
    """Return an edit of the result of the requests whose path ends with ``path``."""

    def edit(request: httpx.Request, response: httpx.Response | None) -> httpx.Response | None:
        if (
            response is None
            or request.method != method
            or not request.url.path.endswith(path)
            or response.status_code != 200
        ):
            return None
        body = response.json()
        return httpx.Response(200, json={**body, "result": change(body["result"])})

    return edit


def refuse(status: int, code: int, *, method: str = "", path: str = "") -> Edit:
    """Return an edit that refuses the requests with a method and a path."""

    def edit(request: httpx.Request, _: httpx.Response | None) -> httpx.Response | None:
        if method not in ("", request.method) or path not in request.url.path:
            return None
        body = {"success": False, "errors": [{"code": code, "message": "refused"}], "messages": [], "result": None}
        return httpx.Response(status, content=json.dumps(body), headers={"x-should-retry": "false"})

    return edit
