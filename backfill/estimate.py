"""The requests, time, storage and cost of a backfill, before it is made. docs/scale.md has the formula."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

PAGE_SECONDS = 1.0  # of one page of ACE, where nothing was measured
DAY_SECONDS = 0.5  # of a day besides its pages: the message, the lease and the object
MAX_OUTSTANDING = 500  # days that the planner has in the queue at most
CRON_SECONDS = 300.0  # between two runs of the planner, with the default schedule
BYTES_PER_SAMPLE = 6.4  # compressed, format 2. Measured: 3.2 MB for 500,000 samples
EMPTY_BYTES = 20  # of a day without samples
CPU_MS_PER_SAMPLE = 0.002  # measured by `scripts/bench copy`: 1.0 s for 500,000 samples
CPU_MS_PER_RUN = 3.0

MONTH_SECONDS = 365 * 86400 / 12
LIST_PAGE = 1000  # objects of one list request
RUN_WRITES, RUN_READS = 2, 2  # of a planner: it writes the run log twice, and reads the run log and the plan
CONTROL_LISTS = 1  # of a planner, besides the days of each site
DAY_WRITES, DAY_READS = 4, 4  # of a day: its object, its lease, and twice the plan. Counted in docs/costs.md
MESSAGE_OPERATIONS = 3  # a message is written, read and deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price in USD for each ``unit`` beyond the amount that a month includes."""

    included: float
    unit: float
    usd: float

    def charge(self, amount: float) -> float:
        """Return the price of an amount in a month."""
        return max(0.0, amount - self.included) / self.unit * self.usd


WORKERS_PAID = 5.0  # USD a month
PRICES = {  # of the amounts of a month, by the names in Month.usage
    "class_a": Price(included=1e6, unit=1e6, usd=4.50),
    "class_b": Price(included=10e6, unit=1e6, usd=0.36),
    "queue": Price(included=1e6, unit=1e6, usd=0.40),  # operations
    "requests": Price(included=10e6, unit=1e6, usd=0.30),
    "cpu_ms": Price(included=30e6, unit=1e6, usd=0.02),
    "stored_bytes": Price(included=10e9, unit=1e9, usd=0.015),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Days to copy: ``samples`` is the mean of a day, ``page_seconds`` the time of one page of ACE."""

    days: int
    samples: float
    page_size: int
    parallelism: int
    page_seconds: float = PAGE_SECONDS
    cron_seconds: float = CRON_SECONDS

    @property
    def pages(self) -> int:
        """Return the pages of one day. A day without samples is one page."""
        return max(1, math.ceil(self.samples / self.page_size))

    @property
    def requests(self) -> int:
        """Return the least number of requests to ACE."""
        return self.days * self.pages

    @property
    def day_seconds(self) -> float:
        """Return the time of one day."""
        return self.pages * self.page_seconds + DAY_SECONDS

    @property
    def seconds(self) -> float:
        """Return the time of the backfill: of its pages, or of the planner where days are small."""
        return add_seconds([self])

    @property
    def bytes(self) -> float:
        """Return the size of the objects."""
        return self.days * max(EMPTY_BYTES, self.samples * BYTES_PER_SAMPLE)


def add_seconds(works: Sequence[Work]) -> float:
    """Return the time of the days of several sites, which are copied side by side with one parallelism."""
    days = sum(work.days for work in works)
    if not days:
        return 0.0
    copying = sum(work.days * work.day_seconds / work.parallelism for work in works)
    longest = max(work.day_seconds for work in works if work.days)
    planning = (math.ceil(days / MAX_OUTSTANDING) - 1) * works[0].cron_seconds
    return max(copying, longest, planning)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """A month after the backfill: each site gets a day a day, and ``rechecks`` says whether each is read once more.

    ``days`` are the stored days of all sites, and ``samples`` the mean of a day.
    """

    sites: int
    days: int
    stored_bytes: float
    samples: float
    cron_seconds: float = CRON_SECONDS
    rechecks: bool = True

    @property
    def copies(self) -> float:
        """Return the days that are copied or read again in the month."""
        return self.sites * (MONTH_SECONDS / 86400) * (2 if self.rechecks else 1)

    @property
    def usage(self) -> dict[str, float]:
        """Return the amounts that Cloudflare counts, by name."""
        runs = MONTH_SECONDS / self.cron_seconds
        lists = self.sites * max(1, math.ceil(self.days / max(1, self.sites) / LIST_PAGE))
        return {
            "class_a": runs * (RUN_WRITES + lists + CONTROL_LISTS) + self.copies * DAY_WRITES,
            "class_b": runs * RUN_READS + self.copies * DAY_READS,
            "queue": self.copies * MESSAGE_OPERATIONS,
            "requests": runs + self.copies,
            "cpu_ms": runs * CPU_MS_PER_RUN + self.copies * self.samples * CPU_MS_PER_SAMPLE,
            "stored_bytes": self.stored_bytes,
        }

    @property
    def charges(self) -> dict[str, float]:
        """Return the cost of each amount beyond the included one, in USD."""
        return {name: PRICES[name].charge(amount) for name, amount in self.usage.items()}

    @property
    def usd(self) -> float:
        """Return the cost of the month, the plan included."""
        return WORKERS_PAID + sum(self.charges.values())
