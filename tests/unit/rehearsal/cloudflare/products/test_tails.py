from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import aiohttp
import pytest

PATH = "workers/scripts/page/tails"
ITEM = {
    "scriptName": None,
    "outcome": "ok",
    "logs": [{"message": ["[Backfill] done"], "level": "log", "timestamp": 1}],
    "exceptions": [],
    "event": {"request": {"method": "GET", "url": "http://127.0.0.1/", "headers": {"x-run": "seven"}}},
}


@pytest.fixture(autouse=True)
def worker(account: Any) -> None:
    account.upload()


async def heard(account: Any, url: str, *items: Any, script: str = "page", then: Any = None) -> list[Any]:
    """Return the items that a listener at ``url`` receives after these were fed to the script."""
    found = []
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, protocols=("trace-v1",), autoping=False) as socket,
    ):
        assert socket.protocol == "trace-v1"
        await socket.send_str('{"debug":false}')
        await socket.ping()
        assert (await socket.receive(5)).type is aiohttp.WSMsgType.PONG  # from now on it listens
        for item in items:
            account.trace(script, item)
        if then:
            await asyncio.to_thread(then)
        else:
            await socket.ping()  # the fed items arrive before its answer
        while (message := await socket.receive(5)).type is aiohttp.WSMsgType.TEXT:
            found.append(json.loads(message.data))
        found += [message.type] if message.type is not aiohttp.WSMsgType.PONG else []
    return found


def opened(account: Any, **body: Any) -> Any:
    return account.http.post(PATH, content=json.dumps(body)).json()["result"]


def test_a_tail_gets_the_invocations_of_its_script(account: Any) -> None:
    tail = opened(account, filters=[])
    assert re.fullmatch(r"ws://127\.0\.0\.1:\d+/tails/[0-9a-f]{32}", tail["url"])
    assert account.result(PATH) == [tail]
    assert asyncio.run(heard(account, tail["url"], ITEM, ITEM)) == [{**ITEM, "scriptName": "page"}] * 2
    assert asyncio.run(heard(account, tail["url"], ITEM, script="another")) == []


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({"outcome": ["exception", "ok"]}, 1),
        ({"outcome": ["exception"]}, 0),
        ({"method": ["GET"]}, 1),
        ({"method": ["POST"]}, 0),
        ({"query": "[Backfill]"}, 1),
        ({"query": "[ACE API]"}, 0),
        ({"header": {"key": "X-Run"}}, 1),
        ({"header": {"key": "x-run", "query": "eight"}}, 0),
        ({"sampling_rate": 1}, 1),
        ({"sampling_rate": 0}, 0),
        ({"client_ip": ["self"]}, 1),
    ],
)
def test_filters_choose(account: Any, wanted: dict[str, Any], count: int) -> None:
    assert len(asyncio.run(heard(account, opened(account, filters=[wanted])["url"], ITEM))) == count


def test_a_deleted_tail_closes_its_listeners(account: Any, code: Any) -> None:
    tail = opened(account)
    path = f"{PATH}/{tail['id']}"
    ended = asyncio.run(heard(account, tail["url"], then=lambda: account.http.delete(path)))
    assert ended == [aiohttp.WSMsgType.CLOSE]
    assert account.result(PATH) == []
    assert code(account.http.delete(path)) == (404, 10057)
    assert account.http.get(tail["url"].replace("ws://", "http://")).status_code == 404


def test_stopping_closes_every_tail(account: Any) -> None:
    def stop() -> None:
        asyncio.run_coroutine_threadsafe(account.cloudflare.stop(), account.loop).result(5)

    assert asyncio.run(heard(account, opened(account)["url"], then=stop)) == [aiohttp.WSMsgType.CLOSE]


def test_an_unknown_filter_or_script_is_refused(account: Any, code: Any) -> None:
    assert code(account.http.post(PATH, json={"filters": [{"colour": "red"}]})) == (400, 10021)
    assert code(account.http.post("workers/scripts/absent/tails", json={})) == (404, 10007)
