"""Moves the clock of a running rehearsal from another terminal: the server in ``serve``, and the request to it."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from aiohttp import web

from rehearsal.clock import file as clock_file

if TYPE_CHECKING:
    from rehearsal.local_system import LocalSystem


@asynccontextmanager
async def serve_control(local: LocalSystem) -> AsyncIterator[str]:
    """Serve the control on a free loopback port, and yield its URL, which holds a random token."""

    async def show(_request: web.Request) -> web.Response:
        return _answer(local, [])

    async def move(request: web.Request) -> web.Response:
        asked = await request.json()
        try:
            to = datetime.fromisoformat(asked["to"]) if "to" in asked else None
            by = timedelta(seconds=asked["by"]) if to is None else to - local.clock.now()
            return _answer(local, await local.move_clock(by, with_crons=asked["with_crons"]))
        except (ValueError, OverflowError) as error:
            return web.json_response({"error": str(error)}, status=400)

    path = f"/{secrets.token_urlsafe(16)}"
    app = web.Application()
    app.add_routes([web.get(path, show), web.post(path, move)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
    finally:
        await runner.cleanup()


def _answer(local: LocalSystem, lines: list[str]) -> web.Response:
    return web.json_response({"now": f"{local.clock.now():%Y-%m-%d %H:%M:%S} UTC", "lines": lines})


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """Read ``+90s``, ``+30m``, ``+6h`` or ``+1d``. Raises ClockError for another text."""
    found = re.fullmatch(r"\+?(\d{1,6})([smhd])", text)
    if found is None:
        raise clock_file.ClockError(f"expected a duration such as +30m, +6h or +1d, found {text!r}")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def parse_time(text: str) -> datetime:
    """Read a time in ISO 8601, UTC if it has no offset. Raises ClockError for another text."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise clock_file.ClockError(f"expected a time such as 2026-12-01T06:30, found {text!r}") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def move_clock(environment: Mapping[str, str], *, by: str | None, to: str | None, with_crons: bool) -> dict[str, Any]:
    """Move the clock of the running rehearsal, or only ask for its time. Return its time and what fired.

    Raises ClockError in one line without a running rehearsal, and for a time that it refuses.
    """
    url = clock_file.read_control(environment)
    sent: dict[str, Any] = {"with_crons": with_crons}
    if to is not None:
        sent["to"] = parse_time(to).isoformat()
    elif by is not None:
        sent["by"] = parse_duration(by).total_seconds()
    try:
        with httpx.Client(trust_env=False, timeout=None) as client:  # noqa: S113 - a cron may run for minutes
            answer = client.post(url, json=sent) if len(sent) > 1 else client.get(url)
    except httpx.TransportError:
        raise clock_file.ClockError("the rehearsal has ended. Run: python -m rehearsal serve") from None
    body: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise clock_file.ClockError(body["error"])
    return body
