"""The declared sites, and their form in the setting ``sites`` and in the bindings SITES, SITES_2, … of the workers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BINDING = "SITES"  # the first one. The others are SITES_2, SITES_3, …
MAX_BYTES = 5_000  # of one of the bindings. Cloudflare's limit is 5,120
_FIELDS = {"name": "name", "startDate": "start_date", "endDate": "end_date"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSite:
    """A site of ACE, copied from a first to a last day (ISO dates, UTC). No ``end_date`` means yesterday."""

    name: str
    start_date: str
    end_date: str | None = None

    @property
    def range(self) -> str:
        """Return the declared days as a text."""
        return f"{self.start_date} to {self.end_date or 'yesterday'}"

    def to_setting(self) -> dict[str, str]:
        """Return the site in the form of the setting ``sites``."""
        end = {} if self.end_date is None else {"endDate": self.end_date}
        return {"name": self.name, "startDate": self.start_date, **end}


def format_sites(sites: Iterable[DeclaredSite]) -> str:
    """Return sites as the JSON text of the setting ``sites``."""
    return _dump([site.to_setting() for site in sites])


def pack_sites(sites: Iterable[DeclaredSite]) -> dict[str, str]:
    """Return the texts of the bindings, each an array of whole sites of at most MAX_BYTES."""
    texts: list[list[str]] = []
    size = MAX_BYTES
    for site in sites:
        item = _dump(site.to_setting())
        size += len(item.encode()) + 1  # with its comma, or its closing bracket
        if size > MAX_BYTES:
            texts.append([])
            size = 1 + len(item.encode()) + 1
        texts[-1].append(item)
    return {_name_binding(number): f"[{','.join(items)}]" for number, items in enumerate(texts, 1)}


def unpack_sites(texts: Mapping[str, str]) -> tuple[DeclaredSite, ...]:
    """Return the sites of the bindings. Raises ValueError for a text of another form."""
    numbers = range(1, len(texts) + 1)
    return tuple(site for number in numbers for site in read_sites(texts.get(_name_binding(number), "[]")))


def read_sites(text: str) -> tuple[DeclaredSite, ...]:
    """Return the sites of a valid setting ``sites``. Raises ValueError for a text of another form."""
    return tuple(_read_items(json.loads(text)))


def is_sites_binding(name: str) -> bool:
    """Return whether a binding has this name of one that holds sites."""
    first, _, number = name.partition("_")
    return first == BINDING and (name == BINDING or (number.isascii() and number.isdecimal()))


def name_sites(sites: Sequence[DeclaredSite]) -> str:
    """Return the name of a single site, or the number of several."""
    return sites[0].name if len(sites) == 1 else f"{len(sites)} sites"


def _name_binding(number: int) -> str:
    return BINDING if number == 1 else f"{BINDING}_{number}"


def _read_items(items: Any) -> Iterator[DeclaredSite]:
    try:
        for item in items:
            yield DeclaredSite(**{_FIELDS[field]: value for field, value in item.items()})
    except (AttributeError, KeyError, TypeError):
        raise ValueError("expected a list of sites with name, startDate and perhaps endDate") from None


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
