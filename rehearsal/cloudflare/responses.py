"""The form of every response, ``{"success", "errors", "messages", "result"}``, and the error of a refused request."""

from __future__ import annotations

from typing import Any

from aiohttp import web


class RefusalError(Exception):
    """A refused request: HTTP status, Cloudflare's code, a message without secrets, and the causes if any."""

    def __init__(self, status: int, code: int, message: str, *, chain: tuple[dict[str, Any], ...] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.chain = chain


def respond(result: Any, *, info: dict[str, Any] | None = None) -> web.Response:
    """Return a 200 response with ``result``. Lists have ``result_info``."""
    envelope: dict[str, Any] = {"success": True, "errors": [], "messages": [], "result": result}
    if info is not None:
        envelope["result_info"] = info
    return web.json_response(envelope)


def respond_refusal(error: RefusalError) -> web.Response:
    """Return the response of a refusal. Clients do not retry it, because it would be refused again."""
    return web.json_response(
        {
            "success": False,
            "errors": [
                {
                    "code": error.code,
                    "message": error.message,
                    **({"error_chain": [*error.chain]} if error.chain else {}),
                }
            ],
            "messages": [],
            "result": None,
        },
        status=error.status,
        headers={"x-should-retry": "false"},
    )
