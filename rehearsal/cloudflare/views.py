"""The API's views of its state. No view contains the text of a secret."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.cloudflare import bindings
from rehearsal.cloudflare.state import AUTHOR_EMAIL, AUTHOR_ID, Deployment, Version, WorkerRecord

HANDLER = re.compile(rb"\b(fetch|scheduled|queue|tail|email)\s*[(:,}]")
STARTUP_TIME_MS = 1


def find_handlers(version: Version) -> list[str]:
    """Return the events that the entry point seems to handle, by its text."""
    return sorted({name.decode() for name in HANDLER.findall(version.main.body)})


def show_script(worker: WorkerRecord) -> dict[str, Any]:
    """Return the view of a worker, with the etag of its live version."""
    version = worker.live
    return {
        "id": worker.name,
        "tag": worker.tag,
        "tags": list(worker.settings.get("tags") or []),
        "etag": version.etag,
        "deployment_id": version.id.replace("-", ""),
        "handlers": find_handlers(version),
        "named_handlers": [],
        "has_assets": False,
        "has_modules": True,
        "created_on": worker.created_on,
        "modified_on": worker.modified_on,
        "last_deployed_from": version.source,
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "logpush": bool(worker.settings.get("logpush")),
        "tail_consumers": worker.settings.get("tail_consumers") or None,
        "observability": worker.settings.get("observability"),
        "placement": dict(version.placement),
        "usage_model": version.usage_model,
        "startup_time_ms": STARTUP_TIME_MS,
    }


def show_settings(worker: WorkerRecord) -> dict[str, Any]:
    """Return the settings of the live version.

    ``placement`` is always present, because the official plugin panics without it. ``limits`` is absent from a worker
    without limits, because the official plugin reads an empty object as a value and updates it forever.
    """
    version = worker.live
    return {
        "bindings": bindings.show_bindings(version.bindings),
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "usage_model": version.usage_model,
        "placement": dict(version.placement),
        **_show_limits(version),
        "annotations": dict(version.annotations),
        **show_script_settings(worker),
    }


def show_script_settings(worker: WorkerRecord) -> dict[str, Any]:
    """Return the settings that belong to the script and not to a version."""
    return {
        "logpush": bool(worker.settings.get("logpush")),
        "tail_consumers": worker.settings.get("tail_consumers") or None,
        "observability": worker.settings.get("observability"),
        "tags": list(worker.settings.get("tags") or []),
    }


def show_version_item(version: Version) -> dict[str, Any]:
    """Return the view of a version in a list."""
    return {
        "id": version.id,
        "number": version.number,
        "metadata": {
            "author_email": AUTHOR_EMAIL,
            "author_id": AUTHOR_ID,
            "created_on": version.created_on,
            "modified_on": version.created_on,
            "source": version.source,
            "has_preview": False,
        },
        "annotations": dict(version.annotations),
    }


def show_version(version: Version) -> dict[str, Any]:
    """Return the view of a version with its resources."""
    return {
        **show_version_item(version),
        "resources": {
            "bindings": bindings.show_bindings(version.bindings),
            "script": {
                "etag": version.etag,
                "handlers": find_handlers(version),
                "named_handlers": [],
                "last_deployed_from": version.source,
            },
            "script_runtime": {
                "compatibility_date": version.compatibility_date,
                "compatibility_flags": list(version.compatibility_flags),
                "usage_model": version.usage_model,
                **_show_limits(version),
            },
        },
        "startup_time_ms": STARTUP_TIME_MS,
    }


def show_deployment(item: Deployment) -> dict[str, Any]:
    """Return the view of a deployment."""
    return {
        "id": item.id,
        "source": item.source,
        "strategy": "percentage",
        "author_email": AUTHOR_EMAIL,
        "created_on": item.created_on,
        "annotations": dict(item.annotations),
        "versions": [{"version_id": share.version_id, "percentage": share.percentage} for share in item.shares],
    }


def _show_limits(version: Version) -> dict[str, Any]:
    return {"limits": dict(version.limits)} if version.limits else {}
