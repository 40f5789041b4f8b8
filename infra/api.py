"""Cloudflare's API, asked at preview: one client, one envelope; every answer is a result, an absence, or one line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

TIMEOUT = 20.0  # seconds a request
Client = httpx.Client
_ABSENT = {10006, 10007, 10090}  # bucket, script, service


class ApiError(Exception):
    """The API could not be asked or refused; the message says so in one line."""


class AbsentError(Exception):
    """What was asked for does not exist."""


@contextmanager
def connect(api_url: str, token: str) -> Iterator[Client]:
    """Yield a client of the API; raises ApiError for a proxy or an address that cannot be used."""
    try:
        client = httpx.Client(base_url=api_url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise ApiError(
            f"Cloudflare's API cannot be asked ({type(error).__name__}): see HTTPS_PROXY, ALL_PROXY and "
            "CLOUDFLARE_BASE_URL (a socks proxy needs: pip install 'httpx[socks]')"
        ) from None
    with client:
        yield client


def unknown_shape(error: Exception) -> ApiError:
    """Return the error for an answer that is not as documented."""
    return ApiError(f"Cloudflare's API answered in an unknown shape ({type(error).__name__})")


def get(client: Client, path: str) -> Mapping[str, Any]:
    """Return an answer's result, which is an object for all that is asked here.

    Raises AbsentError for what does not exist, ApiError for every other answer.
    """
    try:
        response = client.get(path)
        answer = response.json()
    except httpx.HTTPError as error:
        raise ApiError(f"Cloudflare's API cannot be reached ({type(error).__name__}): {_place(client)}") from None
    except (ValueError, RecursionError):
        raise ApiError(f"Cloudflare's API answered {response.status_code} without JSON: {_place(client)}") from None
    if not isinstance(answer, dict):
        raise unknown_shape(TypeError())
    if answer.get("success") is True:
        result = answer.get("result")
        if isinstance(result, dict):
            return result
        raise unknown_shape(KeyError())
    codes = _codes(answer.get("errors"))
    if _ABSENT.intersection(codes):
        raise AbsentError
    advice = ": is CLOUDFLARE_API_TOKEN right for this account?" if response.status_code in {400, 401, 403} else ""
    raise ApiError(f"Cloudflare's API refused with {response.status_code} {codes}{advice}")


def _codes(errors: object) -> list[int]:
    """Return the codes of an error answer, as many as it has: what stands before the API answers in other shapes."""
    found = [error.get("code") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return [code for code in found if isinstance(code, int)]


def _place(client: Client) -> str:
    return f"{client.base_url.scheme}://{client.base_url.netloc.decode()}"
