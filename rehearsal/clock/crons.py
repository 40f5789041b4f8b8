"""Fires the crons of the deployed workers as the time of the rehearsal passes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from contract.cron.times import CronTimes
from rehearsal.clock import Clock
from rehearsal.cloudflare.account import Account
from rehearsal.edge import Edge

POLL_SECONDS = 1.0
SETTLE_SECONDS = 300.0  # until a move no longer waits for the consumers of queues
MAX_DELAY_STOPS = 20  # of one move, for messages that are delivered after a delay
MAX_STOPS = 40  # of one move
DAY = timedelta(days=1)
MAX_MOVE = timedelta(days=366)

_Cron = tuple[str, str]  # the worker's name and its cron


class Crons:
    """The crons of an account. Each fires once for all its times that became due since it fired last.

    Cloudflare fires each time, also when the run before has not ended.
    """

    def __init__(self, *, account: Account, edge: Edge, clock: Clock) -> None:
        self._account = account
        self._edge = edge
        self._clock = clock
        self._fired_until = clock.now()
        self._firing = asyncio.Lock()

    async def run(self) -> None:
        """Fire the crons at their times, for ever."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            async with self._firing:
                await self._fire_due(self._clock.now())

    async def advance(self, moment: datetime, *, with_crons: bool) -> list[str]:
        """Move the clock, stop at the last due time of each cron and day on the way, and return what fired as lines.

        A longer way than 40 days has 40 stops. At each stop it waits until the consumers of queues have ended. Delayed
        messages on the way are stops too. Raises ValueError for a moment that has passed, or is too far.
        """
        async with self._firing:
            self._clock.check(moment)
            if moment - self._clock.now() > MAX_MOVE:
                raise ValueError(f"expected at most {MAX_MOVE.days} days at once")
            began = self._fired_until
            due = {cron: list(self._list_due(cron, moment)) for cron in self._list_crons()} if with_crons else {}
            fired = 0
            delays = MAX_DELAY_STOPS
            for stop in _choose_stops(due, began, moment):
                delays = await self._move(stop, delays)
                fired += await self._fire_due(stop)
                await self._account.broker.settle(SETTLE_SECONDS)
            await self._move(moment, delays)
            self._fired_until = moment
        return _describe(due, fired)

    def forget(self) -> None:
        """Begin again at the present time of the clock."""
        self._fired_until = self._clock.now()

    async def _move(self, moment: datetime, delays: int) -> int:
        """Move the clock, and stop at most ``delays`` times where a message is due. Return the stops that are left."""
        broker = self._account.broker
        while delays > 0 and (due := broker.find_next_due()) is not None and self._clock.now() < due < moment:
            await self._jump(due)
            delays -= 1
        await self._jump(moment)
        return delays

    async def _jump(self, moment: datetime) -> None:
        if moment > self._clock.now():
            self._clock.move_to(moment)
            await self._edge.follow_clock()
            self._account.broker.wake()
            await self._account.broker.settle(SETTLE_SECONDS)

    def _list_crons(self) -> list[_Cron]:
        workers = self._account.workers.values()
        return [(worker.name, schedule.cron) for worker in workers for schedule in worker.schedules]

    def _list_due(self, cron: _Cron, moment: datetime) -> Iterator[datetime]:
        """Yield the times of a cron since the last firing."""
        times = CronTimes.parse(" ".join(cron[1].split())).iterate_after(self._fired_until)
        return itertools.takewhile(lambda each: each <= moment, times)

    async def _fire_due(self, moment: datetime) -> int:
        """Fire each cron that became due, once, with its last time. Return the number of crons that fired."""
        fired = 0
        for name, cron in self._list_crons():
            times = list(self._list_due((name, cron), moment))
            if times:
                await self._fire(name, cron, times[-1])
                fired += 1
        self._fired_until = moment
        return fired

    async def _fire(self, name: str, cron: str, time: datetime) -> None:
        try:
            await self._edge.fire_cron(name, cron, time)
        except LookupError:  # the worker was removed meanwhile
            return


def _choose_stops(due: Mapping[_Cron, list[datetime]], began: datetime, moment: datetime) -> list[datetime]:
    """Return the last due time of each part of the way, oldest first. A part is one day, or longer."""
    length = max(DAY, (moment - began) / MAX_STOPS)
    last: dict[int, datetime] = {}
    for time in sorted(itertools.chain.from_iterable(due.values())):
        last[-((began - time) // length)] = time
    return list(last.values())


def _describe(due: Mapping[_Cron, list[datetime]], fired: int) -> list[str]:
    """Return one line for the crons that became due, and their number of firings."""
    times = sum(map(len, due.values()))
    if not times:
        return []
    return [f"crons became due {_count(times)}, and fired {_count(fired)}: once for all due times of a day"]


def _count(times: int) -> str:
    return f"{times:,} time{'' if times == 1 else 's'}"
