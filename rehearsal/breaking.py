"""The ways in which faults are done: each function returns what a fault does to a running rehearsal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rehearsal import hand, sibling
from rehearsal.ace import AceFault
from toolchain import engine

if TYPE_CHECKING:
    from rehearsal.local import Local
    from rehearsal.trouble import Trouble

Apply = Callable[["Local"], Awaitable[None]]
WORKERS = engine.ROOT / "workers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One stored object: its bytes, and what is said of them."""

    body: bytes
    custom: Mapping[str, str] = field(default_factory=dict)
    http: Mapping[str, str] = field(default_factory=dict)


def ace(fault: AceFault) -> Apply:
    """Let ACE fail in this way."""

    async def apply(local: Local) -> None:
        local.ace.fault = fault

    return apply


def program(*replacements: tuple[str, str]) -> Apply:
    """Ship another program, as if its own code were so: the shipped one with some of its text replaced, and its mark.

    ValueError when a text is not there exactly once: then the program has changed, and the fault must follow it.
    """

    async def apply(local: Local) -> None:
        await hand.upload(local, code=rewritten(*replacements), tag=lambda ours: ours)

    return apply


def query(*replacements: tuple[str, str]) -> Apply:
    """Ship another query worker, likewise; its mark is nobody's matter, as no check reads it."""

    async def apply(local: Local) -> None:
        await hand.upload(local, code=rewritten(*replacements, role="query"), name=local.query_name)

    return apply


def etl(*replacements: tuple[str, str], key: str | None = None) -> Apply:
    """Deploy an ETL worker that holds another key than the declared one, or whose code is so."""

    async def apply(local: Local) -> None:
        await sibling.deploy(local, code=rewritten(*replacements), key=key)

    return apply


def rewritten(*replacements: tuple[str, str], role: str = "backfill") -> bytes:
    """Return a shipped program with some of its text replaced."""
    code = (WORKERS / "dist" / f"{role}.js").read_text()
    for old, new in replacements:
        if code.count(old) != 1:
            raise ValueError(f"the worker's code holds this {code.count(old)} times, not once: {old}")
        code = code.replace(old, new)
    return code.encode()


def bindings(edit: Callable[[hand.Bindings], hand.Bindings]) -> Apply:
    """Upload the live code by hand, with other bindings."""

    async def apply(local: Local) -> None:
        await hand.upload(local, edit=edit)

    return apply


def script(method: str, what: str, **sent: Any) -> Apply:
    """Make one call about the worker by the raw API."""

    async def apply(local: Local) -> None:
        await hand.script(local, method, what, **sent)

    return apply


def to_worker(trouble: Trouble) -> Apply:
    """Make trouble on the way to the worker."""

    async def apply(local: Local) -> None:
        await local.edge.trouble(local.worker_name, trouble)

    return apply


def to_api(trouble: Trouble) -> Apply:
    """Make trouble on the way to Cloudflare's API."""

    async def apply(local: Local) -> None:
        local.cloudflare.road.trouble = trouble

    return apply


def first_day(edit: Callable[[Stored], Stored | None]) -> Apply:
    """Let the backfill run, then put something else in the place of the first stored day, or nothing at all."""

    async def apply(local: Local) -> None:
        await hand.trigger(local)
        key = (await local.edge.r2_list(local.bucket))["objects"][0]["key"]
        found = await local.edge.r2_get(local.bucket, key)
        if found is None:
            raise LookupError(f"{key} has gone")
        about, body = found
        edited = edit(Stored(body=body, custom=about["custom_metadata"], http=about["http_metadata"]))
        await local.edge.r2_delete(local.bucket, key)
        if edited is not None:
            metadata = {"http_metadata": edited.http, "custom_metadata": edited.custom}
            await local.edge.r2_put(local.bucket, key, edited.body, **metadata)

    return apply


async def met(local: Local) -> Mapping[str, int]:
    """Return, for each way on which there is trouble now, how many requests met it: what nobody met proves nothing."""
    found: dict[str, int] = {}
    road, worker = local.cloudflare.road, await local.edge.met(local.worker_name)
    if road.trouble is not None:
        found["Cloudflare's API"] = road.met
    if worker is not None:
        found["the worker"] = worker
    if local.ace.fault is not None or local.ace.latency:
        found["ACE"] = local.ace.met
    return found
