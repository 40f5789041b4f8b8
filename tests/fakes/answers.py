"""HTTP answers of the fakes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx


def response(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """Return an answer of these bytes that is not read yet, as the network delivers it."""
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def answer(status: int, body: Any = None, **headers: str) -> httpx.Response:
    """Return an answer of JSON, or without a body."""
    encoded = b"" if body is None else json.dumps(body).encode()
    return response(status, encoded, headers or None)


def envelope(result: Any, **info: Any) -> httpx.Response:
    """Return a result in the form of Cloudflare's API. ``info`` is its ``result_info``."""
    return answer(200, {"success": True, "errors": [], "messages": [], "result": result, "result_info": info})


def refusal(status: int, code: int, message: str = "refused") -> httpx.Response:
    """Return a refusal in the form of Cloudflare's API."""
    return answer(status, {"success": False, "errors": [{"code": code, "message": message}], "result": None})


def worker_error(status: int, code: str, message: str = "made up") -> httpx.Response:
    """Return an error in the form of our workers."""
    return answer(status, {"status": "error", "error": {"code": code, "message": message}})


def fresh(reply: httpx.Response) -> httpx.Response:
    """Return the same answer, not read yet, so that one answer of a test serves many requests."""
    return httpx.Response(reply.status_code, headers=reply.headers, stream=reply.stream)
