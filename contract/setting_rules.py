"""The rules of single settings: each function takes a value and returns what is wrong with it, or None.

Source: shared contracts, section 1; R2's and Workers' naming rules; ACE's page sizes.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import date
from urllib.parse import urlsplit

# Larger pages exceed a worker's 128 MB, smaller ones stall ACE's cursor.
PAGE_SIZES = (1_000, 5_000, 10_000, 50_000, 100_000)

# Name, lowest, highest, names that stand for numbers, and what Cloudflare's dialect knows besides.
_CRON_FIELDS = (
    ("minute", 0, 59, "", None),
    ("hour", 0, 23, "", None),
    ("day of month", 1, 31, "", r"L|LW|([1-9]|[12]\d|3[01])W"),
    ("month", 1, 12, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC", None),
    ("day of week", 1, 7, "SUN MON TUE WED THU FRI SAT", r"L|([1-7]|[A-Z]{3})L|[1-7]#[1-5]"),
)


def account_id(value: str) -> str | None:
    """32 hex digits."""
    if not value:
        return "is not set (run: pulumi config set accountId <32 hex digits>)"
    return None if re.fullmatch(r"[0-9a-fA-F]{32}", value) else f"must be 32 hex digits, found {value!r}"


def bucket(value: str) -> str | None:
    """R2's rule: 3 to 63 of a-z, 0-9 and hyphen, no hyphen at either end."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", value):
        return None
    return f"must be 3 to 63 of a-z, 0-9 and '-', with no '-' at either end, found {value!r}"


def hostname_label(value: str) -> str | None:
    """One label of a host name: a worker's name stands in its URL."""
    if re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value):
        return None
    return f"must be 1 to 63 of a-z, 0-9 and '-', with no '-' at either end, found {value!r}"


def url(value: str) -> str | None:
    """An https URL without credentials, query or trailing slash; plain http only on this machine."""
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return "is not a URL"
    if "@" in parts.netloc:
        return "must hold no user name or password"
    if not parts.hostname or parts.scheme not in {"http", "https"}:
        return f"must be a whole URL that starts with https://, found {value!r}"
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return f"must be https (http is for this machine alone), found {value!r}"
    if parts.query or parts.fragment or value.endswith("/"):
        return f"must have no query, no fragment and no slash at its end, found {value!r}"
    return None


def sibling(value: str) -> str | None:
    """A worker's name, or its whole URL."""
    return url(value) if "://" in value else hostname_label(value)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def site(value: str) -> str | None:
    """A name that is the same in ACE's path and in an object's key."""
    if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*", value):
        return None
    return f"must be letters, digits, '_', '-' and '.', found {value!r}"


def iso_date(value: str) -> str | None:
    """An ISO date, YYYY-MM-DD."""
    try:
        return None if date.fromisoformat(value).isoformat() == value else f"must be YYYY-MM-DD, found {value!r}"
    except ValueError:
        return f"must be a date YYYY-MM-DD, found {value!r}"


def page_size(value: str) -> str | None:
    """One of ACE's page sizes that neither exceed a worker's memory nor stall ACE's cursor."""
    if value in map(str, PAGE_SIZES):
        return None
    return f"must be one of {', '.join(map(str, PAGE_SIZES))}, found {value!r}"


def key_template(value: str) -> str | None:
    """``{site}`` before ``{date}``, each once, literal text between them; a key that R2 and URLs take as it is."""
    if value.count("{site}") != 1 or value.count("{date}") != 1:
        return f"must hold {{site}} and {{date}}, each once, found {value!r}"
    before, _, rest = value.partition("{site}")
    between, found, after = rest.partition("{date}")
    if not found:
        return f"must hold {{site}} before {{date}}, found {value!r}"
    if not between:
        return f"must have text between {{site}} and {{date}}, found {value!r}"
    literal = before + between + after
    if not re.fullmatch(r"[A-Za-z0-9_./=-]+", literal):
        return f"may hold letters, digits and '_', '.', '/', '=', '-' beside {{site}} and {{date}}, found {value!r}"
    if value.startswith("/") or "//" in value or any(part in {".", ".."} for part in value.split("/")):
        return f"must be a relative key without empty, '.' or '..' parts, found {value!r}"
    return None


def cron(value: str) -> str | None:
    """Five fields in Cloudflare's dialect (day of week 1 to 7, Sunday is 1; L, W and # where they belong)."""
    fields = value.split()
    if not value.isascii() or value != " ".join(fields):
        return f"must be fields of ASCII with one space in between, found {value!r}"
    if len(fields) != len(_CRON_FIELDS):
        return f"must be a cron of 5 fields (minute hour day month weekday), found {value!r}"
    for text, (name, low, high, words, special) in zip(fields, _CRON_FIELDS, strict=True):
        for item in text.upper().split(","):
            if not (special and re.fullmatch(special, item)) and not _cron_item(item, low, high, words.split()):
                return f"has a {name} that cron does not know ({text!r} in {value!r})"
    return None


def _cron_item(item: str, low: int, high: int, words: Sequence[str]) -> bool:
    span, slash, step = item.partition("/")
    if slash and not (step.isdecimal() and 1 <= int(step) <= high):
        return False
    ends = span.split("-")
    if span == "*":
        return True
    return len(ends) <= 2 and all(_cron_value(end, low, high, words) for end in ends) and _ascending(ends)


def _cron_value(text: str, low: int, high: int, words: Sequence[str]) -> bool:
    if text.isdecimal():
        return low <= int(text) <= high
    return text in words


def _ascending(ends: list[str]) -> bool:
    numbers = [int(end) for end in ends if end.isdecimal()]
    return len(numbers) < 2 or numbers[0] <= numbers[1]
