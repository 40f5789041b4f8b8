"""The rule of the setting ``sites``: a list of sites, each with its own name, a first day and perhaps a last one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from contract.schedule import parse_day
from contract.setting_rules.violation import Violation, show

MAX_NAME = 255  # characters. R2 stores keys of at most 1,024 bytes
MAX_SHOWN = 60  # characters of a value that is not a list of sites
FIELDS = {"name": True, "startDate": True, "endDate": False}  # and whether a site must have it
FORM = "a list of sites, each with name, startDate and perhaps endDate"


def find_site_violations(text: str) -> Iterator[Violation]:
    """Yield each part of the setting, a JSON text, that breaks its rule. A part is named as for `config set --path`."""
    try:
        items = json.loads(text) if text else []
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list) or not items:
        yield Violation(setting="sites", expected=FORM, found=show("" if items == [] else text[:MAX_SHOWN]))
        return
    names: set[str] = set()
    for number, item in enumerate(items):
        place = f"sites[{number}]"
        if not isinstance(item, dict):
            yield Violation(
                setting=place, expected="an object with name, startDate and perhaps endDate", found=_show(item)
            )
            continue
        yield from _judge(item, place)
        name = item.get("name")
        if isinstance(name, str) and name in names:
            yield Violation(setting=f"{place}.name", expected="a name that no other site has", found=show(name))
        names.add(str(name))


def check_sites(value: str) -> str | None:
    """Expect a list of sites as JSON."""
    found = next(find_site_violations(value), None)
    return None if found is None else f"{found.expected} as {found.setting}"


def check_site(value: str) -> str | None:
    """Expect a name that is the same in ACE's path and in an object's key."""
    if len(value) > MAX_NAME:
        return f"at most {MAX_NAME} characters"
    valid = re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", value)
    return None if valid else "letters, digits, '_', '-' and '.', with no '.' at its start"


def check_date(value: str) -> str | None:
    """Expect a day of the calendar as YYYY-MM-DD."""
    return "a date as YYYY-MM-DD" if parse_day(value) is None else None


def _judge(item: Mapping[str, Any], place: str) -> Iterator[Violation]:
    """Yield each field of one site that is unknown, missing or broken, and an end before the start."""
    for field in sorted(item.keys() - FIELDS.keys()):
        yield Violation(setting=place, expected=f"only {', '.join(FIELDS)}", found=show(str(field)[:MAX_SHOWN]))
    good: dict[str, str] = {}
    for field, needed in FIELDS.items():
        value = item.get(field)
        if value is None and not needed:
            continue
        check = check_site if field == "name" else check_date
        expected = check(value if isinstance(value, str) else "")
        if expected is None:
            good[field] = str(value)
        else:
            yield Violation(setting=f"{place}.{field}", expected=expected, found=_show(value))
    start, end = good.get("startDate", ""), good.get("endDate", "")
    if start and end and end < start:
        yield Violation(setting=f"{place}.endDate", expected=f"{start} (its startDate) or later", found=show(end))


def _show(value: object) -> str:
    if value is None:
        return "nothing"
    return show(value[:MAX_SHOWN] if isinstance(value, str) else json.dumps(value)[:MAX_SHOWN])
