"""The account, its user and its token."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from rehearsal.cloudflare.account import Account
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import AUTHOR_EMAIL, AUTHOR_ID


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of the user and the account."""
    return [
        account.make_route("GET", "/user", show_user),
        account.make_route("GET", "/user/tokens/verify", verify_token),
        account.make_route("GET", "/accounts", list_accounts),
        account.make_route("GET", f"/accounts/{account.account_id}", show_account),
        account.make_route("GET", "tokens/verify", verify_token),
        account.make_route("GET", "/memberships", list_memberships),
        account.make_route("GET", "workers/subdomain", show_subdomain),
    ]


async def show_user(_api: Account, _request: web.Request) -> web.Response:
    """Show the user."""
    return respond({"id": AUTHOR_ID, "email": AUTHOR_EMAIL, "username": "rehearsal", "suspended": False})


async def verify_token(account: Account, _request: web.Request) -> web.Response:
    """Report that the token is active. Requests with another token are refused before."""
    token_id = hashlib.sha256(account.account_id.encode()).hexdigest()[:32]
    return respond({"id": token_id, "status": "active", "not_before": None, "expires_on": None})


async def list_accounts(account: Account, request: web.Request) -> web.Response:
    """List the account."""
    return _show_page([_describe(account)], request)


async def show_account(account: Account, _request: web.Request) -> web.Response:
    """Show the account."""
    return respond(_describe(account))


async def list_memberships(account: Account, request: web.Request) -> web.Response:
    """List the user's membership."""
    roles = ["Super Administrator - All Privileges"]
    return _show_page([{"id": AUTHOR_ID, "status": "accepted", "account": _describe(account), "roles": roles}], request)


async def show_subdomain(account: Account, _request: web.Request) -> web.Response:
    """Show the account's workers.dev subdomain. Raises RefusalError 10063 where it has none."""
    if account.access.subdomain is None:
        raise RefusalError(404, 10063, "You need a workers.dev subdomain in order to proceed.")
    return respond({"subdomain": account.access.subdomain})


def _describe(account: Account) -> dict[str, Any]:
    return {"id": account.account_id, "name": "Rehearsal", "type": "standard", "settings": {"enforce_twofactor": False}}


def _show_page(items: list[Any], request: web.Request) -> web.Response:
    number = request.query.get("page", "1")
    shown = items if number == "1" else []
    return respond(shown, info={"page": int(number), "per_page": 20, "count": len(shown), "total_count": len(items)})
