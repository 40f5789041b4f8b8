"""Chooses the stored days that the check `query` asks for, by the calendar alone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

MAX_DISTANCE = timedelta(days=30)  # between two days of one query


def choose_site(sites: Sequence[str], now: datetime) -> str:
    """Return one of the sites, of which there is at least one. As many days in a row choose all of them."""
    return sites[now.toordinal() % len(sites)]


def choose_days(stored: Mapping[date, StoredObject], now: datetime, sites: int = 1) -> tuple[date, ...]:
    """Return two stored days with none between them, others at each turn, or one day where no two are close enough.

    Every second turn the two days have different formats, if any two have. ``stored`` has at least one day. ``sites``
    is the number of sites that take turns, one a day.
    """
    turn, days = now.toordinal() // sites, sorted(stored)
    pairs = [pair for pair in itertools.pairwise(days) if pair[1] - pair[0] <= MAX_DISTANCE]
    mixed = [(one, other) for one, other in pairs if _get_format(stored[one]) != _get_format(stored[other])]
    if mixed:
        turn, is_other = divmod(turn, 2)
        pairs = pairs if is_other else mixed
    return pairs[turn % len(pairs)] if pairs else (days[turn % len(days)],)


def _get_format(item: StoredObject) -> str:
    return item.metadata.get("format", "1")
