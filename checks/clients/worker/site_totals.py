"""The totals of each site that the worker reports in GET /status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.model.finding import ShapeError

COUNTS = ("due", "stored", "missing", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTotals:
    """The days of a site: ``due`` ones, of which some are ``stored`` and the others ``missing``. Some have failed."""

    name: str
    due: int
    stored: int
    missing: int
    failed: int


def read_site_totals(body: Mapping[str, Any]) -> dict[str, SiteTotals] | None:
    """Return the totals by site, None from a worker that does not report them. Raises ShapeError for another form."""
    sites = body.get("sites")
    if sites is None:
        return None
    if not isinstance(sites, list) or not all(isinstance(site, dict) for site in sites):
        raise ShapeError("sites is not a list of objects")
    return {totals.name: totals for totals in map(_read_site, sites)}


def _read_site(site: Mapping[str, Any]) -> SiteTotals:
    name = site.get("name")
    if not isinstance(name, str):
        raise ShapeError("a site has no name")
    for field in COUNTS:
        if type(site.get(field)) is not int or site[field] < 0:
            raise ShapeError(f"{field} of {name} is {site.get(field)!r}")
    return SiteTotals(name=name, **{field: site[field] for field in COUNTS})
