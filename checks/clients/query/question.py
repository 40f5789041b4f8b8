"""What a query worker is asked, apart from who asks it: to list the checks loads no client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PATH = "/timeseries/query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Some points of a site in a range of ms since the epoch; no sample lies at ``end``, if a worker includes that."""

    site: str
    points: tuple[str, ...]
    start: int
    end: int

    @property
    def params(self) -> Mapping[str, str]:
        """Return the question as the parameters of a URL."""
        return {
            "site_name": self.site,
            "point_names": ",".join(self.points),
            "start_time": str(self.start),
            "end_time": str(self.end),
        }
