"""The cron dialect of Cloudflare: five fields, Sunday is 1, ranges may wrap (``22-2``), and L, W and # in days.

Source: the grammar of Cloudflare's open-source parser, saffron.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass(frozen=True, slots=True, kw_only=True)
class CronField:
    """One field: its range, names that replace numbers, and forms that must be the only item of the field."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    single: tuple[str, ...] = field(default=())

    def accepts(self, text: str) -> bool:
        """Return whether Cloudflare accepts a text as this field."""
        if text == "*" or any(self._is_single(form, text) for form in self.single):
            return True
        first, *others = text.split(",")
        return first != "*" and not first.startswith("*-") and all(map(self._is_item, (first, *others)))

    def _is_single(self, form: str, text: str) -> bool:
        found = re.fullmatch(form, text)
        return found is not None and all(map(self._is_value, found.groups()))

    def _is_item(self, item: str) -> bool:
        span, slash, step = item.partition("/")
        start, dash, end = span.partition("-")
        return (
            (start == "*" or self._is_value(start))
            and (not dash or self._is_value(end))
            and (not slash or (step.isdecimal() and 1 <= int(step) <= self.high))
        )

    def _is_value(self, text: str) -> bool:
        return self.low <= int(text) <= self.high if text.isdecimal() else text.upper() in self.names


FIELDS = (
    CronField(name="minute", low=0, high=59),
    CronField(name="hour", low=0, high=23),
    CronField(name="day of month", low=1, high=31, single=("LW?", r"L-(?:0*[1-9]|[12]\d|30)W?", r"(\d+)W")),
    CronField(name="month", low=1, high=12, names=_MONTHS),
    CronField(name="day of week", low=1, high=7, names=_DAYS, single=("L", r"(\w+)L", r"(\w+)#0*[1-5]")),
)


def find_broken_field(cron: str) -> str | None:
    """Return the name of the first field that Cloudflare refuses, None for a valid cron.

    ``"cron"`` is the answer for a text that does not have five fields of ASCII, separated by one space.
    """
    texts = cron.split(" ")
    if not cron.isascii() or not cron.isprintable() or len(texts) != len(FIELDS):
        return "cron"
    return next((field.name for field, text in zip(FIELDS, texts, strict=True) if not field.accepts(text)), None)
