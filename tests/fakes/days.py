"""The samples of a made-up site, as ACE sends them and as the worker stores them."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.fakes import manifest

FIRST = date(2024, 12, 10)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One stored object: its bytes, its custom metadata, and what it declares of its encoding."""

    body: bytes
    custom: dict[str, str]
    encoding: str = ""


def day(number: int) -> str:
    """Return the date of a day, counted from 0."""
    return (FIRST + timedelta(days=number)).isoformat()


def key(of: str) -> str:
    """Return where a day lies."""
    return manifest.TEMPLATE.format(site=manifest.SITE, date=of)


def samples(seed: int, of: str) -> list[Row]:
    """Return a day's samples in ACE's words, by time and name; some days have none."""
    source = random.Random(f"{seed} {of}")  # noqa: S311 - made-up measurements
    hours = source.choice((0, 1, 5, 24)) if of != day(0) else 24  # the first day has data: else nothing can be judged
    points = [f"ses/{manifest.SITE}/AHU/VAV-{number}.DaTemp" for number in range(source.randint(1, 4))]
    return [
        {"name": point, "value": f"{source.uniform(-20, 40):.2f}", "time": f"{of}T{hour:02}:00:00"}
        for hour in range(hours)
        for point in points
    ]


def line(row: Row) -> Row:
    """Return a sample as the worker stores it."""
    return {"point_name": row["name"], "timestamp": _ms(row["time"]), "value": float(row["value"])}


def stored(of: str, rows: list[Row]) -> Stored:
    """Return the object of a day's samples, as the worker writes it, with metadata that are true of them."""
    lines = [line(row) for row in rows]
    content = "".join(json.dumps(item, separators=(",", ":")) + "\n" for item in lines).encode()
    window = f"{of}T00:00:00Z/{date.fromisoformat(of) + timedelta(days=1)}T00:00:00Z"
    custom = {"samples": str(len(lines)), "points": str(len({item["point_name"] for item in lines}))}
    if lines:
        custom |= {"first": str(lines[0]["timestamp"]), "last": str(lines[-1]["timestamp"])}
    custom |= {"sha256": hashlib.sha256(content).hexdigest(), "source": window, "worker_version": "v1"}
    return Stored(body=gzip.compress(content, 1), custom=custom)


def lines_of(of: Stored) -> list[Row]:
    """Return what a stored day holds; raises OSError, EOFError or ValueError for one that holds no samples."""
    return [json.loads(text) for text in gzip.decompress(of.body).splitlines()]


def _ms(time: str) -> int:
    return int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()) * 1000
