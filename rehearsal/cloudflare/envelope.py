"""The one form of every answer: ``{"success", "errors", "messages", "result"}``, and the one error."""

from __future__ import annotations

from typing import Any

from aiohttp import web


class ApiError(Exception):
    """A refusal: HTTP status, Cloudflare's code and its message, which never holds a secret."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def ok(result: Any, *, info: dict[str, Any] | None = None) -> web.Response:
    """Answer 200 with ``result``; lists carry ``result_info``."""
    envelope: dict[str, Any] = {"success": True, "errors": [], "messages": [], "result": result}
    if info is not None:
        envelope["result_info"] = info
    return web.json_response(envelope)


def refusal(error: ApiError) -> web.Response:
    """Answer with the error; final for every client, as what failed here fails again."""
    return web.json_response(
        {
            "success": False,
            "errors": [{"code": error.code, "message": error.message}],
            "messages": [],
            "result": None,
        },
        status=error.status,
        headers={"x-should-retry": "false"},
    )
