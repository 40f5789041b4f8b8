"""Explains a refusal of the API: the permission that the request needs, or the other reason, and what to do.

Source: Cloudflare's API documentation (accepted permissions of each request) and its error codes.
"""

from __future__ import annotations

import re
from collections.abc import Collection

TOKEN = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of a variable, not its value
SCRIPTS, TAIL, R2 = "Workers Scripts: Read", "Workers Tail: Read", "Workers R2 Storage: Read"
QUEUES = "Queues: Read"
R2_DISABLED, NO_SUBDOMAIN = 10042, 10063
MALFORMED = frozenset({6003, 6111})  # the Authorization header
UNUSABLE = frozenset({1000, 9109})  # the token
UNAUTHORISED = frozenset({9106, 10000, 10001})

_PERMISSIONS = (  # the first pattern that the path matches. A new product is a new row
    (re.compile(r"/workers/scripts/[^/]+/tails"), TAIL),
    (re.compile(r"/r2/"), R2),
    (re.compile(r"/accounts/[^/]+/queues(/|\?|$)"), QUEUES),
    (re.compile(r"/workers/"), SCRIPTS),
)


def find_permission(path: str) -> str | None:
    """Return the permission that a read of this path or URL needs, None where any valid token may read it."""
    return next((name for pattern, name in _PERMISSIONS if pattern.search(path)), None)


def is_unauthorised(status: int, codes: Collection[int]) -> bool:
    """Return whether the token is the reason of a refusal."""
    token = MALFORMED | UNUSABLE | UNAUTHORISED
    return R2_DISABLED not in codes and (status in (401, 403) or bool(token & set(codes)))


def describe_expected(path: str, status: int, codes: Collection[int], messages: Collection[str]) -> str | None:
    """Return the token or the state of the account that the request needs, None where the refusal does not tell."""
    if R2_DISABLED in codes:
        return "R2 enabled on the account (in the dashboard: R2, Overview)"
    if is_missing_subdomain(path, codes):
        return "a workers.dev subdomain of the account (in the dashboard: Workers & Pages)"
    if MALFORMED & set(codes):
        return f"a {TOKEN} without quotes, white space and the word Bearer"
    permission = find_permission(path)
    lacks = any("unauthorized" in message.lower() for message in messages)  # 9109 has two meanings
    if UNUSABLE & set(codes) and not (lacks and permission):
        return f"a {TOKEN} that is not expired or revoked, and is allowed from this address"
    if is_unauthorised(status, codes):
        return f"a {TOKEN} with the permission {permission}" if permission else f"a valid {TOKEN}"
    return None


def is_missing_subdomain(path: str, codes: Collection[int]) -> bool:
    """Return whether the account has no workers.dev subdomain. The API has two codes for it."""
    return NO_SUBDOMAIN in codes or (path.endswith("/workers/subdomain") and 10007 in codes)
