"""Each fault of the local ACE changes exactly one behaviour."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from rehearsal.ace import AceFault, LocalAce
from rehearsal.network_faults import NetworkFault, NetworkFaultKind
from tests.fakes.volume import Volume
from tests.unit.rehearsal.ace.local_ace import PATH, QUARTER, SITE, WINDOW, Listed, ask_once, repair_cursor, run


def test_the_faults_are_known_by_name() -> None:
    assert set(AceFault) == {"expired", "wrong-shape", "stall"}


def test_expired_is_401_and_a_wrong_key_stays_500() -> None:
    assert (ask_once(fault=AceFault.EXPIRED).status_code, ask_once(fault=AceFault.EXPIRED, key="x").status_code) == (
        401,
        500,
    )


def test_wrong_shape_has_the_rows_under_data() -> None:
    body = ask_once(fault=AceFault.WRONG_SHAPE).json()
    assert (set(body), len(body["data"])) == ({"data", "next_cursor", "has_more"}, 24 * 14)


@pytest.mark.parametrize("repair", [True, False])
def test_stall_repeats_page_and_cursor_for_every_cursor(*, repair: bool) -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[Any]:
        ace.fault = AceFault.STALL
        bodies, cursor = [], None
        for _ in range(3):
            params = {**QUARTER, "page_size": "1000", **({"cursor": cursor} if cursor else {})}
            bodies.append((await client.get(PATH, params=params)).json())
            cursor = repair_cursor(bodies[-1]["point_samples"], cursor) if repair else bodies[-1]["next_cursor"]
        return bodies

    first, second, third = run(scenario, source=Volume(site=SITE, count=1_074))
    assert first == second == third
    assert first["has_more"] is True


def test_stall_of_an_empty_window_always_has_more() -> None:
    body = ask_once(fault=AceFault.STALL, source=Listed()).json()
    assert (body["point_samples"], body["has_more"]) == ([], True)


def test_a_network_fault_affects_every_request_before_ace_sees_it() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[int]:
        ace.network.fault = NetworkFault(kind=NetworkFaultKind.STATUS, status=503, times=1)
        wrong_key = {"Authorization": "Bearer undefined"}
        codes = [(await client.get(PATH, params=WINDOW, headers=wrong_key)).status_code for _ in range(2)]
        assert ace.network.affected == 1
        ace.restore()
        assert ace.network.fault is None
        return [*codes, (await client.get(PATH, params=WINDOW)).status_code]

    assert run(scenario) == [503, 500, 200]


def test_affected_requests_are_counted_until_a_restore() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> None:
        for fault in (None, AceFault.STALL, AceFault.EXPIRED):
            ace.fault = fault
            await client.get(PATH, params=WINDOW)
        assert ace.affected == 2
        ace.restore()
        assert (ace.affected, ace.fault) == (0, None)

    run(scenario)


def test_a_fault_begins_and_ends_while_it_runs() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[int]:
        codes = []
        for fault in (None, AceFault.EXPIRED, None):
            ace.fault = fault
            codes.append((await client.get(PATH, params=WINDOW)).status_code)
        return codes

    assert run(scenario) == [200, 401, 200]


def test_stopping_does_not_wait_for_slow_answers() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> float:
        ace.network.fault = NetworkFault(kind=NetworkFaultKind.DELAY, seconds=60.0)
        pending = asyncio.ensure_future(client.get(PATH, params=WINDOW))
        await asyncio.sleep(0.05)
        begin = time.perf_counter()
        await ace.stop()
        with pytest.raises(httpx.TransportError):
            await pending
        return time.perf_counter() - begin

    assert run(scenario) < 2.0
