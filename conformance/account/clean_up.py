"""Deletes the things that a run made, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from cloudflare_client.client import script_path
from cloudflare_client.errors import AbsentError, ApiRefusedError, CloudflareError
from conformance.account import queues
from conformance.account.api import Api, explain
from conformance.account.ledger import BUCKET, DATABASE, OBJECT, WORKER, Ledger, Thing
from contract.control_objects import CONTROL_PREFIX

ORDER = (WORKER, DATABASE, OBJECT, BUCKET)  # the worker first, because it writes objects
ABSENT_DATABASE, ABSENT_OBJECT = 7404, 10007
MAX_PAGES = 20  # of 1,000 objects. A run writes a few


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A thing that was not deleted, and the reason."""

    thing: Thing
    reason: str

    def __str__(self) -> str:
        """Return one line."""
        return f"{self.thing.kind} {self.thing.name} was not deleted: {self.reason}"


def clean_up(api: Api, ledger: Ledger) -> list[Left]:
    """Delete every recorded thing. Return the things that are left. One failure does not stop the others."""
    left = []
    for thing in sorted(ledger.things, key=lambda thing: ORDER.index(thing.kind)):
        try:
            reason = _delete(api, thing)
        except CloudflareError as error:
            reason = explain(error)
        if reason is None:
            ledger.forget(thing)
        else:
            left.append(Left(thing=thing, reason=reason))
    return left


def _delete(api: Api, thing: Thing) -> str | None:
    """Delete a thing, a worker with its queues. Return a reason not to, None where it does not exist any more."""
    if thing.kind == BUCKET:
        return delete_bucket(api, thing.name)
    if thing.kind == WORKER:
        queues.remove_consumers(api, thing.name)
        _send_delete(api, script_path(thing.name))
        queues.delete_queues(api, thing.name)
    elif thing.kind == OBJECT:
        _send_delete(api, _object_path(thing.place, thing.name))
    else:
        for item in api.read("d1/database", name=thing.name):
            if item["name"] == thing.name:
                _send_delete(api, f"d1/database/{item['uuid']}")
    return None


def delete_bucket(api: Api, bucket: str) -> str | None:
    """Delete a bucket with the run log of the throw-away worker. Every other object was written by another program."""
    try:
        keys = list(_list_keys(api, bucket))
    except AbsentError:
        return None
    foreign = [key for key in keys if not key.startswith(CONTROL_PREFIX)]
    if foreign:
        return f"it holds {len(foreign)} objects that this run did not write, for example {foreign[0]!r}"
    for key in keys:
        _send_delete(api, _object_path(bucket, key))
    _send_delete(api, f"r2/buckets/{bucket}")
    return None


def _list_keys(api: Api, bucket: str) -> Iterator[str]:
    start = ""
    for _ in range(MAX_PAGES):
        page = api.read(f"r2/buckets/{bucket}/objects", per_page="1000", **({"start_after": start} if start else {}))
        yield from (item["key"] for item in page)
        if not page:
            return
        start = page[-1]["key"]


def _send_delete(api: Api, path: str) -> None:
    try:
        api.call("DELETE", path)
    except AbsentError:
        return
    except ApiRefusedError as error:
        if not {ABSENT_DATABASE, ABSENT_OBJECT} & set(error.codes):
            raise


def _object_path(bucket: str, key: str) -> str:
    return f"r2/buckets/{bucket}/objects/{quote(key)}"
