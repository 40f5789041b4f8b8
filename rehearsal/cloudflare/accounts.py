"""The account, its user and its token: what clients ask before they begin."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.api import Api
from rehearsal.cloudflare.envelope import ok
from rehearsal.cloudflare.state import AUTHOR_EMAIL, AUTHOR_ID

SUBDOMAIN = "rehearsal"


def routes(api: Api) -> Iterable[web.RouteDef]:
    """Serve the identity of the one user and the one account."""
    return [
        api.route("GET", "/user", user),
        api.route("GET", "/user/tokens/verify", token),
        api.route("GET", "/accounts", accounts),
        api.route("GET", f"/accounts/{api.account_id}", one_account),
        api.route("GET", "tokens/verify", token),
        api.route("GET", "/memberships", memberships),
        api.route("GET", "workers/subdomain", subdomain),
    ]


async def user(_api: Api, _request: web.Request) -> web.Response:
    """Show the user."""
    return ok({"id": AUTHOR_ID, "email": AUTHOR_EMAIL, "username": "rehearsal", "suspended": False})


async def token(api: Api, _request: web.Request) -> web.Response:
    """Say that the token works; another one does not come this far."""
    token_id = hashlib.sha256(api.account_id.encode()).hexdigest()[:32]
    return ok({"id": token_id, "status": "active", "not_before": None, "expires_on": None})


async def accounts(api: Api, request: web.Request) -> web.Response:
    """List the one account."""
    return _page([_account(api)], request)


async def one_account(api: Api, _request: web.Request) -> web.Response:
    """Show the account."""
    return ok(_account(api))


async def memberships(api: Api, request: web.Request) -> web.Response:
    """List the user's one membership."""
    roles = ["Super Administrator - All Privileges"]
    return _page([{"id": AUTHOR_ID, "status": "accepted", "account": _account(api), "roles": roles}], request)


async def subdomain(_api: Api, _request: web.Request) -> web.Response:
    """Show the account's workers.dev subdomain."""
    return ok({"subdomain": SUBDOMAIN})


def _account(api: Api) -> dict[str, Any]:
    return {"id": api.account_id, "name": "Rehearsal", "type": "standard", "settings": {"enforce_twofactor": False}}


def _page(items: list[Any], request: web.Request) -> web.Response:
    number = request.query.get("page", "1")
    shown = items if number == "1" else []
    return ok(shown, info={"page": int(number), "per_page": 20, "count": len(shown), "total_count": len(items)})
