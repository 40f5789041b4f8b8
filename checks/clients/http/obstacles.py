"""Recognises answers that come from something in front of a system, and not from the system itself.

Source: the section about answers in front of a worker in docs/reference/cloudflare-api.md.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from cloudflare_client.http_answer import HttpAnswer

MAX_PAGE_BYTES = 64 * 2**10  # of an error page. A larger body is not one
ACCESS_HOST, ACCESS_PATH = ".cloudflareaccess.com", "/cdn-cgi/access/"
BLOCKED_CODES = {
    1005: "the network of this machine is blocked",
    1006: "the address of this machine is blocked",
    1007: "the address of this machine is blocked",
    1008: "the address of this machine is blocked",
    1009: "the country of this machine is blocked",
    1010: "the signature of this client is blocked",
    1012: "the address of this machine is blocked",
    1020: "a firewall rule blocks this request",
    1106: "the address of this machine is blocked",
}
BLOCK_PAGES = {"Attention Required!": "a block page of Cloudflare", "Just a moment...": "a bot challenge of Cloudflare"}
_CODE = re.compile(r"\A\s*error code: (\d{3,4})\s*\Z|cf-error-code\W{1,3}(\d{4})\b|<title>[^<]{0,200}\bError (\d{4})\b")


def find_obstacle(answer: HttpAnswer) -> str:
    """Return the description of an obstacle between the checker and a system, or an empty text."""
    if answer.status < 300:
        return ""
    if answer.status < 400:
        return _find_sign_in(answer)
    if answer.status in (407, 511):
        return f"{answer.status}: a proxy or network asks for a sign-in"
    mitigated = answer.headers.get("cf-mitigated", "")[:20]
    if mitigated:
        return f"{answer.status} with cf-mitigated: {mitigated}, a bot challenge of Cloudflare"
    if answer.headers.get("www-authenticate", "").startswith("Cloudflare-Access"):
        return f"{answer.status}: Cloudflare Access asks for a sign-in"
    code = read_edge_code(answer)
    if code in BLOCKED_CODES:
        return f"{answer.status} error code: {code}, {BLOCKED_CODES[code]} in front of the system"
    if answer.status in (403, 503) and answer.json is None:
        page = answer.body[:MAX_PAGE_BYTES].decode("utf-8", "replace")
        found = (name for title, name in BLOCK_PAGES.items() if title in page)
        name = next(found, "")
        return f"{answer.status}: {name}" if name else ""
    return ""


def read_edge_code(answer: HttpAnswer) -> int:
    """Return Cloudflare's own error code of an answer that comes from its edge, 0 without one."""
    if answer.status < 400 or len(answer.body) > MAX_PAGE_BYTES:
        return 0
    body = answer.json
    if body is not None:
        code = body.get("error_code") if body.get("cloudflare_error") is True else None
        return code if type(code) is int else 0
    found = _CODE.search(answer.body.decode("utf-8", "replace"))
    return int(found[1] or found[2] or found[3]) if found else 0


def _find_sign_in(answer: HttpAnswer) -> str:
    try:
        target = urlsplit(answer.headers.get("location", ""))
    except ValueError:
        return ""
    if (target.hostname or "").endswith(ACCESS_HOST) or target.path.startswith(ACCESS_PATH):
        return f"{answer.status}: a redirect to the sign-in of Cloudflare Access"
    return ""
