"""Rules for the host names of settings: this machine, and the backfill worker itself."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def is_backfill_worker(given: Mapping[str, str], setting: str) -> bool:
    """Return whether a related worker, given by its name or its URL, is the backfill worker: the same host."""
    value, name, subdomain = (given.get(key, "").lower() for key in (setting, "workerName", "workersSubdomain"))
    if not value:
        return False
    if "://" not in value:
        return value == name
    own = given.get("workerUrl", f"https://{name}.{subdomain}.workers.dev" if name and subdomain else "")
    return _find_host(value) in {_find_host(own)} - {""}


def _find_host(url: str) -> str:
    """Return host and port of a URL in lower case, an empty text where there is none."""
    try:
        parts = urlsplit(url.lower())
        standard = {"https": 443, "http": 80}.get(parts.scheme)
        return f"{parts.hostname.rstrip('.')}:{parts.port or standard}" if parts.hostname else ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Return whether a host name or an address is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
