"""The account that all products of the local Cloudflare share: workers, buckets and deployments to the edge."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from rehearsal.clock import read_utc_clock
from rehearsal.cloudflare import views
from rehearsal.cloudflare.queues import Broker
from rehearsal.cloudflare.responses import RefusalError
from rehearsal.cloudflare.state import (
    Binding,
    Bucket,
    Database,
    Deployment,
    Share,
    Version,
    WorkerRecord,
    make_edge_name,
)
from rehearsal.cloudflare.token_access import TokenAccess
from rehearsal.edge import Edge, RejectedUpload, Script

BASE = "/client/v4"
Handler = Callable[["Account", web.Request], Awaitable[web.StreamResponse]]
OnTrace = Callable[[str, dict[str, Any]], None]


class Account:
    """One account in memory. The lock ``changing`` is held during every change, so that versions follow each other."""

    def __init__(self, *, edge: Edge, account_id: str, clock: Callable[[], datetime] = read_utc_clock) -> None:
        self.edge = edge
        self.account_id = account_id
        self.clock = clock
        self.changing = asyncio.Lock()
        self.workers: dict[str, WorkerRecord] = {}
        self.access = TokenAccess()
        self.buckets: dict[str, Bucket] = {}  # by the bucket's name at the edge
        self.databases: dict[str, Database] = {}  # by id
        self.broker = Broker(edge=edge, clock=lambda: self.clock())
        self.on_trace: list[OnTrace] = []
        self.on_stop: list[Callable[[], Awaitable[None]]] = []

    def make_route(self, method: str, path: str, handler: Handler) -> web.RouteDef:
        """Return the route of a path below the account (``workers/…``) or, with a leading slash, below the API."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(self, request)

        prefix = BASE if path.startswith("/") else f"{BASE}/accounts/{self.account_id}/"
        return web.route(method, prefix + path, handle)

    def format_now(self) -> str:
        """Return the present time as Cloudflare writes it."""
        return self.clock().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def find_worker(self, request: web.Request) -> WorkerRecord:
        """Return the worker named by the path. Raises RefusalError 10007."""
        found = self.workers.get(request.match_info["script"])
        if found is None:
            raise RefusalError(404, 10007, "This Worker does not exist on your account.")
        return found

    def require_resources(self, name: str, version: Version) -> None:
        """Refuse a version of a worker that Cloudflare would not accept beside the account's buckets and queues.

        Raises RefusalError 10085 for a bucket that does not exist, 11000 for such a queue, and 11001 for a consumer of
        a queue without a queue handler.
        """
        for item in version.bindings:
            if item["type"] == "r2_bucket" and _find_edge_name(item) not in self.buckets:
                message = f"R2 bucket '{item['bucket_name']}' not found. Please use a different name and try again."
                raise RefusalError(400, 10085, message)
            if item["type"] == "queue" and item["queue_name"] not in self.broker.queues:
                raise RefusalError(400, 11000, f"Queue '{item['queue_name']}' does not exist.")
        if self.list_consumed_queues(name) and "queue" not in views.find_handlers(version):
            raise RefusalError(400, 11001, "workers.api.error.queue_handler_missing")

    def list_consumed_queues(self, name: str) -> list[str]:
        """Return the names of the queues that a worker consumes."""
        queues = self.broker.queues.values()
        return [queue.name for queue in queues if any(item.script == name for item in queue.consumers)]

    def make_deployment(self, shares: tuple[Share, ...], *, source: str, annotations: Mapping[str, str]) -> Deployment:
        """Return a deployment of these shares."""
        return Deployment(
            id=str(uuid.uuid4()), created_on=self.format_now(), source=source, annotations=annotations, shares=shares
        )

    async def release(self, worker: WorkerRecord, version: Version) -> WorkerRecord:
        """Add a version and send it all requests. The deployment has the trigger of the version."""
        deployment = self.make_deployment(
            (Share(version_id=version.id, percentage=100),),
            source=version.source,
            annotations={"workers/triggered_by": version.annotations["workers/triggered_by"]},
        )
        return await self.publish(worker.with_version(version).with_deployment(deployment))

    async def publish(self, worker: WorkerRecord, *, trial: Version | None = None) -> WorkerRecord:
        """Make the edge serve the worker's newest deployment, then store the worker.

        ``trial`` is a version that the runtime must accept and that gets no requests. Raises RefusalError 10021 if
        the runtime rejects a version. Then nothing has changed.
        """
        versions = {version.id: version for version in worker.versions}
        offered = [(versions[share.version_id], share.percentage) for share in worker.deployments[0].shares]
        scripts = [(self._make_script(worker, version), percentage) for version, percentage in offered]
        tried = None if trial is None else self._make_script(worker, trial)
        try:
            await self.edge.deploy(worker.name, scripts, enabled=worker.enabled, trial=tried)
        except RejectedUpload as error:
            known = [version for version, _ in offered] + ([] if trial is None else [trial])
            raise RefusalError(400, 10021, _redact_secrets(str(error), known)) from None
        self.workers[worker.name] = worker
        return worker

    async def republish_bucket(self, bucket: Bucket) -> None:
        """Give the bucket to the workers that bind it, or take it from them when it was deleted."""
        for worker in list(self.workers.values()):
            bindings = [item for version in worker.versions for item in version.bindings]
            if any(item["type"] == "r2_bucket" and _find_edge_name(item) == bucket.edge_name for item in bindings):
                await self.publish(worker)

    def _make_script(self, worker: WorkerRecord, version: Version) -> Script:
        tag = version.annotations.get("workers/tag", "")
        # The edge reads the module type from the suffix, and wrangler's stub for a first secret has none.
        main = version.main_module if "." in version.main_module else f"{version.main_module}.js"
        names = {version.main_module: main}
        return Script(
            name=worker.name,
            modules={names.get(module.name, module.name): module.body for module in version.modules},
            main_module=main,
            compatibility_date=version.compatibility_date,
            compatibility_flags=version.compatibility_flags,
            bindings=tuple(self._list_edge_bindings(version)),
            version={"id": version.id, "tag": tag, "timestamp": version.created_on},
        )

    def _list_edge_bindings(self, version: Version) -> Iterator[Binding]:
        # The edge creates each bound bucket, so the binding of a deleted bucket is left out, and storage is unusable.
        for item in version.bindings:
            if item["type"] != "r2_bucket":
                yield item
            elif _find_edge_name(item) in self.buckets:
                yield {**item, "bucket_name": _find_edge_name(item)}


def find_version(worker: WorkerRecord, version_id: object) -> Version:
    """Return a version of the worker. Raises RefusalError 10007."""
    for version in worker.versions:
        if version.id == version_id:
            return version
    raise RefusalError(404, 10007, "This version does not exist on your account.")


async def read_json(request: web.Request) -> Any:
    """Return the JSON in a body of any content type. Raises RefusalError 6007 without a part of the body."""
    try:
        return json.loads(await request.read())
    except ValueError:
        raise RefusalError(400, 6007, "Malformed JSON in request body") from None


async def read_json_object(request: web.Request) -> dict[str, Any]:
    """Return the JSON object in the body. Raises RefusalError 6007."""
    data = await read_json(request)
    if not isinstance(data, dict):
        raise RefusalError(400, 6007, "Malformed JSON in request body: expected an object")
    return data


def read_number(request: web.Request, name: str, default: int) -> int:
    """Return a positive number in the query. Raises RefusalError 10021."""
    text = request.query.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise RefusalError(400, 10021, f"{name} must be a positive number")
    return int(text)


def _find_edge_name(item: Binding) -> str:
    return make_edge_name(item["bucket_name"], item.get("jurisdiction") or "default")


def _redact_secrets(message: str, versions: list[Version]) -> str:
    for text in {text for version in versions for text in version.secrets.values() if text}:
        message = message.replace(text, "[secret]")
    return message
