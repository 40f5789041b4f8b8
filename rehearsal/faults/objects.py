"""Faults of a stored day, changed by something else than the worker."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from contract.control_objects import CONTROL_PREFIX
from contract.day_object import MEMBERS, combine_digests, find_member, format_lengths
from rehearsal.faults import Apply, Fault
from rehearsal.local_system import LocalSystem, outside_pulumi

# The check `query` reads another stored day each day, so it reports a fault only when it reads the changed one.
_QUERY_WORKER = {"query": "worker"}
_QUERY_STORAGE = {"query": "storage"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDay:
    """One stored object: its bytes and its metadata."""

    body: bytes
    custom: Mapping[str, str] = field(default_factory=dict)
    http: Mapping[str, str] = field(default_factory=dict)


_EditDay = Callable[[StoredDay], StoredDay | None]


def _edit_first_day(edit: _EditDay) -> Apply:
    """Run a batch, then replace the first stored day, or delete it if ``edit`` returns None."""

    async def apply(local: LocalSystem) -> None:
        await outside_pulumi.trigger_batch(local)
        await _edit_day(local, (await _list_days(local))[0], edit)

    return apply


def _edit_every_day(edit: _EditDay) -> Apply:
    """Run a batch, then replace every stored day. For checks that read another stored day each day."""

    async def apply(local: LocalSystem) -> None:
        await outside_pulumi.trigger_batch(local)
        for key in await _list_days(local):
            await _edit_day(local, key, edit)

    return apply


async def _list_days(local: LocalSystem) -> list[str]:
    keys = [item["key"] for item in (await local.edge.r2_list(local.bucket))["objects"]]
    return [key for key in keys if not key.startswith(CONTROL_PREFIX)]


async def _edit_day(local: LocalSystem, key: str, edit: _EditDay) -> None:
    edited = edit(await _read_day(local, key))
    await local.edge.r2_delete(local.bucket, key)
    if edited is not None:
        await _write_day(local, key, edited)


async def _read_day(local: LocalSystem, key: str) -> StoredDay:
    found = await local.edge.r2_get(local.bucket, key)
    if found is None:
        raise LookupError(f"{key} does not exist")
    about, body = found
    return StoredDay(body=body, custom=about["custom_metadata"], http=about["http_metadata"])


async def _write_day(local: LocalSystem, key: str, day: StoredDay) -> None:
    await local.edge.r2_put(local.bucket, key, day.body, http_metadata=day.http, custom_metadata=day.custom)


async def _overwrite_first_day(local: LocalSystem) -> None:
    await outside_pulumi.trigger_batch(local)
    first, second, *_ = await _list_days(local)
    await _write_day(local, first, await _read_day(local, second))


def _rewrite(day: StoredDay, content: bytes) -> StoredDay:
    """Store other lines in format 2, with matching metadata."""
    members = [b""] * MEMBERS
    for line in content.splitlines(keepends=True):
        members[find_member(json.loads(line)["point_name"])] += line
    packed = [gzip.compress(member) if member else b"" for member in members]
    body = b"".join(packed)
    digests = combine_digests(hashlib.sha256(member).digest() for member in members)
    about = {"members": format_lengths(map(len, packed)), "sha256": digests, "bytes": str(len(body))}
    return replace(day, body=body, custom={**day.custom, **about})


def _rename_points(day: StoredDay) -> StoredDay:
    return _rewrite(day, gzip.decompress(day.body).replace(b'"point_name":"ses/', b'"point_name":"elsewhere/'))


def _revise_with_rounded_values(day: StoredDay) -> StoredDay:
    written = _rewrite(day, re.sub(rb'"value":(-?\d+)\.\d+', rb'"value":\g<1>', gzip.decompress(day.body)))
    return replace(written, custom={**written.custom, "revision": "2"})


def _write_by_another_version(day: StoredDay) -> StoredDay:
    written = _rewrite(day, re.sub(rb'"value":(-?)', rb'"value":\g<1>1', gzip.decompress(day.body)))
    return replace(written, custom={**written.custom, "worker_version": "c1529256-0000-4000-8000-000000000000"})


def _count_one_more(day: StoredDay) -> StoredDay:
    return replace(day, custom={**day.custom, "samples": str(int(day.custom["samples"]) + 1)})


FAULTS = (
    Fault(
        name="object-anonymous",
        description="a stored day was written without its metadata",
        caught_by=("r2",),
        cause="storage",
        may_report=_QUERY_STORAGE,
        apply=_edit_first_day(lambda day: replace(day, custom={})),
    ),
    Fault(
        name="object-empty",
        description="the object of a stored day has no bytes",
        caught_by=("r2",),
        cause="storage",
        may_report=_QUERY_STORAGE,
        apply=_edit_first_day(lambda day: replace(day, body=b"")),
    ),
    Fault(
        name="object-encoded",
        description="a stored day was written again and declares Content-Encoding: gzip",
        caught_by=("r2",),
        cause="worker",
        apply=_edit_first_day(lambda day: replace(day, http={**day.http, "contentEncoding": "gzip"})),
    ),
    Fault(
        name="object-garbled",
        description="a stored day has bytes that are not gzip",
        caught_by=("r2",),
        cause="worker",
        may_report=_QUERY_WORKER,
        apply=_edit_first_day(lambda day: replace(day, body=bytes(byte ^ 0x55 for byte in day.body))),
    ),
    Fault(
        # The check looks before the next batch, which copies the day again.
        name="object-lost",
        description="a stored day was deleted",
        caught_by=("history",),
        cause="outside_change",
        apply=_edit_first_day(lambda _: None),
    ),
    Fault(
        name="object-of-another-day",
        description="a stored day was overwritten with another day",
        caught_by=("r2",),
        cause="worker",
        may_report=_QUERY_WORKER,
        apply=_overwrite_first_day,
    ),
    Fault(
        name="object-of-another-version",
        description="a version of another worker wrote the stored days, with other values",
        caught_by=("proof",),
        cause="outside_change",
        apply=_edit_every_day(_write_by_another_version),
    ),
    Fault(
        # Every day, because the check `proof` reads another stored day each day.
        name="object-of-another-site",
        description="the stored days have the data of another site, with matching metadata",
        caught_by=("proof",),
        cause="worker",
        apply=_edit_every_day(_rename_points),
    ),
    Fault(
        name="object-truncated",
        description="a stored day was cut in the middle",
        caught_by=("r2",),
        cause="storage",
        may_report=_QUERY_STORAGE,
        apply=_edit_first_day(lambda day: replace(day, body=day.body[: len(day.body) // 2])),
    ),
    Fault(
        name="object-untrue",
        description="the metadata of a stored day count one sample too many",
        caught_by=("r2",),
        cause="worker",
        may_report=_QUERY_WORKER,
        apply=_edit_first_day(_count_one_more),
    ),
    Fault(
        name="revision-rounded",
        description="a second revision of each stored day has values without their decimals",
        caught_by=("proof",),
        cause="worker",
        apply=_edit_every_day(_revise_with_rounded_values),
    ),
)
