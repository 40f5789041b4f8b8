"""Read a multipart upload of a worker and make a version of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import BodyPartReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError

from rehearsal.cloudflare import bindings
from rehearsal.cloudflare.account import Account
from rehearsal.cloudflare.responses import RefusalError
from rehearsal.cloudflare.state import Module, Version, WorkerRecord

OLDEST_COMPATIBILITY_DATE = "2021-11-02"
SCRIPT_SETTINGS = ("logpush", "tail_consumers", "observability", "tags")  # they belong to no version
LONGEST_ANNOTATION = {"workers/message": 1000, "workers/tag": 100, "workers/alias": 63}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A client's upload: modules and metadata, which may contain secrets."""

    modules: tuple[Module, ...]
    metadata: Mapping[str, Any]


async def read_parts(request: web.Request) -> dict[str, Module]:
    """Return the parts of a multipart body by file name, or by name. Raises RefusalError 10021 for another body.

    Cloudflare's Python client names all modules `files`. Other clients give a module's name to the part too.
    """
    if not request.content_type.startswith("multipart/"):
        raise RefusalError(400, 10021, "The uploaded script must be sent as multipart/form-data.")
    found = {}
    try:
        async for part in await request.multipart():
            if isinstance(part, BodyPartReader) and (name := part.filename or part.name):
                kind = part.headers.get(hdrs.CONTENT_TYPE, "application/octet-stream")
                found[name] = Module(name=name, content_type=kind, body=bytes(await part.read()))
    except (ValueError, HttpProcessingError):
        raise RefusalError(400, 10021, "The multipart body could not be read.") from None
    return found


def parse_json_part(parts: Mapping[str, Module], name: str) -> dict[str, Any]:
    """Return the JSON object in a part. Raises RefusalError 10021 where there is none."""
    part = parts.get(name)
    try:
        data = json.loads(part.body) if part else None
    except ValueError:
        data = None
    if not isinstance(data, dict):
        raise RefusalError(400, 10021, f"The body has no part `{name}` that is a JSON object.")
    return data


async def read_upload(request: web.Request) -> Upload:
    """Read an upload without its source maps, because the runtime does not use them."""
    found = await read_parts(request)
    metadata = parse_json_part(found, "metadata")
    del found["metadata"]
    modules = tuple(m for m in found.values() if not m.content_type.startswith("application/source-map"))
    if metadata.get("main_module", metadata.get("body_part")) not in {module.name for module in modules}:
        raise RefusalError(400, 10021, "The upload has no part that is named as metadata.main_module.")
    return Upload(modules=modules, metadata=metadata)


def annotate(given: Any, triggered_by: str) -> dict[str, str]:
    """Return the annotations that Cloudflare keeps: the client's message and tag, and the trigger."""
    kept = {}
    for key, limit in LONGEST_ANNOTATION.items():
        value = given.get(key) if isinstance(given, dict) else None
        if value is not None and (not isinstance(value, str) or len(value.encode()) > limit):
            raise RefusalError(400, 10021, f"annotation {key} must be a string of at most {limit} bytes")
        if value:
            kept[key] = value
    return {**kept, "workers/triggered_by": triggered_by}


def make_version(
    account: Account, request: web.Request, upload: Upload, worker: WorkerRecord | None, *, triggered_by: str
) -> Version:
    """Return the version that follows the worker's latest version."""
    metadata = upload.metadata
    previous = worker.latest if worker else None
    return Version(
        id=str(uuid.uuid4()),
        number=previous.number + 1 if previous else 1,
        created_on=account.format_now(),
        source=read_source(request),
        annotations=annotate(metadata.get("annotations"), triggered_by),
        main_module=metadata.get("main_module", metadata.get("body_part")),
        modules=upload.modules,
        compatibility_date=metadata.get("compatibility_date") or OLDEST_COMPATIBILITY_DATE,
        compatibility_flags=tuple(metadata.get("compatibility_flags") or ()),
        bindings=bindings.resolve_bindings(
            metadata, previous, strict=request.query.get("bindings_inherit") == "strict"
        ),
        placement=metadata.get("placement") or {},
        limits=metadata.get("limits") or {},
        usage_model=metadata.get("usage_model") or "standard",
    )


def change_script_settings(worker: WorkerRecord, asked: Mapping[str, Any]) -> WorkerRecord:
    """Return the worker with the settings of the script that a request names. The others stay as they are.

    Tools send an empty list to remove tail consumers, so a request without the field keeps them.
    """
    changed = {name: asked[name] for name in SCRIPT_SETTINGS if name in asked}
    if isinstance(changed.get("observability"), dict):
        changed["observability"] = _complete_observability(changed["observability"])
    return replace(worker, settings={**worker.settings, **changed})


def _complete_observability(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return enabled observability with Cloudflare's defaults, which its answers name. A disabled one stays as sent."""
    if asked.get("enabled") is not True:
        return dict(asked)
    defaults = {"head_sampling_rate": 1, "persist": True}
    logs = {"enabled": True, "invocation_logs": True, **defaults, **(asked.get("logs") or {})}
    traces = {"enabled": False, **defaults, **(asked.get("traces") or {})}
    return {"head_sampling_rate": 1, **asked, "logs": logs, "traces": traces}


def change_version(account: Account, request: web.Request, latest: Version, **changes: Any) -> Version:
    """Return the version that follows ``latest`` with the same code and these changed fields."""
    return replace(
        latest,
        id=str(uuid.uuid4()),
        number=latest.number + 1,
        created_on=account.format_now(),
        source=read_source(request),
        **changes,
    )


def read_source(request: web.Request) -> str:
    """Return the client's tool in Cloudflare's words, from its User-Agent."""
    agent = request.headers.get(hdrs.USER_AGENT, "").lower()
    return next((tool for tool in ("wrangler", "terraform") if tool in agent), "api")
