import asyncio
import dataclasses

import pytest

from rehearsal.edge import EdgeError
from rehearsal.local_system import LocalSystem


class Edge:
    """An edge that ends when the test sets ``ending``."""

    def __init__(self):
        self.ending = asyncio.Event()

    async def ended(self):
        await self.ending.wait()
        raise EdgeError("the local edge has died")


def make_system(edge):
    names = {field.name for field in dataclasses.fields(LocalSystem)} - {"edge"}
    return LocalSystem(edge=edge, **dict.fromkeys(names))


def test_work_is_cancelled_in_order_when_the_edge_ends():
    stopped = []

    async def work(edge):
        try:
            edge.ending.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            stopped.append(True)

    async def go():
        edge = Edge()
        with pytest.raises(EdgeError, match="has died"):
            await make_system(edge).run_while_alive(work(edge))

    asyncio.run(go())
    assert stopped == [True]


def test_work_that_ends_before_the_edge_returns_its_code():
    async def work():
        return 1

    async def go():
        return await make_system(Edge()).run_while_alive(work())

    assert asyncio.run(go()) == 1
