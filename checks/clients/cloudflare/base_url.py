"""The address of Cloudflare's API: the real one, or the one that CLOUDFLARE_BASE_URL names."""

from __future__ import annotations

from collections.abc import Mapping

from checks.clients.http.environment import UnusableEnvironmentError
from checks.model.urls import is_base_url
from cloudflare_client.client import BASE_URL

VARIABLE = "CLOUDFLARE_BASE_URL"


def read_base_url(environ: Mapping[str, str]) -> str:
    """Return the address without a slash at the end. Raises UnusableEnvironmentError for any other form."""
    base = environ.get(VARIABLE) or BASE_URL
    if not is_base_url(base):
        text = f"{VARIABLE}: expected https (or http to this machine), without a slash at the end"
        raise UnusableEnvironmentError(text)
    return base
