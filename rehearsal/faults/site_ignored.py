"""A constant in place of the declared site: its data lie where nobody looks."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.ace.weather import Weather
from rehearsal.faults import Fault
from rehearsal.local import Local

_OTHER = "ses_elsewhere"
_SHIP = breaking.program(("const config = { baseUrl, key, site,", f'const config = {{ baseUrl, key, site: "{_OTHER}",'))


async def _apply(local: Local) -> None:
    local.ace.serve(_OTHER, Weather(site=_OTHER))
    await _SHIP(local)


FAULT = Fault(
    breaks="the program ignores SITE in favour of a constant, and stores that other site's data",
    caught_by=("r2",),
    blame="worker",
    apply=_apply,
)
