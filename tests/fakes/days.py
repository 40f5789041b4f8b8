"""The samples of the fake site, as ACE sends them (rows) and as the worker stores them (lines)."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from contract import day_object
from tests.fakes import manifest

FIRST = date.fromisoformat(manifest.FIRST)
RECENTLY = manifest.NOW - timedelta(minutes=4)  # less than a cron period before the checks begin
Row = dict[str, Any]  # name, value (a text), time (naive)
Line = dict[str, Any]  # point_name, timestamp (ms), value
Place = tuple[str, str]  # a site and a date


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One stored object: its bytes, its custom metadata, its declared Content-Encoding, and the time of its upload."""

    body: bytes
    custom: dict[str, str]
    encoding: str = ""
    uploaded: datetime = RECENTLY


def date_of(number: int) -> str:
    """Return the date of a day, counted from 0."""
    return (FIRST + timedelta(days=number)).isoformat()


def key_of(day: str, site: str = manifest.SITE) -> str:
    """Return the key of a day's object."""
    return manifest.TEMPLATE.format(site=site, date=day)


def lines(day: str, count: int = 3) -> list[Line]:
    """Return samples of a day, one a second, of two points in turn."""
    start = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1000
    return [{"point_name": f"ses/p{n % 2}", "timestamp": start + 1000 * n, "value": 20.5 + n} for n in range(count)]


def random_rows(seed: int, day: str, site: str = manifest.SITE) -> list[Row]:
    """Return a day's rows by time and name. Some days have none, but the first one always has."""
    source = random.Random(f"{seed} {site} {day}")  # noqa: S311 - made-up measurements
    hours = source.choice((0, 1, 5, 24)) if day != date_of(0) else 24  # without any data the checks are inconclusive
    points = [f"ses/{site}/AHU/VAV-{number}.DaTemp" for number in range(source.randint(1, 4))]
    return [
        {"name": point, "value": f"{source.uniform(-20, 40):.2f}", "time": f"{day}T{hour:02}:00:00"}
        for hour in range(hours)
        for point in points
    ]


def to_line(row: Row) -> Line:
    """Return a row of ACE as the worker stores it."""
    time = datetime.fromisoformat(row["time"]).replace(tzinfo=UTC)
    value = float(row["value"]) if isinstance(row["value"], str) else row["value"]
    return {"point_name": row["name"], "timestamp": int(time.timestamp()) * 1000, "value": value}


def to_rows(of: Iterable[Line]) -> list[Row]:
    """Return stored lines as ACE sends them."""
    return [
        {
            "name": line["point_name"],
            "value": json.dumps(line["value"]) if type(line["value"]) in (int, float) else line["value"],
            "time": datetime.fromtimestamp(line["timestamp"] / 1000, UTC).replace(tzinfo=None).isoformat(),
        }
        for line in of
    ]


def window(day: str) -> str:
    """Return the window of ACE that a day is read from."""
    return f"{day}T00:00:00Z/{date.fromisoformat(day) + timedelta(days=1)}T00:00:00Z"


def stored(
    day: str,
    samples: list[Line] | None = None,
    /,
    *,
    raw: bytes | None = None,
    content: bytes | None = None,
    uploaded: datetime = RECENTLY,
    **metadata: str | None,
) -> Stored:
    """Return a day's object in format 1, with true metadata unless ``metadata`` says otherwise.

    ``raw`` replaces the bytes and ``content`` the text that is compressed. ``uploaded`` is UTC. A metadata entry of
    None is left out.
    """
    samples = lines(day) if samples is None else samples
    content = _encode(samples) if content is None else content
    body = gzip.compress(content, 1, mtime=0) if raw is None else raw
    custom = _describe(day, samples) | {"sha256": hashlib.sha256(content).hexdigest(), "bytes": str(len(body))}
    return _store(body, custom | metadata, uploaded)


def stored_in_members(
    day: str,
    samples: list[Line] | None = None,
    /,
    *,
    replaced: Mapping[int, bytes] | None = None,
    uploaded: datetime = RECENTLY,
    **metadata: str | None,
) -> Stored:
    """Return a day's object in format 2, with true metadata unless ``metadata`` says otherwise.

    ``replaced`` has other compressed bytes of some members. A metadata entry of None is left out.
    """
    samples = lines(day) if samples is None else samples
    members = {name: day_object.find_member(name) for name in {line["point_name"] for line in samples}}
    texts = [b""] * day_object.MEMBERS
    for number in set(members.values()):
        texts[number] = _encode(line for line in samples if members[line["point_name"]] == number)
    parts = [gzip.compress(text, 1, mtime=0) if text else b"" for text in texts]
    parts[0] = gzip.compress(b"", mtime=0) if not samples else parts[0]
    for number, part in ({} if replaced is None else replaced).items():
        parts[number] = part
    body = b"".join(parts)
    custom = _describe(day, samples) | {"format": day_object.FORMAT, "bytes": str(len(body)), "revision": "1"}
    custom["members"] = day_object.format_lengths(map(len, parts))
    custom["sha256"] = day_object.combine_digests(hashlib.sha256(text).digest() for text in texts)
    return _store(body, custom | metadata, uploaded)


def _encode(samples: Iterable[Line]) -> bytes:
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in samples).encode()


def _describe(day: str, samples: list[Line]) -> dict[str, str | None]:
    custom: dict[str, str | None] = {
        "samples": str(len(samples)),
        "points": str(len({line["point_name"] for line in samples})),
    }
    if samples:
        times = [line["timestamp"] for line in samples]
        custom |= {"first": str(min(times)), "last": str(max(times))}
    return custom | {"source": window(day), "worker_version": "v1"}


def _store(body: bytes, custom: Mapping[str, str | None], uploaded: datetime) -> Stored:
    kept = {name: value for name, value in custom.items() if value is not None}
    return Stored(body=body, custom=kept, uploaded=uploaded)


def read_lines(of: Stored) -> list[Line]:
    """Return the lines of an object. Raises OSError, EOFError or ValueError where it does not hold any."""
    return [json.loads(text) for text in gzip.decompress(of.body).splitlines()]
