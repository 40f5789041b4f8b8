"""Decides which URLs may be used, and to which ones a secret may be sent."""

from __future__ import annotations

from urllib.parse import urlsplit

from contract import hosts, setting_rules


def is_loopback(url: str) -> bool:
    """Return whether a URL leads to this machine."""
    try:
        return hosts.is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def is_confidential(url: str) -> bool:
    """Return whether a request is confidential: its URL is https, or leads to this machine."""
    return url.startswith("https://") or (url.startswith("http://") and is_loopback(url))


def is_base_url(url: str) -> bool:
    """Return whether a URL keeps the rule of every URL in the settings (contract/setting_rules/)."""
    return setting_rules.check_url(url) is None
