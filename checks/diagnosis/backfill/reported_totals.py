"""Compares the totals of each site that the worker reports with the declaration and with the list of stored days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

from checks.diagnosis.stored_objects.shared_list import list_stored_days
from checks.stored_days.selection import find_last_days

if TYPE_CHECKING:
    from checks.check import Context
    from checks.clients.worker.progress import Progress
    from checks.clients.worker.site_totals import SiteTotals
    from contract.manifest.sites import DeclaredSite

Problem = tuple[str, str]  # the expected and the found value


def find_wrong_total(context: Context, totals: Mapping[str, SiteTotals], progress: Progress) -> Problem | None:
    """Return the expected and the found value of the first total that is wrong, or None."""
    declared = {site.name for site in context.manifest.sites}
    if totals.keys() != declared:
        absent, extra = sorted(declared - totals.keys()), sorted(totals.keys() - declared)
        found = [f"without {', '.join(absent[:3])}"] * bool(absent) + [f"with {', '.join(extra[:3])}"] * bool(extra)
        return f"{len(declared)} declared sites", f"{len(totals)} sites, {' and '.join(found)}"
    due, stored = sum(site.due for site in totals.values()), sum(site.stored for site in totals.values())
    if (due, stored) != (progress.days_total, progress.days_complete):
        return f"{progress.days_complete} of {progress.days_total} days over all sites", f"{stored} of {due}"
    problems = (_judge_site(context, site, totals[site.name]) for site in context.manifest.sites)
    return next((problem for problem in problems if problem is not None), None) or _compare_with_list(context, totals)


def find_other_range(context: Context, after: Progress) -> tuple[str, str] | None:
    """Return the declared and the found number of days where they differ. Midnight may pass while the worker counts."""
    sites = context.manifest.sites
    least = most = 0
    for site in sites:
        first = date.fromisoformat(site.start_date)
        earliest, latest = _find_last_counted_days(context, site)
        least, most = least + max(0, (earliest - first).days + 1), most + max(0, (latest - first).days + 1)
    if least <= after.days_total <= most:
        return None
    shown = f"{first} to {earliest}" if len(sites) == 1 else f"of {len(sites)} sites"
    return f"days_total {least} ({shown})", f"{after.days_total}"


def _judge_site(context: Context, site: DeclaredSite, totals: SiteTotals) -> Problem | None:
    """Judge the totals of a site by the calendar alone. Clocks may differ."""
    earliest, latest = _find_last_counted_days(context, site)
    first = date.fromisoformat(site.start_date)
    least, most = (max(0, (last - first).days + 1) for last in (earliest, latest))
    if not least <= totals.due <= most:
        return f"{least} due days of {site.name}", f"{totals.due}"
    if totals.stored + totals.missing != totals.due:
        return f"{totals.due} days of {site.name} stored or missing", f"{totals.stored} and {totals.missing}"
    if totals.failed > totals.due:
        return f"at most {totals.due} failed days of {site.name}", f"{totals.failed}"
    return None


def _compare_with_list(context: Context, totals: Mapping[str, SiteTotals]) -> Problem | None:
    """Compare the stored days with the list of this run, where there is one. Days may be stored after a list began."""
    if context.listed_days.latest is None:
        return None
    begun = context.listed_days.begun
    return _find_unreported(context, totals, 0) and _find_unreported(context, totals, begun)


def _find_unreported(context: Context, totals: Mapping[str, SiteTotals], after: int) -> Problem | None:
    """Return the first site of which more days are stored than the worker reports."""
    limits = {site.name: _find_last_counted_days(context, site)[0] for site in context.manifest.sites}
    listed = Counter(place.site for place in list_stored_days(context, after) if place.day <= limits[place.site])
    for name, site in totals.items():
        if site.stored < listed[name]:
            return f"{listed[name]} stored days of {name}, as in the bucket", f"{site.stored}"
    return None


def _find_last_counted_days(context: Context, site: DeclaredSite) -> tuple[date, date]:
    """Return the earliest and the latest last day of a site that the worker may count. Its clock may differ."""
    counts_due_days = any(binding.name == "SETTLE_HOURS" for binding in context.manifest.bindings)  # not an older one
    settle_hours = context.manifest.ace.settle_hours if counts_due_days else 0
    return find_last_days(site.end_date, context.now, context.deadline.seconds, settle_hours)
