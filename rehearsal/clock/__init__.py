"""The time of a rehearsal, which can be moved ahead, so that a day passes in a second."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from aiohttp import hdrs, web


def read_utc_clock() -> datetime:
    """Return the real time."""
    return datetime.now(UTC)


class Clock:
    """The real time and an offset. ``moves`` are the real times from which on an offset holds, oldest first."""

    def __init__(self, real: Callable[[], datetime] = read_utc_clock) -> None:
        self.moves: tuple[tuple[datetime, timedelta], ...] = ()
        self._real = real

    @property
    def offset(self) -> timedelta:
        """Return the present difference from the real time."""
        return self.moves[-1][1] if self.moves else timedelta()

    def now(self) -> datetime:
        """Return the time of the rehearsal."""
        return self._real() + self.offset

    def shift(self, real: datetime) -> datetime:
        """Return the time that the rehearsal had at a real time."""
        offsets = [offset for since, offset in self.moves if since <= real]
        return real + (offsets[-1] if offsets else timedelta())

    def move_to(self, moment: datetime) -> None:
        """Let the time be ``moment`` now. Raises ValueError for a time that has passed, because time only passes."""
        self.check(moment)
        real = self._real()
        self.moves = (*self.moves, (real, moment - real))

    def check(self, moment: datetime) -> None:
        """Raise ValueError for a time that has passed."""
        now = self.now()
        if moment < now:
            raise ValueError(f"{moment:%Y-%m-%d %H:%M:%S} UTC has passed: it is {now:%Y-%m-%d %H:%M:%S} UTC")

    async def date_response(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Give a response of a server the rehearsal's time, for ``on_response_prepare``."""
        response.headers[hdrs.DATE] = format_datetime(self.now(), usegmt=True)

    def reset(self) -> None:
        """Return to the real time, for a restored system. The objects keep the times of their upload."""
        if self.offset:
            self.moves = (*self.moves, (self._real(), timedelta()))
