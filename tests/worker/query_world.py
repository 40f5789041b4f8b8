"""workerd with query workers, and days in their buckets."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.days import Stored, stored_in_members

from .harness import Harness, find_bundle

SITE = "ses_falls_city"
DAYS = ("2024-12-10", "2024-12-11", "2024-12-12", "2024-12-13", "2024-12-14")
A, B = "ses/ses_falls_city/AHU-1/VAV-707.DaTemp", "ses/ses_falls_city/AHU-1/VAV-708.DaTemp"
TWIN, ODD = "ses/ses_falls_city/AHU-2/VAV-707.DaTemp", 'odd "name","timestamp":\\é'
HOUR, DAY = 3_600_000, 86_400_000
TEMPLATE = "timeseries/{site}/{date}/data.ndjson.gz"
FLAT = "raw/{site}-{date}"
OTHER = "ses_other"
SITES = json.dumps([{"name": name, "startDate": "2024-12-10"} for name in (SITE, OTHER)])
BINDINGS = {"SITES": SITES, "KEY_TEMPLATE": TEMPLATE, "CF_VERSION_METADATA": {"id": "version-1", "tag": "bv:test"}}
Samples = list[tuple[str, int, Any]]


def ms(day: str, hour: float = 0) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000 + hour * HOUR)


def hourly(day: str) -> Samples:
    return [(name, ms(day, hour), 20.5 + hour) for hour in range(24) for name in (A, B, TWIN)]


def written(samples: Samples) -> list[dict[str, Any]]:
    return [{"point_name": name, "timestamp": at, "value": value} for name, at, value in samples]


def key_of(day: str, site: str = SITE) -> str:
    return TEMPLATE.replace("{site}", site).replace("{date}", day)


class World:
    """workerd with query workers. Each worker has its own bucket, unless its probe names the ``bucket`` of another one."""

    def __init__(self, folder: Path, probes: Mapping[str, Mapping[str, Any]], **plain: Mapping[str, Any]) -> None:
        """Start the workers of ``probes``, each under query_probe.mjs, and the ``plain`` ones with their bindings."""
        workers: dict[str, dict[str, Any]] = {
            name: {"bindings": {**BINDINGS, "PROBE": probe}, "bucket": probe.get("bucket", name), "wrapped": True}
            for name, probe in probes.items()
        }
        workers |= {name: {"bindings": BINDINGS, "bucket": name} for name in ("main", "other")}
        workers |= {name.replace("_", "-"): {"bindings": bindings, "bucket": name} for name, bindings in plain.items()}
        if "unbound" in plain:
            del workers["unbound"]["bucket"]
        self._harness = Harness(folder, workers=workers, worker=find_bundle("query"), wrapper="query_probe.mjs")
        self.urls, self.http, self.control = self._harness.urls, self._harness.http, self._harness.control
        self.stop = self._harness.stop

    def store(self, worker: str, day: str, rows: Samples, *, raw: bytes | None = None, **custom: str | None) -> None:
        """Store a day as the backfill worker does. ``raw`` and metadata replace parts, and None leaves an entry out."""
        content = "".join(json.dumps(item, separators=(",", ":"), ensure_ascii=False) + "\n" for item in written(rows))
        times = [at for _, at, _ in rows]
        true: dict[str, str | None] = {"samples": str(len(rows))}
        true |= {"first": str(min(times)), "last": str(max(times))} if times else {}
        body = gzip.compress(content.encode()) if raw is None else raw
        kept = {name: value for name, value in (true | custom).items() if value is not None}
        self.put(worker, key_of(day), body, kept)

    def store_members(self, worker: str, day: str, rows: Samples, *, key: str = "", **changes: Any) -> Stored:
        """Store a day in format 2. ``changes`` are those of ``stored_in_members``."""
        stored = stored_in_members(day, written(rows), **changes)
        self.put(worker, key or key_of(day), stored.body, stored.custom)
        return stored

    def put(self, worker: str, key: str, body: bytes, custom: Mapping[str, str]) -> None:
        self.control("put", worker=worker, key=key, content=body, custom=dict(custom))

    def ask(self, worker: str = "main", **changes: Any) -> httpx.Response:
        params = {"site_name": SITE, "point_names": A, "start_time": ms(DAYS[0]), "end_time": ms(DAYS[1])}
        sent = {name: value for name, value in (params | changes).items() if value is not None}
        return self.http.get(f"{self.urls[worker]}/timeseries/query", params=sent)

    def calls(self, worker: str = "counted", **changes: Any) -> Any:
        """Return the calls of R2 that a worker with the option ``whole`` needs for an answer."""
        return json.loads(self.ask(worker, **changes).headers["X-R2-Calls"])

    def points(self, worker: str = "main", **params: str) -> httpx.Response:
        return self.http.get(f"{self.urls[worker]}/timeseries/points", params={"site_name": SITE} | params)

    def whole(self, worker: str = "main", **changes: Any) -> dict[str, Any]:
        answer = self.ask(worker, **changes)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert body["count"] == len(body["samples"]) == sum(body["points"].values())
        return body

    def broken(self, worker: str, **changes: Any) -> str:
        """Return the text of an incomplete answer, which is not JSON. workerd ends its body as if it were complete."""
        answer = self.ask(worker, **{"end_time": ms(DAYS[2]), **changes})
        assert answer.status_code == 200
        with pytest.raises(json.JSONDecodeError):
            answer.json()
        return answer.text
