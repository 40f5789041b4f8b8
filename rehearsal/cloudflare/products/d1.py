"""D1 databases: created, listed and deleted. Their rows are at the edge, which makes a database of any bound id."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict

from aiohttp import web

from rehearsal.cloudflare.account import Account, read_json_object
from rehearsal.cloudflare.responses import RefusalError, respond
from rehearsal.cloudflare.state import Database

PATH = "d1/database"


def make_routes(account: Account) -> Iterable[web.RouteDef]:
    """Return the routes of the account's databases."""
    return [
        account.make_route("GET", PATH, list_all),
        account.make_route("POST", PATH, create),
        account.make_route("GET", PATH + "/{database}", show),
        account.make_route("DELETE", PATH + "/{database}", delete),
    ]


async def list_all(account: Account, request: web.Request) -> web.Response:
    """List the databases whose names contain ``name``."""
    wanted = request.query.get("name", "")
    found = [asdict(item) for item in account.databases.values() if wanted in item.name]
    return respond(found, info={"page": 1, "per_page": 100, "count": len(found), "total_count": len(found)})


async def create(account: Account, request: web.Request) -> web.Response:
    """Create a database. Raises RefusalError 7502 if one has the name."""
    name = (await read_json_object(request)).get("name")
    if not isinstance(name, str) or not name:
        raise RefusalError(400, 7400, "The name of the database is not valid.")
    if any(item.name == name for item in account.databases.values()):
        raise RefusalError(400, 7502, f"database with name '{name}' already exists")
    database = Database(uuid=str(uuid.uuid4()), name=name, version="production", created_at=account.format_now())
    account.databases[database.uuid] = database
    return respond(asdict(database))


async def show(account: Account, request: web.Request) -> web.Response:
    """Show a database."""
    return respond(asdict(_find(account, request)))


async def delete(account: Account, request: web.Request) -> web.Response:
    """Delete a database. Workers that bind it keep their binding."""
    del account.databases[_find(account, request).uuid]
    return respond(None)


def _find(account: Account, request: web.Request) -> Database:
    found = account.databases.get(request.match_info["database"])
    if found is None:
        raise RefusalError(404, 7404, "The database could not be found.")
    return found
