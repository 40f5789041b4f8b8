"""The query to a query worker. It is separate from the client, so that listing the checks loads no HTTP client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PATH = "/timeseries/query"
ABSENT_POINT = "no-such-point-checked-by-building-vitals"  # the check asks for it too


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Some points of a site in a range of ms since the epoch. No sample is at ``end``, which a worker may include."""

    site: str
    points: tuple[str, ...]
    start: int
    end: int

    @property
    def params(self) -> Mapping[str, str]:
        """Return the parameters of the URL."""
        return {
            "site_name": self.site,
            "point_names": ",".join(self.points),
            "start_time": str(self.start),
            "end_time": str(self.end),
        }
