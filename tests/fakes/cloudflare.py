"""A fake Cloudflare account: scripts with versions, deployments, secrets, schedules and tails, and R2 buckets."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.fakes import manifest
from tests.fakes.answers import envelope, refusal, response
from tests.fakes.days import Stored
from tests.fakes.tail import Tail

Json = dict[str, Any]
HOST = "api.cloudflare.com"
ANN = {"author_email": "ann@example.org", "created_on": "2024-12-19T10:00:00Z"}  # of a version
DAN = {"author_email": "dan@example.org", "created_on": "2024-12-19T11:00:00Z"}  # of a deployment
PAGE_OF_VERSIONS = 10
SETTINGS: Json = {  # the declared ones, as the API shows them
    "logpush": False,
    "tail_consumers": None,
    "observability": {
        "enabled": True,
        "head_sampling_rate": 1,
        "logs": {"enabled": True, "head_sampling_rate": 1, "invocation_logs": True, "persist": True},
        "traces": {"enabled": False, "head_sampling_rate": 1, "persist": True},
    },
    "limits": {"cpu_ms": 30_000},
    "placement": {},
}
ABORT_UPLOADS: Json = {  # the rule of every new bucket
    "id": "Default Multipart Abort Rule",
    "enabled": True,
    "conditions": {"prefix": ""},
    "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 604_800}},
}


class Script:
    """One script. ``versions`` are newest first, ``live`` are the ids that serve, ``secrets`` the names at present.

    ``declared`` are the bindings of each new version. Its secrets among them count as attached at the beginning.
    """

    def __init__(self, declared: Sequence[Json], crons: Sequence[str], tail: Tail | None = None) -> None:
        self.declared = declared
        self.secrets = [item["name"] for item in declared if item["type"] == "secret_text"]
        self.crons = list(crons)
        self.crons_changed_on = ""
        self.tail = Tail() if tail is None else tail
        self.version_id: Callable[[int], str] = lambda number: f"v{number}"
        self.deployed = dict(DAN)
        self.code = manifest.CODE  # of every version
        self.settings: Json = copy.deepcopy(SETTINGS)
        self.versions: list[Json] = []
        self.live: list[str] = []

    def version(self, number: int, tag: str, triggered_by: str, **metadata: Any) -> Json:
        """Return a version with the present secrets."""
        annotations = {"workers/triggered_by": triggered_by} | ({"workers/tag": tag} if tag else {})
        bound = [dict(item) for item in self.declared if item["type"] != "secret_text"]
        bound += [{"name": name, "type": "secret_text"} for name in self.secrets]
        return {
            "id": self.version_id(number),
            "number": number,
            "metadata": ANN | metadata,
            "annotations": annotations,
            "resources": {"bindings": bound},
        }

    def upload(self, tag: str = manifest.TAG, triggered_by: str = "upload", **metadata: Any) -> None:
        """Add a version, and deploy it."""
        self.versions.insert(0, self.version(len(self.versions) + 1, tag, triggered_by, **metadata))
        self.live = [self.versions[0]["id"]]

    def change_secrets(self, *names: str) -> None:
        """Attach exactly these secrets, as ``wrangler secret put`` and ``delete`` do: by a version without a tag."""
        self.secrets = list(names)
        self.upload("", "secret")

    @property
    def bound(self) -> dict[str, Json]:
        """Return the bindings of the newest version by name. Each may be changed in place."""
        return {item["name"]: item for item in self.versions[0]["resources"]["bindings"]}

    def bind(self, item: Json) -> None:
        """Add a binding to the newest version."""
        self.versions[0]["resources"]["bindings"].append(item)

    def unbind(self, *names: str) -> None:
        """Remove bindings from the newest version."""
        resources = self.versions[0]["resources"]
        resources["bindings"] = [item for item in resources["bindings"] if item["name"] not in names]

    def served(self) -> dict[str, str]:
        """Return id and tag of the live version, as the worker's binding to its own version has them."""
        version = next(item for item in self.versions if item["id"] == self.live[0])
        return {"id": version["id"], "tag": version["annotations"].get("workers/tag", "")}

    def answer(self, path: str, request: httpx.Request) -> httpx.Response:
        """Answer a request to a path below the script's."""
        if path in ("tails", "tails/t1"):
            return self._tail(path, request.method)
        if path == "secrets":
            return envelope([{"name": name, "type": "secret_text"} for name in self.secrets])
        if path == "schedules":
            times = {"created_on": None, "modified_on": self.crons_changed_on}
            return envelope({"schedules": [{"cron": cron, **times} for cron in self.crons]})
        if path == "content/v2":
            return response(200, self.code, {"content-type": "application/javascript+module"})
        if path == "settings":
            return envelope({"bindings": [], **self.settings})
        if path == "deployments":
            shares = [{"version_id": item, "percentage": 100 / len(self.live)} for item in self.live]
            deployment = {"id": "d1", "strategy": "percentage", **self.deployed, "versions": shares}
            return envelope({"deployments": [deployment]})
        if path == "versions":
            start = (int(request.url.params.get("page", "1")) - 1) * PAGE_OF_VERSIONS
            shown = self.versions[start : start + PAGE_OF_VERSIONS]
            return envelope({"items": [{k: v for k, v in item.items() if k != "resources"} for item in shown]})
        found = next((item for item in self.versions if path == f"versions/{item['id']}"), None)
        return envelope(found) if found else refusal(404, 10007, "no such version")

    def _tail(self, path: str, method: str) -> httpx.Response:
        if self.tail.is_refused:
            return refusal(403, 10000)
        if method == "GET":
            return envelope([])
        if method == "DELETE":
            self.tail.is_open = False
            return envelope(None)
        return envelope({"id": "t1", "url": self.tail.url, "expires_at": "2024-12-20T18:00:00Z"})


class Account:
    """One account behind its API. ``buckets`` holds the objects of each bucket by key."""

    def __init__(self, account_id: str = manifest.ACCOUNT, token: str = manifest.API_TOKEN) -> None:
        self.token = token
        self.scripts: dict[str, Script] = {}
        self.buckets: dict[str, dict[str, Stored]] = {}
        self.subdomain: str | None = "rehearsal"
        self.page_size = 1000  # objects of a page, at most
        self.jurisdiction = "default"  # of all buckets
        self.rules: list[Json] = [ABORT_UPLOADS]
        self.public = False  # whether the r2.dev address of each bucket is enabled
        self.domains: list[Json] = []
        self.queues: dict[str, Json] = {}  # by name, as the API shows them
        self.backlogs: dict[str, int] = {}  # messages by name of the queue
        self.oldest_message = datetime(2024, 12, 19, 9, 20, tzinfo=UTC)
        self._base = f"/client/v4/accounts/{account_id}/"

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return refusal(403, 10000, "Authentication error")
        match request.url.path.removeprefix(self._base).split("/", 3):
            case ["", "client", "v4", "user/tokens/verify"] | ["tokens", "verify"]:
                return envelope({"id": "t1", "status": "active", "expires_on": None})
            case ["workers", "subdomain"] if self.subdomain is None:
                return refusal(404, 10063, "You need a workers.dev subdomain in order to proceed.")
            case ["workers", "subdomain"]:
                return envelope({"subdomain": self.subdomain})
            case ["workers", "scripts", name, path]:
                script = self.scripts.get(name)
                return script.answer(path, request) if script else refusal(404, 10007, "no such worker")
            case ["queues"]:
                wanted = request.url.params.get("name")
                return envelope([item for name, item in self.queues.items() if wanted in (None, name)])
            case ["queues", queue_id, "metrics"]:
                found = next((name for name, item in self.queues.items() if item["queue_id"] == queue_id), None)
                if found is None:
                    return refusal(404, 11000, "workers.api.error.queue_not_found")
                count = self.backlogs.get(found, 0)
                oldest = int(1000 * self.oldest_message.timestamp()) if count else 0
                return envelope(
                    {"backlog_count": count, "backlog_bytes": 100 * count, "oldest_message_timestamp_ms": oldest}
                )
            case ["r2", "buckets", bucket, *rest]:
                objects = self.buckets.get(bucket)
                if objects is None:
                    return refusal(404, 10006)
                return self._bucket(bucket, objects, rest[0] if rest else "", request)
        return refusal(404, 7003, "no route")

    def _bucket(self, name: str, objects: Mapping[str, Stored], path: str, request: httpx.Request) -> httpx.Response:
        """Answer a request to a bucket. All buckets are in one jurisdiction."""
        if request.headers.get("cf-r2-jurisdiction", "default") != self.jurisdiction:
            return refusal(404, 10006)
        about = {
            "": {"name": name, "jurisdiction": self.jurisdiction},
            "lifecycle": {"rules": self.rules},
            "domains/managed": {"bucketId": "b1", "domain": "pub-b1.r2.dev", "enabled": self.public},
            "domains/custom": {"domains": self.domains},
        }
        return envelope(about[path]) if path in about else self._object(objects, path, request.url.params)

    def _object(self, objects: Mapping[str, Stored], path: str, params: Mapping[str, str]) -> httpx.Response:
        if path == "objects":
            return self._list(objects, params)
        found = objects.get(path.removeprefix("objects/"))
        if found is None:
            return refusal(404, 10007, "no such key")
        return response(200, found.body, {"Content-Type": "application/x-ndjson"})

    def _list(self, objects: Mapping[str, Stored], params: Mapping[str, str]) -> httpx.Response:
        keys = sorted(key for key in objects if key.startswith(params["prefix"]))
        start = int(params.get("cursor", "0"))
        end = start + min(self.page_size, int(params.get("per_page", "20")))
        more = {"cursor": str(end)} if end < len(keys) else {}
        items = [_listed(key, objects[key]) for key in keys[start:end]]
        return envelope(items, is_truncated=bool(more), **more)


def _listed(key: str, of: Stored) -> Json:
    http = {"contentType": "application/x-ndjson"} | ({"contentEncoding": of.encoding} if of.encoding else {})
    modified = of.uploaded.isoformat().replace("+00:00", "Z")
    return {
        "key": key,
        "size": len(of.body),
        "custom_metadata": of.custom,
        "http_metadata": http,
        "last_modified": modified,
    }
