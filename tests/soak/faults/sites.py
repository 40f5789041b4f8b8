"""Faults of one site of several. The other sites have none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from checks.stored_days.comparison.query_days import choose_site
from tests.fakes import control_objects, days, manifest, run_log
from tests.fakes.random_system import RandomSystem
from tests.soak.fault import Apply, Fault, fault

UNKNOWN = (403, {"id": None, "name": None, "client": None})  # ACE's answer for a site that it does not know
NOT_ALLOWED = (403, {"message": "Forbidden"})
MISSHAPED = (200, {"data": [], "has_more": False})


def _choose_site(system: RandomSystem) -> str:
    """Return a site with a due day."""
    return system.random.choice(sorted({site for site, _ in system.list_due()}))


def _stop_site(system: RandomSystem) -> str:
    """No day of a site that was due in the last days is copied. The other sites are."""
    begins = system.calendar.begins
    uploaded = begins - timedelta(days=system.random.uniform(4, 20))
    open_sites = [each["name"] for each in system.manifest["sites"] if each["end_date"] is None]
    site: str = system.random.choice([name for name in open_sites if len(system.worker.due(name)) > 1])
    since = begins - timedelta(days=system.random.uniform(1.3, 3.5))
    system.worker.stopped = {site}
    system.relive(uploaded=uploaded, stopped=(site, since), pace=timedelta(seconds=5))
    return site


def _stop_site_beside_a_backfill(system: RandomSystem) -> None:
    """The same, while the first days of another site are copied, so that the backfill as a whole moves."""
    stopped = _stop_site(system)
    *older, last = [place for place in system.list_due() if place[0] != stopped]
    for site, day in older[: system.random.randint(0, len(older) // 2)]:
        del system.objects[days.key_of(day, site)]
    system.store(last, uploaded=system.calendar.begins - timedelta(minutes=system.random.uniform(1, 20)))
    run_log.leave_a_day_missing(system.objects, queued=1)


def _refuse(code: str, status: int, body: Any) -> Apply:
    """ACE serves no day of a site, to the worker and to the checker."""

    def apply(system: RandomSystem) -> None:
        site = _choose_site(system)
        system.ace.refusals[site] = status, body
        system.worker.refused[site] = code
        missing = [day for name, day in system.list_due() if name == site][-system.random.randint(1, 5) :]
        at = system.calendar.begins - timedelta(minutes=system.random.uniform(5, 300))
        for day in missing:
            system.objects.pop(days.key_of(day, site), None)
        for day in missing if code == "upstream_contract" else missing[-1:]:  # a refused site has one record
            control_objects.fail(system.objects, day, site=site, code=code, last_at=at)
        run_log.leave_a_day_missing(system.objects, queued=1, failed=len(missing))

    return apply


def _forget_site(system: RandomSystem) -> None:
    """The worker does not copy a site that is declared."""
    site = system.random.choice(sorted({site for site, _ in system.list_due()} - {manifest.SITE}))
    system.worker.sites = [name for name in system.worker.sites if name != site]


def _forget_site_in_queries(system: RandomSystem) -> None:
    """The query worker does not know the site that the check asks for today."""
    system.declare(query=True)
    system.store_all()
    filled = {site for site, day in system.list_due() if system.ace.sites[site][day]}
    asked = choose_site(sorted(filled), system.calendar.begins)
    system.query.sites = [name for name in system.query.sites if name != asked]


FAULTS: Mapping[str, Fault] = {
    "one site stands still": fault(_stop_site, "worker", at_noon=True, many=True),
    "one site stands still beside a backfill": fault(_stop_site_beside_a_backfill, "worker", at_noon=True, many=True),
    "ACE does not know one site": fault(_refuse("upstream_rejected", *UNKNOWN), "configuration", many=True),
    "the key may not read one site": fault(_refuse("upstream_rejected", *NOT_ALLOWED), "configuration", many=True),
    "ACE's answers for one site have another form": fault(_refuse("upstream_contract", *MISSHAPED), "ace", many=True),
    "the worker does not know one site": fault(_forget_site, "worker", many=True),
    "the query worker does not know one site": fault(_forget_site_in_queries, "configuration", many=True),
}
