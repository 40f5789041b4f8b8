"""The made-up system's Cloudflare: one worker with its past, its crons, and a bucket."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from tests.fakes import manifest, tail
from tests.fakes.days import Stored

Answer = tuple[int, bytes]
_SCRIPT = f"workers/scripts/{manifest.NAME}"
_OBJECTS = f"r2/buckets/{manifest.BUCKET}/objects"


class Account:
    """One account; faults change its attributes. ``versions`` are newest first, ``live`` the ids that serve."""

    def __init__(self, source: random.Random, declared: Mapping[str, Any], objects: dict[str, Stored]) -> None:
        self.objects = objects
        self.tail = tail.Tail(source)
        self.crons = list(declared["schedules"])
        self.secrets = ["ACE_API_KEY"]
        self.bound: dict[str, dict[str, str]] = {item["name"]: dict(item) for item in declared["bindings"]}
        self.has_bucket = True
        self.versions: list[dict[str, Any]] = []
        self.live: list[str] = []
        for _ in range(source.randint(0, 12)):  # a past of other settings, and of changes by hand
            self.upload(*source.choice((("other", "upload"), ("", "secret"))))
        self.upload("other", "upload")
        self.older = self.served()
        self.upload(manifest.TAG, "upload")

    def upload(self, tag: str, triggered_by: str) -> None:
        """Make a version, and let it serve."""
        tag = f"{manifest.OWNER}:000000000000:33333333:44444444" if tag == "other" else tag
        number = len(self.versions) + 1
        version: dict[str, Any] = {
            "id": f"{number:08x}-0000-4000-8000-000000000000",
            "number": number,
            "metadata": {"author_email": "dan@example.org", "created_on": f"2024-12-{number:02}T11:00:00Z"},
            "annotations": {"workers/triggered_by": triggered_by, **({"workers/tag": tag} if tag else {})},
        }
        self.versions.insert(0, version)
        self.live = [version["id"]]

    def served(self) -> dict[str, str]:
        """Return what the newest live version says of itself."""
        version = next(item for item in self.versions if item["id"] in self.live)
        return {"id": version["id"], "tag": version["annotations"].get("workers/tag", "")}

    def answer(self, path: str, params: Mapping[str, str]) -> Answer:
        """Answer a request: none of those that a check may make means two things by its method, but for the tail's."""
        path = path.removeprefix(f"/client/v4/accounts/{manifest.ACCOUNT}/")
        if path.startswith(f"{_SCRIPT}/"):
            return self._script(path.removeprefix(f"{_SCRIPT}/"), params)
        if path == "workers/subdomain":
            return envelope({"subdomain": "rehearsal"})
        if not self.has_bucket:
            return refusal(404, 10006)
        if path == _OBJECTS:
            return self._list(params)
        found = self.objects.get(path.removeprefix(f"{_OBJECTS}/"))
        return (200, found.body) if found else refusal(404, 10007)

    def _script(self, what: str, params: Mapping[str, str]) -> Answer:
        if what == "tails":
            return refusal(403, 10000) if self.tail.refused else envelope({"id": "t1", "url": tail.ADDRESS})
        if what == "tails/t1":
            self.tail.open = False
            return envelope(None)
        if what == "secrets":
            return envelope([{"name": name, "type": "secret_text"} for name in self.secrets])
        if what == "schedules":
            return envelope({"schedules": [{"cron": cron} for cron in self.crons]})
        if what == "deployments":
            shares = [{"version_id": item, "percentage": 100 / len(self.live)} for item in self.live]
            about = {"author_email": "dan@example.org", "created_on": "2024-12-19T11:00:00Z"}
            return envelope({"deployments": [{"id": "d", "strategy": "percentage", **about, "versions": shares}]})
        if what == "versions":
            page = int(params.get("page", "1"))
            return envelope({"items": self.versions[(page - 1) * 10 : page * 10]})
        for version in self.versions:
            if what == f"versions/{version['id']}":
                return envelope({**version, "resources": {"bindings": list(self.bound.values())}})
        return refusal(404, 10007)

    def _list(self, params: Mapping[str, str]) -> Answer:
        keys = sorted(key for key in self.objects if key.startswith(params["prefix"]))
        items = [
            {
                "key": key,
                "size": len(self.objects[key].body),
                "custom_metadata": self.objects[key].custom,
                "http_metadata": {"contentEncoding": self.objects[key].encoding} if self.objects[key].encoding else {},
            }
            for key in keys
        ]
        return envelope(items, is_truncated=False)


def envelope(result: object, **info: Any) -> Answer:
    """Return Cloudflare's form of a result."""
    body = {"success": True, "errors": [], "messages": [], "result": result, "result_info": info}
    return 200, json.dumps(body).encode()


def refusal(status: int, code: int) -> Answer:
    """Return Cloudflare's form of a refusal."""
    body = {"success": False, "errors": [{"code": code, "message": "refused"}], "result": None}
    return status, json.dumps(body).encode()
