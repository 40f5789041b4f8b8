"""What every product of the local Cloudflare shares: the account, its workers and buckets, and the way to the edge."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.envelope import ApiError
from rehearsal.cloudflare.state import Binding, Bucket, Deployment, Share, Version, Worker, edge_bucket
from rehearsal.edge import Edge, RejectedUpload, Script

BASE = "/client/v4"
Handler = Callable[["Api", web.Request], Awaitable[web.StreamResponse]]
OnTrace = Callable[[str, dict[str, Any]], None]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class Api:
    """One account, in memory; ``changing`` is held around every change, so that versions follow each other."""

    def __init__(self, *, edge: Edge, account_id: str, clock: Callable[[], datetime] = utc_now) -> None:
        self.edge = edge
        self.account_id = account_id
        self.clock = clock
        self.changing = asyncio.Lock()
        self.workers: dict[str, Worker] = {}
        self.buckets: dict[str, Bucket] = {}  # by their name at the edge
        self.on_trace: list[OnTrace] = []
        self.on_stop: list[Callable[[], Awaitable[None]]] = []

    def route(self, method: str, path: str, handler: Handler) -> web.RouteDef:
        """Bind a handler to a path under the account (``workers/…``) or, with a leading slash, under the API."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await handler(self, request)

        prefix = BASE if path.startswith("/") else f"{BASE}/accounts/{self.account_id}/"
        return web.route(method, prefix + path, handle)

    def now(self) -> str:
        """Return the time as Cloudflare writes it."""
        return self.clock().astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    def worker(self, request: web.Request) -> Worker:
        """Return the worker that the path names; raises ApiError 10007."""
        found = self.workers.get(request.match_info["script"])
        if found is None:
            raise ApiError(404, 10007, "This Worker does not exist on your account.")
        return found

    def require_buckets(self, version: Version) -> None:
        """Raise ApiError 10085 when the version binds a bucket that does not exist."""
        for item in version.bindings:
            if item["type"] == "r2_bucket" and _edge_name(item) not in self.buckets:
                message = f"R2 bucket '{item['bucket_name']}' not found. Please use a different name and try again."
                raise ApiError(400, 10085, message)

    def deployment(self, shares: tuple[Share, ...], *, source: str, annotations: Mapping[str, str]) -> Deployment:
        """Make a deployment of these shares."""
        return Deployment(
            id=str(uuid.uuid4()), created_on=self.now(), source=source, annotations=annotations, shares=shares
        )

    async def release(self, worker: Worker, version: Version) -> Worker:
        """Add a version and give it all the traffic; the deployment says what triggered it, as the version does."""
        deployment = self.deployment(
            (Share(version_id=version.id, percentage=100),),
            source=version.source,
            annotations={"workers/triggered_by": version.annotations["workers/triggered_by"]},
        )
        return await self.publish(worker.with_version(version).with_deployment(deployment))

    async def publish(self, worker: Worker, *, trial: Version | None = None) -> Worker:
        """Make the edge serve the worker's newest deployment, then remember the worker.

        ``trial`` is a version that the runtime must accept, without any traffic. Raises ApiError 10021 for what the
        runtime rejects; then nothing has changed.
        """
        versions = {version.id: version for version in worker.versions}
        offered = [(versions[share.version_id], share.percentage) for share in worker.deployments[0].shares]
        offered += [(trial, 0.0)] if trial else []
        scripts = [(self._script(worker, version), percentage) for version, percentage in offered]
        try:
            await self.edge.deploy(worker.name, scripts, enabled=worker.enabled)
        except RejectedUpload as error:
            raise ApiError(400, 10021, _without_secrets(str(error), [v for v, _ in offered])) from None
        self.workers[worker.name] = worker
        return worker

    async def bucket_changed(self, bucket: Bucket) -> None:
        """Let the workers that bind this bucket find it, or no longer find it."""
        for worker in list(self.workers.values()):
            bindings = [item for version in worker.versions for item in version.bindings]
            if any(item["type"] == "r2_bucket" and _edge_name(item) == bucket.edge_name for item in bindings):
                await self.publish(worker)

    def _script(self, worker: Worker, version: Version) -> Script:
        tag = version.annotations.get("workers/tag", "")
        # The edge goes by the suffix; wrangler's stub for a first secret is an ES module without one.
        main = version.main_module if "." in version.main_module else f"{version.main_module}.js"
        names = {version.main_module: main}
        return Script(
            name=worker.name,
            modules={names.get(module.name, module.name): module.body for module in version.modules},
            main_module=main,
            compatibility_date=version.compatibility_date,
            compatibility_flags=version.compatibility_flags,
            bindings=tuple(self._at_edge(version)),
            version={"id": version.id, "tag": tag, "timestamp": version.created_on},
        )

    def _at_edge(self, version: Version) -> Iterator[Binding]:
        # The edge makes any bucket that is named to it, so one that was deleted is not named: storage is unusable then.
        for item in version.bindings:
            if item["type"] != "r2_bucket":
                yield item
            elif _edge_name(item) in self.buckets:
                yield {**item, "bucket_name": _edge_name(item)}


async def json_body(request: web.Request) -> Any:
    """Return the JSON that was sent, whatever its content type; raises ApiError 6007, never repeating it."""
    try:
        return json.loads(await request.read())
    except ValueError:
        raise ApiError(400, 6007, "Malformed JSON in request body") from None


async def json_object(request: web.Request) -> dict[str, Any]:
    """Return the JSON object that was sent; raises ApiError 6007."""
    data = await json_body(request)
    if not isinstance(data, dict):
        raise ApiError(400, 6007, "Malformed JSON in request body: expected an object")
    return data


def _edge_name(item: Binding) -> str:
    return edge_bucket(item["bucket_name"], item.get("jurisdiction") or "default")


def _without_secrets(message: str, versions: list[Version]) -> str:
    for text in {text for version in versions for text in version.secrets.values() if text}:
        message = message.replace(text, "[secret]")
    return message
