"""The ways in which the local ACE can fail on request."""

from __future__ import annotations

import socket
import struct
from enum import StrEnum

from aiohttp import web

_PROXY_PAGE = "<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>\n"


class AceFault(StrEnum):
    """One way to fail; set it as ``LocalAce.fault`` while the server runs, None ends it."""

    DOWN = "down"  # 503 with an HTML body, as a proxy in front of a dead server says it
    HTML = "html"  # 200 with an HTML body, as a login or maintenance page
    RESET = "reset"  # the connection is reset (TCP RST) without an answer
    RATE_LIMITED = "rate-limited"  # 429 with Retry-After in seconds
    SLOW = "slow"  # the right answer, after LocalAce.slow_seconds
    EXPIRED = "expired"  # the right key is answered as an expired token: 401
    WRONG_SHAPE = "wrong-shape"  # the rows lie under `data` and not under `point_samples`
    STALL = "stall"  # whatever the cursor, the first page again, with more to come and one and the same next cursor
    TRUNCATED = "truncated"  # the body ends in the middle of what Content-Length announced


def outage(fault: AceFault | None, *, retry_after: int) -> web.Response | None:
    """Return what stands in for the whole server (before any look at key or path), or None."""
    match fault:
        case AceFault.DOWN:
            page = _PROXY_PAGE.format(title="503 Service Temporarily Unavailable")
            return web.Response(status=503, text=page, content_type="text/html")
        case AceFault.HTML:
            return web.Response(text=_PROXY_PAGE.format(title="Flightdeck is being updated"), content_type="text/html")
        case AceFault.RATE_LIMITED:
            headers = {"Retry-After": str(retry_after)}
            return web.json_response({"message": "Too many requests."}, status=429, headers=headers)
        case _:
            return None


def reset(request: web.Request) -> None:
    """Reset the request's connection: the client reads ECONNRESET, not an orderly end."""
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no linger: close sends RST
        request.transport.abort()


async def truncate(request: web.Request, body: bytes) -> web.StreamResponse:
    """Announce the whole body, send its first half, and end the connection in order."""
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    answer.content_length = len(body)
    answer.force_close()
    await answer.prepare(request)
    await answer.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()  # sends what is buffered, then ends
    return answer
