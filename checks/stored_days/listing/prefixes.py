"""The keys of stored days: the prefixes to list, and the site and the day that a key names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from contract.schedule import SiteDay, last_day, parse_day

if TYPE_CHECKING:
    from contract.manifest import Manifest, Storage

PAGE = 1000  # objects in one answer, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyReader:
    """Reads keys. ``ranges`` are the name, the first and the last declared day of each site."""

    storage: Storage
    pattern: re.Pattern[str]
    ranges: Mapping[str, tuple[str, date, date]]

    @classmethod
    def create(cls, manifest: Manifest) -> KeyReader:
        """Return the reader for the sites of a manifest."""
        pattern = re.escape(manifest.storage.key_template)
        for name, form in (("site", ".+?"), ("date", r"\d{4}-\d\d-\d\d")):
            place = re.escape(f"{{{name}}}")
            pattern = pattern.replace(place, f"(?P<{name}>{form})", 1).replace(place, f"(?P={name})")
        ranges = {
            site.name: (
                site.name,
                date.fromisoformat(site.start_date),
                date.max if site.end_date is None else date.fromisoformat(site.end_date),
            )
            for site in manifest.sites
        }
        return cls(storage=manifest.storage, pattern=re.compile(pattern), ranges=ranges)

    def read(self, key: str) -> SiteDay | None:
        """Return the declared day of a key, None for any other key."""
        found = self.pattern.fullmatch(key)
        day = None if found is None else parse_day(found["date"])
        if found is None or day is None or found["site"] not in self.ranges:
            return None
        site, first, last = self.ranges[found["site"]]  # this name, because all days of a site share it
        return SiteDay(site, day) if first <= day <= last else None


def list_prefixes(manifest: Manifest) -> list[str]:
    """Return the prefixes of the days of all sites, each once. Sites share one if the date comes first in a key."""
    return list(dict.fromkeys(manifest.prefix(site.name) for site in manifest.sites))


def find_common_prefix(manifest: Manifest, prefixes: Sequence[str], now: datetime, concurrent: int) -> str:
    """Return a prefix of all keys, empty where a list of it takes longer than a list for each of ``prefixes``.

    So many of those are read concurrently. One list is read page by page.
    """
    common = manifest.storage.key_template.partition("{site}")[0]
    if len(prefixes) == 1 or "{date}" in common:
        return ""
    days = sum(
        max(0, (last_day(site.end_date, now) - date.fromisoformat(site.start_date)).days + 1) for site in manifest.sites
    )
    return common if days * concurrent <= PAGE * len(prefixes) else ""
