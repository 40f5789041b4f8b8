"""Another site's data under the declared site's name."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.ace.weather import Weather
from rehearsal.faults import Fault
from rehearsal.local import Local

_OTHER = "ses_elsewhere"
_SHIP = breaking.program(
    ("/api/sites/${config.site}/timeseries/paginated`", f"/api/sites/{_OTHER}/timeseries/paginated`")
)


async def _apply(local: Local) -> None:
    local.ace.serve(_OTHER, Weather(site=_OTHER))
    await _SHIP(local)


FAULT = Fault(
    breaks="the program asks ACE for another site, and stores what comes under the declared one's name",
    caught_by=("r2",),
    blame="worker",
    apply=_apply,
)
