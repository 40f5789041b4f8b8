"""A source of measurements: the points of one site and their samples in any window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC).replace(tzinfo=None)


class Sample(NamedTuple):
    """One value of one point: the source's own text at a naive UTC time.

    A tuple, because a day has up to 500,000 samples, and frozen dataclasses take 2.4 times as long.
    """

    name: str
    value: str
    time: datetime


class SampleSource(Protocol):
    """A site's measurements. The same window always has the same samples, so that callers may keep them."""

    @property
    def points(self) -> Sequence[str]:
        """Return the full names of the site's points, sorted."""

    def samples(self, start: datetime, end: datetime) -> Sequence[Sample]:
        """Return the samples with start <= time < end (naive UTC), sorted by time, then by name."""
