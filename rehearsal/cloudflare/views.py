"""How the API shows what it remembers; no view ever holds a secret's text."""

from __future__ import annotations

import re
from typing import Any

from rehearsal.cloudflare import bindings
from rehearsal.cloudflare.state import AUTHOR_EMAIL, AUTHOR_ID, Deployment, Version, Worker

HANDLER = re.compile(rb"\b(fetch|scheduled|queue|tail|email)\s*[(:,}]")
STARTUP_TIME_MS = 1


def handlers(version: Version) -> list[str]:
    """Return the events that the entry point seems to handle, as far as its text shows."""
    return sorted({name.decode() for name in HANDLER.findall(version.main.body)})


def script(worker: Worker) -> dict[str, Any]:
    """Show a worker, with the etag of what serves."""
    version = worker.live
    return {
        "id": worker.name,
        "tag": worker.tag,
        "tags": list(worker.settings.get("tags") or []),
        "etag": version.etag,
        "deployment_id": version.id.replace("-", ""),
        "handlers": handlers(version),
        "named_handlers": [],
        "has_assets": False,
        "has_modules": True,
        "created_on": worker.created_on,
        "modified_on": worker.modified_on,
        "last_deployed_from": version.source,
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "logpush": bool(worker.settings.get("logpush")),
        "tail_consumers": worker.settings.get("tail_consumers"),
        "placement": dict(version.placement),
        "usage_model": "standard",
        "startup_time_ms": STARTUP_TIME_MS,
    }


def settings(worker: Worker) -> dict[str, Any]:
    """Show what serves; ``placement`` is always there, as the provider's plugin panics without it."""
    version = worker.live
    return {
        "bindings": bindings.public(version.bindings),
        "compatibility_date": version.compatibility_date,
        "compatibility_flags": list(version.compatibility_flags),
        "usage_model": "standard",
        "placement": dict(version.placement),
        "limits": dict(version.limits),
        "annotations": dict(version.annotations),
        **script_settings(worker),
    }


def script_settings(worker: Worker) -> dict[str, Any]:
    """Show the settings that belong to the script, not to a version."""
    return {
        "logpush": bool(worker.settings.get("logpush")),
        "tail_consumers": worker.settings.get("tail_consumers"),
        "observability": worker.settings.get("observability"),
        "tags": list(worker.settings.get("tags") or []),
    }


def version_item(version: Version) -> dict[str, Any]:
    """Show a version as the list does."""
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


def version_detail(version: Version) -> dict[str, Any]:
    """Show a version with its resources."""
    return {
        **version_item(version),
        "resources": {
            "bindings": bindings.public(version.bindings),
            "script": {
                "etag": version.etag,
                "handlers": handlers(version),
                "named_handlers": [],
                "last_deployed_from": version.source,
            },
            "script_runtime": {
                "compatibility_date": version.compatibility_date,
                "compatibility_flags": list(version.compatibility_flags),
                "usage_model": "standard",
                "limits": dict(version.limits),
            },
        },
        "startup_time_ms": STARTUP_TIME_MS,
    }


def deployment(item: Deployment) -> dict[str, Any]:
    """Show a deployment."""
    return {
        "id": item.id,
        "source": item.source,
        "strategy": "percentage",
        "author_email": AUTHOR_EMAIL,
        "created_on": item.created_on,
        "annotations": dict(item.annotations),
        "versions": [{"version_id": share.version_id, "percentage": share.percentage} for share in item.shares],
    }
