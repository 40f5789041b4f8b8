"""Parses ACE's pages (rows and cursors) without the worker's code. Source: docs/reference/ace-api.md."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from checks.model.finding import ShapeError
from checks.stored_days.content.values import Value, read_fraction

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Row(NamedTuple):
    """One sample of ACE. ``at`` is in microseconds since the epoch. It is a tuple because a day has 500,000.

    ``value`` is as ACE sent it, and nearly always a text. A number keeps all its digits.
    """

    name: str
    value: Value
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """The start of a page: ``offset`` rows after the first row at ``at``. An opaque cursor has neither."""

    text: str
    at: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page and ACE's cursor to the next one, which is None after the last page."""

    rows: Sequence[Row]
    cursor: str | None = None


def parse_page(content: bytes) -> Page:
    """Read the body of a 200. Raises ShapeError for any other form than ACE's documented envelope and rows."""
    body = _decode(content)
    if body is None:
        raise ShapeError("no JSON object")
    rows, more, cursor = (body.get(name) for name in ("point_samples", "has_more", "next_cursor"))
    if not isinstance(rows, list) or not isinstance(more, bool):
        names = ", ".join(sorted(map(str, body))[:6])
        raise ShapeError(
            f"JSON without the list point_samples and the boolean has_more (its fields: {names or 'none'})"
        )
    if more and not (rows and isinstance(cursor, str) and cursor):
        raise ShapeError("has_more is true, but the rows or next_cursor are missing")
    if not more and cursor not in (None, ""):
        raise ShapeError("has_more is false, but next_cursor is set")
    return Page(rows=[_parse_row(item) for item in rows], cursor=cursor if more else None)


def find_next_cursor(given: str, sent: Cursor | None, rows: Sequence[Row]) -> Cursor:
    """Return the corrected cursor to the next page.

    ACE's offset counts only the rows of this page at its last timestamp. A page within one timestamp would therefore
    lead to itself. The offset of the sent cursor counts the earlier rows. Raises ShapeError for a cursor with any other
    offset, because it may skip rows.
    """
    cursor = _decode_cursor(given)
    if cursor.at is None:
        return cursor
    taken = sum(row.at >= cursor.at for row in rows)
    before = sent.offset if sent is not None and sent.at == cursor.at else 0
    if not taken or cursor.offset not in (taken, taken + before):
        raise ShapeError(
            f"a cursor to row {cursor.offset} of a timestamp, after a page that ends at row {taken + before}"
        )
    data = {**json.loads(base64.b64decode(given)), "offset": taken + before}
    text = given if cursor.offset == taken + before else base64.b64encode(json.dumps(data).encode()).decode()
    return Cursor(text=text, at=cursor.at, offset=taken + before)


def _decode(content: bytes) -> Mapping[str, Any] | None:
    """Return a JSON object with all digits of its numbers, None for any other text."""
    try:
        body = _DECODER.decode(content.decode())
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_float=read_fraction, parse_constant=_refuse_constant)


def _parse_row(item: object) -> Row:
    if not isinstance(item, dict):
        raise ShapeError("a row is not an object")
    name, value, time = (item.get(field) for field in ("name", "value", "time"))
    if not (isinstance(name, str) and name and isinstance(time, str)):
        raise ShapeError("a row without name and time as texts")
    if "value" not in item or isinstance(value, dict | list):
        raise ShapeError("a row without a value that is a text, a number, a boolean or null")
    at = _parse_time(time)
    if at is None:
        raise ShapeError("the time of a row is not ISO 8601")
    return Row(name, value, at)


def _parse_time(text: str) -> int | None:
    """Read ACE's time, which is UTC without a zone, as microseconds since the epoch."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


def _decode_cursor(text: str) -> Cursor:
    try:
        data = json.loads(base64.b64decode(text, validate=True))
        offset, at = data["offset"], _parse_time(data["timestamp"])
    except (
        ValueError,
        TypeError,
        KeyError,
        RecursionError,
    ):  # ACE documents cursors as opaque, so this one is used unchanged
        return Cursor(text=text)
    known = type(offset) is int and offset >= 0 and at is not None
    return Cursor(text=text, at=at, offset=offset) if known else Cursor(text=text)
