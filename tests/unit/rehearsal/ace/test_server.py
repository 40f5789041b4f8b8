"""The local ACE records requests, shows no key, and listens on this machine only."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import httpx
import pytest

from rehearsal.ace import AceFault, LocalAce, RecordedRequest
from rehearsal.network_faults import NetworkFault, NetworkFaultKind
from tests.fakes.volume import Volume
from tests.unit.rehearsal.ace.local_ace import KEY, PATH, SITE, WINDOW, run


def test_requests_are_recorded_with_the_status_that_they_got() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[RecordedRequest]:
        await client.get(PATH, params=WINDOW)
        await client.get("/nowhere", params={"token": KEY})
        ace.network.fault = NetworkFault(kind=NetworkFaultKind.RESET)
        with pytest.raises(httpx.ReadError):
            await client.get(PATH)
        return ace.requests

    assert run(scenario) == [
        RecordedRequest(method="GET", path=PATH, query=WINDOW, status=200),
        RecordedRequest(method="GET", path="/nowhere", query={"token": "…"}, status=404),
        RecordedRequest(method="GET", path=PATH, query={}, status=None),
    ]


def test_the_key_is_in_no_repr_log_record_or_attribute(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> str:
        for fault, network in [
            (None, None),
            *((each, None) for each in AceFault),
            *((None, each) for each in NetworkFaultKind),
        ]:
            ace.fault, ace.network.fault = fault, NetworkFault(kind=network) if network else None
            with contextlib.suppress(httpx.TransportError):
                await client.get(PATH, params=WINDOW)
        return f"{ace!r} {ace.requests!r} {vars(ace)!r}"

    shown = run(scenario)
    assert KEY not in shown
    assert "Bearer" not in shown
    assert "2024-12-10" in shown
    assert not [record for record in caplog.records if KEY in record.getMessage() and record.name.startswith("aiohttp")]
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_it_listens_on_loopback_only_and_has_no_url_when_stopped() -> None:
    async def run() -> str:
        ace = LocalAce(key=KEY, sites={})
        with pytest.raises(RuntimeError, match="not running"):
            _ = ace.url
        url = await ace.start()
        assert ace.url == url
        await ace.stop()
        await ace.stop()
        with pytest.raises(RuntimeError, match="not running"):
            _ = ace.url
        return url

    assert asyncio.run(run()).startswith("http://127.0.0.1:")


def test_an_empty_key_is_refused() -> None:
    with pytest.raises(ValueError, match="not empty"):
        LocalAce(key="", sites={})


@pytest.mark.untraced
def test_more_rows_than_the_largest_page_has() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> tuple[int, int]:
        cursor, pages, rows = None, 0, 0
        while True:
            params = {**WINDOW, "page_size": "100000", **({"cursor": cursor} if cursor else {})}
            body = (await client.get(PATH, params=params, timeout=20)).json()
            pages, rows, cursor = pages + 1, rows + len(body["point_samples"]), body["next_cursor"]
            if not body["has_more"]:
                return pages, rows

    assert run(scenario, source=Volume(site=SITE, count=349)) == (2, 100_512)
