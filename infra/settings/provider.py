"""The provider's own settings, which the program needs to read the live account."""

from __future__ import annotations

import re

from cloudflare_client.client import BASE_URL
from contract.setting_rules import check_url
from infra.settings.source import SettingsSource


def read_api_url(source: SettingsSource, problems: list[str]) -> str:
    """Return the address of Cloudflare's API. Adds a line to ``problems`` for one that cannot be used."""
    url = _read(source, "baseUrl", "CLOUDFLARE_BASE_URL")
    expected = None if url is None else check_url(url)
    if expected is not None:
        problems.append(f"cloudflare:baseUrl: expected {expected} (CLOUDFLARE_BASE_URL)")
    return BASE_URL if url is None else url


def read_api_token(source: SettingsSource, problems: list[str]) -> str:
    """Return the API token. Adds a line to ``problems``, without the token, for one that cannot be used."""
    token = _read(source, "apiToken", "CLOUDFLARE_API_TOKEN")
    if token is None:
        problems.append("cloudflare:apiToken is not set (export CLOUDFLARE_API_TOKEN)")
        return ""
    if token.strip() and token.strip()[0] in "'\"`":
        problems.append("cloudflare:apiToken is in quotes, which are a part of the value: set it without them")
    elif not re.fullmatch(r"[0-9A-Za-z_-]{40,80}", token):
        problems.append(
            "cloudflare:apiToken does not have the form of Cloudflare's tokens: 40 to 80 letters, digits, '_', '-'"
        )
    return token


def _read(source: SettingsSource, key: str, variable: str) -> str | None:
    """Return the value of the configuration, else of the environment variable. An empty one is not set."""
    for value in (source.provider(key), source.environment.get(variable)):
        if value:
            return value
    return None
