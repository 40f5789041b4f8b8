"""What a request to the API meets on its way, when a rehearsal asks for trouble."""

from __future__ import annotations

import asyncio
import socket
import struct

from aiohttp import web

from rehearsal.trouble import Kind, Trouble

_PAGE = "<html><body><h1>an error of the proxy</h1></body></html>\n"


async def meet(request: web.Request, trouble: Trouble | None) -> web.StreamResponse | None:
    """Return what stands in for the answer; None when the request goes on to it."""
    if trouble is None:
        return None
    if trouble.kind is Kind.DELAY:
        await asyncio.sleep(trouble.seconds)
        return None
    if trouble.kind is Kind.STATUS:
        headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
        return web.Response(status=trouble.status, text=_PAGE, content_type="text/html", headers=headers)
    if trouble.kind is Kind.TRUNCATED:
        return await _cut(request)
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no linger: close sends RST
        request.transport.abort()
    return web.Response()


async def _cut(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": "application/json"})
    answer.content_length = 200
    answer.force_close()
    await answer.prepare(request)
    await answer.write(b'{"success":')
    if request.transport is not None:
        request.transport.close()  # sends what is buffered, then ends
    return answer
