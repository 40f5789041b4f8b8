"""Makes the objects of large days in both formats, fast: the rows of a tick are one text with values to fill in."""

from __future__ import annotations

import gzip
import hashlib
import random
from dataclasses import dataclass
from datetime import UTC, datetime

from contract.day_object import FORMAT, MEMBERS, combine_digests, find_member, format_lengths

POINTS, TICKS = 1_000, 500  # 500,000 samples a day, 55 MB of NDJSON
TICK_MS = 172_800
_VALUES = [b"%d.%d" % (20 + number // 10, number % 10) for number in range(100)]
LEVEL = 6  # as workerd compresses

NAMES = [f"ses/ses_falls_city/AHU-{number % 20}/VAV-{number}.DaTemp" for number in range(POINTS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """The bytes and the custom metadata of one day's object."""

    body: bytes
    custom: dict[str, str]


def make_objects(date: str) -> tuple[Object, Object]:
    """Return a day in format 1 and the same day in format 2. The values are another random choice each day."""
    start = int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp()) * 1000
    source = random.Random(date)  # noqa: S311 - made-up measurements
    members = [
        [number for number, name in enumerate(NAMES) if find_member(name) == member] for member in range(MEMBERS)
    ]
    whole, parts = bytearray(), [bytearray() for _ in members]
    forms = [_make_form(numbers) for numbers in members]
    all_points = _make_form(list(range(POINTS)))
    for tick in range(TICKS):
        values = source.choices(_VALUES, k=POINTS)
        at = b"%d" % (start + tick * TICK_MS)
        whole += all_points.replace(b"@", at) % tuple(values)
        for numbers, form, part in zip(members, forms, parts, strict=True):
            part += form.replace(b"@", at) % tuple(values[number] for number in numbers)
    custom = {"samples": str(POINTS * TICKS), "points": str(POINTS)}
    custom |= {"first": str(start), "last": str(start + (TICKS - 1) * TICK_MS)}
    return _make_first(bytes(whole), custom), _make_second(parts, custom)


def _make_form(numbers: list[int]) -> bytes:
    return "".join(f'{{"point_name":"{NAMES[number]}","timestamp":@,"value":%b}}\n' for number in numbers).encode()


def _make_first(content: bytes, custom: dict[str, str]) -> Object:
    body = gzip.compress(content, LEVEL, mtime=0)
    return Object(body=body, custom={**custom, "sha256": hashlib.sha256(content).hexdigest(), "bytes": str(len(body))})


def _make_second(parts: list[bytearray], custom: dict[str, str]) -> Object:
    bodies = [gzip.compress(part, LEVEL, mtime=0) if part else b"" for part in parts]
    body = b"".join(bodies)
    sha256 = combine_digests(hashlib.sha256(part).digest() for part in parts)
    more = {"format": FORMAT, "members": format_lengths(map(len, bodies)), "sha256": sha256, "bytes": str(len(body))}
    return Object(body=body, custom={**custom, **more, "revision": "1"})
