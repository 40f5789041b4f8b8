"""One fault injection point in front of an aiohttp server, and one proxy in front of any server."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from aiohttp import web

from rehearsal.network_faults import FaultInjectionPoint, FaultProxy, NetworkFault, NetworkFaultKind

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loading certificates takes longer than a test here
Scenario = Callable[[FaultInjectionPoint, httpx.AsyncClient], Awaitable[Any]]


@pytest.mark.parametrize(
    ("fault", "affected"),
    [
        (None, "......"),
        (NetworkFault(kind=NetworkFaultKind.RESET), "xxxxxx"),
        (NetworkFault(kind=NetworkFaultKind.RESET, every=3), "x..x.."),
        (NetworkFault(kind=NetworkFaultKind.STATUS, times=2), "xx...."),
        (NetworkFault(kind=NetworkFaultKind.DELAY, every=2, times=2, seconds=0.1), "x.x..."),
    ],
)
def test_the_first_request_is_affected_and_then_every_nth(fault, affected):
    point = FaultInjectionPoint()
    point.fault = fault
    assert "".join("x" if point.take() else "." for _ in range(6)) == affected
    assert point.affected == affected.count("x")


def test_a_new_fault_counts_from_its_own_beginning():
    point = FaultInjectionPoint()
    point.fault = NetworkFault(kind=NetworkFaultKind.RESET, times=1)
    assert point.take()
    assert not point.take()
    assert point.affected == 1
    point.fault = NetworkFault(kind=NetworkFaultKind.RESET, times=1)
    assert point.affected == 0
    assert point.take()


def run(scenario: Scenario, *, proxied: bool) -> Any:
    """Run a scenario against a server with the injection point inside it, or behind a proxy with the point."""
    proxy = FaultProxy()
    point = proxy.point

    async def serve(request: web.Request) -> web.StreamResponse:
        if not proxied and (injected := await point.inject(request)) is not None:
            return injected
        body = (await request.read()).decode()
        return web.json_response(
            {"method": request.method, "path": request.raw_path, "host": request.host, "body": body}
        )

    async def go() -> Any:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        if proxied:
            origin, url = url, await proxy.start()
            proxy.forward_to(origin)
        async with httpx.AsyncClient(base_url=url, verify=NO_TLS, trust_env=False) as client:
            try:
                return await scenario(point, client)
            finally:
                await proxy.stop()
                await runner.cleanup()

    return asyncio.run(go())


both_places = pytest.mark.parametrize("proxied", [False, True])


@both_places
def test_without_a_fault_the_system_answers(proxied):
    async def scenario(point, client):
        answer = await client.put("/a%2Fb?q=%20", content=b"body", headers={"Host": "worker.example.com"})
        return answer.status_code, answer.json()

    assert run(scenario, proxied=proxied) == (
        200,
        {"method": "PUT", "path": "/a%2Fb?q=%20", "host": "worker.example.com", "body": "body"},
    )


@both_places
def test_a_status_is_a_proxys_page_with_retry_after(proxied):
    async def scenario(point, client):
        point.fault = NetworkFault(kind=NetworkFaultKind.STATUS, status=429, retry_after=7)
        limited = await client.get("/")
        point.fault = NetworkFault(kind=NetworkFaultKind.STATUS)
        return limited, await client.get("/")

    limited, down = run(scenario, proxied=proxied)
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "7")
    assert (down.status_code, "Retry-After" in down.headers) == (502, False)
    assert "502 Bad Gateway" in down.text
    assert down.headers["Content-Type"].startswith("text/html")


@both_places
def test_a_reset_and_a_truncation_break_the_connection(proxied):
    async def scenario(point, client):
        point.fault = NetworkFault(kind=NetworkFaultKind.RESET)
        with pytest.raises(httpx.ReadError):
            await client.get("/")
        point.fault = NetworkFault(kind=NetworkFaultKind.TRUNCATED)
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete message body"):
            await client.get("/")
        point.fault = None
        return (await client.get("/")).status_code

    assert run(scenario, proxied=proxied) == 200


@both_places
def test_a_delay_is_the_systems_own_answer_and_later(proxied):
    async def scenario(point, client):
        point.fault = NetworkFault(kind=NetworkFaultKind.DELAY, seconds=0.1)
        begun = time.perf_counter()
        answer = await client.get("/")
        return answer.json()["path"], time.perf_counter() - begun >= 0.1

    assert run(scenario, proxied=proxied) == ("/", True)


def test_a_proxy_without_a_reachable_system_resets_the_connection():
    async def scenario(point, client):
        proxy = FaultProxy()
        url = await proxy.start()
        proxy.forward_to("http://127.0.0.1:9")
        with pytest.raises(httpx.ReadError):
            await client.get(url)
        await proxy.stop()
        await proxy.stop()

    run(scenario, proxied=False)
