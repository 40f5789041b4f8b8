"""A reproducible source with any number of samples."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from rehearsal.ace.samples import EPOCH, Sample

ODD_VALUES = ("", " ", "0x10", "-12.5", "-0", "1e3", "-2.5E-07", "1e999", "NaN", "Infinity", "true", "active", "null",
              "007", "+5", ".5", "5.", "1_000", "1,5", "٣", "1.6100000143051147", 'a "quoted" \\ value')  # fmt: skip
_MASK = 2**64 - 1


class Volume:
    """``count`` points of a site with one sample per interval. Seed, point and time determine each value.

    ``odd_every``: about one value in ``odd_every`` is one of ODD_VALUES (0: none, and every value is like 72.5).
    ``microseconds``: samples are up to one second after their tick, three in four of them with a fraction.
    """

    def __init__(
        self, *, site: str, count: int, interval: timedelta = timedelta(minutes=5), seed: int = 0, odd_every: int = 0,
        microseconds: bool = False,
    ) -> None:  # fmt: skip
        if interval < timedelta(seconds=1):
            raise ValueError("expected an interval of at least one second")
        self.points: Sequence[str] = tuple(f"ses/{site}/volume/VAV-{number:06}.DaTemp" for number in range(count))
        self._interval = interval
        self._seed = seed
        self._odd_every = odd_every
        self._microseconds = microseconds

    def samples(self, start: datetime, end: datetime) -> list[Sample]:
        """Return the samples with start <= time < end (naive UTC), sorted by time, then by name."""
        samples: list[Sample] = []
        tick = (start - EPOCH) // self._interval  # its samples may be before or after the start
        while (time := EPOCH + tick * self._interval) < end:
            samples += self._make_tick(tick, time)
            tick += 1
        return [sample for sample in samples if start <= sample.time < end]

    def _make_tick(self, tick: int, time: datetime) -> list[Sample]:
        base = _mix(_mix(self._seed) ^ tick)
        samples: list[Sample] = []
        for number, name in enumerate(self.points):
            mixed = _mix(base + number)
            odd = self._odd_every and (mixed >> 8) % self._odd_every == 0
            value = ODD_VALUES[(mixed >> 40) % len(ODD_VALUES)] if odd else f"{60 + mixed % 25}.{mixed // 25 % 10}"
            samples.append(Sample(name, value, time + _make_fraction(mixed) if self._microseconds else time))
        return sorted(samples, key=_get_order) if self._microseconds else samples


def _make_fraction(mixed: int) -> timedelta:
    return timedelta(microseconds=(mixed >> 20) % 1_000_000 if mixed % 4 else 0)


def _get_order(sample: Sample) -> tuple[datetime, str]:
    return sample.time, sample.name


def _mix(number: int) -> int:
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
