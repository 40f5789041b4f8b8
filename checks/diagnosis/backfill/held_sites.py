"""The sites of which the planner sends no day but a probe, because ACE refuses them or does not answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from contract.control_objects import Failure

if TYPE_CHECKING:
    from contract.schedule import SiteDay

OF_ALL_SITES = ("upstream_auth", "upstream_unavailable")  # ACE refuses the key, or does not answer
OF_SITE = ("upstream_rejected", "upstream_unavailable")
PROBED = timedelta(hours=2)  # since the last failed probe, which the planner repeats each hour at the latest
MAX_LATE = timedelta(days=1)  # of the next attempt of a refused site


def find_held_sites(
    sites: Collection[str], failures: Iterable[Failure], stored: Mapping[SiteDay, datetime], now: datetime
) -> frozenset[str]:
    """Return the held sites. ``stored`` has the upload time of each stored day.

    The newest failure of a site holds all its days, until a day is stored. The newest failure of all sites holds every
    site. A planner that does not try again holds nothing.
    """
    newest: dict[str, Failure] = {}
    for failure in sorted(failures, key=lambda failure: failure.last_at):
        newest[failure.site] = failure
    if not newest:
        return frozenset()
    last: dict[str, datetime] = {}
    for place, uploaded in stored.items():
        last[place.site] = max(uploaded, last.get(place.site, uploaded))
    of_all = max(newest.values(), key=lambda failure: failure.last_at)
    is_out = of_all.code in OF_ALL_SITES and now - of_all.last_at < PROBED
    if is_out and of_all.last_at >= max(last.values(), default=of_all.last_at):
        return frozenset(sites)
    return frozenset(
        site
        for site, failure in newest.items()
        if failure.code in OF_SITE
        and failure.last_at >= last.get(site, failure.last_at)
        and now < failure.next_at + MAX_LATE
    )
