"""The code of a worker's version, as the API sends it: one module as it is, or several as multipart."""

from __future__ import annotations

from email.message import Message
from email.parser import BytesParser

from cloudflare_client.errors import UnknownShapeError, refusal
from cloudflare_client.http_answer import HttpAnswer


def parse_modules(answer: HttpAnswer) -> tuple[bytes, ...]:
    """Return the modules from ``GET …/content/v2``. Raises ApiRefusedError, UnknownShapeError."""
    if answer.status != 200:
        raise refusal(answer)
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return (answer.body,)
    message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + answer.body)
    parts = message.get_payload() if message.is_multipart() else []
    modules = [part.get_payload(decode=True) for part in parts if isinstance(part, Message)]
    found = tuple(module for module in modules if isinstance(module, bytes))
    if not found:
        raise UnknownShapeError("the code has no module", answer.request)
    return found
