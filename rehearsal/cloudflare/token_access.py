"""The access of the API token: a fault may restrict it, as a token with fewer permissions or an expired one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rehearsal.cloudflare.responses import RefusalError

SCRIPTS, TAIL, R2, QUEUES = "Workers Scripts", "Workers Tail", "Workers R2 Storage", "Queues"
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
_PRODUCTS = (
    (re.compile(r"/workers/scripts/[^/]+/tails"), TAIL),
    (re.compile(r"/r2/"), R2),
    (re.compile(r"/accounts/[0-9a-f]+/queues(/|$)"), QUEUES),
    (re.compile(r"/workers/"), SCRIPTS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAccess:
    """The permissions that the token lacks, whether it is expired, and the products that the account lacks.

    ``subdomain`` is the account's name under workers.dev, None where the account has none.
    """

    lacks: frozenset[str] = frozenset()
    expired: bool = False
    has_r2: bool = True
    subdomain: str | None = "rehearsal"

    def authorise(self, path: str) -> None:
        """Raise RefusalError for a request that the token may not make, or of a product that the account lacks."""
        if self.expired:
            raise RefusalError(403, 9109, "Invalid access token")
        needed = next((name for pattern, name in _PRODUCTS if pattern.search(path)), None)
        if needed in self.lacks:
            raise RefusalError(403, 10000, "Authentication error")
        if needed == R2 and not self.has_r2:
            raise RefusalError(403, 10042, "Please enable R2 through the Cloudflare Dashboard.")


def require_header_form(scheme: str, token: str) -> None:
    """Raise RefusalError 6003 for an Authorization header that is not a bearer token."""
    if scheme.lower() != "bearer" or not _TOKEN.fullmatch(token):
        cause: dict[str, Any] = {"code": 6111, "message": "Invalid format for Authorization header"}
        raise RefusalError(400, 6003, "Invalid request headers", chain=(cause,))
