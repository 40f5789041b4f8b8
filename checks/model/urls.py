"""Which URLs may be asked, and which may be told a secret."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(url: str) -> bool:
    """Return whether nobody on the way can read what is sent to a URL: it is https, or leads to this machine."""
    return url.startswith("https://") or (url.startswith("http://") and is_loopback(url))


def is_base(url: str) -> bool:
    """Return whether a URL is private and whole, without credentials, query, fragment or a slash at its end."""
    try:
        parts = urlsplit(url)
        whole = bool(parts.hostname) and (parts.port is None or parts.port > 0) and url.isprintable() and " " not in url
    except ValueError:
        return False
    return (
        whole
        and is_private(url)
        and "@" not in parts.netloc
        and not (parts.query or parts.fragment or url.endswith("/"))
    )
