"""Reads ACE's answers: rows, cursors and refusals, without the worker's code. Source: docs/reference/ace-api.md."""

from __future__ import annotations

import base64
import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from checks.model.finding import Finding, Inconclusive, ShapeError

if TYPE_CHECKING:
    from cloudflare_client.http_answer import HttpAnswer

UNKNOWN_KEY = "An unhandled exception occurred."  # what ACE says, with a 500, of a key that it does not know
NO_DATA = "No data for time period"  # what it may say, with a 404, of an empty window
PARAMETERS = ("start_time", "end_time", "page_size", "raw_data", "cursor")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class RefusalKind(enum.Enum):
    """Why ACE serves nothing, where waiting does not help."""

    NO_KEY = enum.auto()
    WRONG_KEY = enum.auto()
    NOT_ALLOWED = enum.auto()
    UNKNOWN_SITE = enum.auto()
    BAD_PARAMETER = enum.auto()
    NOT_ACE = enum.auto()
    SHAPE = enum.auto()


class AceError(Inconclusive):
    """ACE serves nothing, and waiting does not cure it; ``kind`` is why."""

    def __init__(self, finding: Finding, kind: RefusalKind) -> None:
        super().__init__(finding)
        self.kind = kind


class Row(NamedTuple):
    """One sample in ACE's own words; ``at`` is in microseconds since the epoch. A tuple, as a day holds 500,000."""

    name: str
    value: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """Where a page begins: ``offset`` rows behind the first one at ``at``; neither is known of an opaque one."""

    text: str
    at: int | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page, and ACE's own cursor to the next one, None after the last."""

    rows: Sequence[Row]
    cursor: str | None = None


def parse_page(body: Mapping[str, Any] | None) -> Page:
    """Read the body of a 200; raises ShapeError for anything else than ACE's documented envelope and rows."""
    if body is None:
        raise ShapeError("no JSON object")
    rows, more, cursor = (body.get(name) for name in ("point_samples", "has_more", "next_cursor"))
    if not isinstance(rows, list) or not isinstance(more, bool):
        names = ", ".join(sorted(map(str, body))[:6])
        raise ShapeError(f"JSON without the list point_samples and the boolean has_more (it has: {names or 'nothing'})")
    if more and not (rows and isinstance(cursor, str) and cursor):
        raise ShapeError("more rows are announced, and there are no rows or no cursor to them")
    if not more and cursor not in (None, ""):
        raise ShapeError("no more rows are announced, and a cursor to them is sent")
    return Page(rows=[_parse_row(item) for item in rows], cursor=cursor if more else None)


def find_next_cursor(given: str, sent: Cursor | None, rows: Sequence[Row]) -> Cursor:
    """Return the cursor that really leads on from a page.

    ACE counts only the rows that this page took of its last timestamp, so that a page within one timestamp leads to
    itself; those that came before are the offset of the cursor that was sent. Raises ShapeError for a cursor of any
    other arithmetic, as it may skip rows.
    """
    cursor = _decode_cursor(given)
    if cursor.at is None:
        return cursor
    taken = sum(row.at >= cursor.at for row in rows)
    before = sent.offset if sent is not None and sent.at == cursor.at else 0
    if not taken or cursor.offset not in (taken, taken + before):
        raise ShapeError(f"a cursor to row {cursor.offset} of a timestamp, behind a page that ends at {taken + before}")
    data = {**json.loads(base64.b64decode(given)), "offset": taken + before}
    text = given if cursor.offset == taken + before else base64.b64encode(json.dumps(data).encode()).decode()
    return Cursor(text=text, at=cursor.at, offset=taken + before)


def classify_refusal(answer: HttpAnswer) -> tuple[RefusalKind, str]:
    """Return what an answer that is neither data nor curable by time means, and how to say it."""
    body, status = answer.json or {}, answer.status
    if status == 500:
        return (
            RefusalKind.WRONG_KEY,
            "500, in the words that ACE has for a key that it does not know: probably a wrong key",
        )
    if status == 401:
        return RefusalKind.NOT_ALLOWED, "401: ACE does not accept the key"
    if status == 403 and body and all(value is None for value in body.values()):
        return RefusalKind.UNKNOWN_SITE, "403 with an empty site: ACE knows no such site, or not for this key"
    if status == 403:
        return RefusalKind.NOT_ALLOWED, "403: this key may not read it"
    if status == 400:
        errors = body.get("errors")
        named = [name for name in PARAMETERS if isinstance(errors, dict) and name in errors]
        return RefusalKind.BAD_PARAMETER, f"400: ACE refuses {', '.join(named) or 'a parameter'}"
    if 300 <= status < 400:
        return RefusalKind.NOT_ACE, f"{status}: a redirect, which is not followed, as it would take the key along"
    return RefusalKind.NOT_ACE, answer.shown


def is_unknown_key(answer: HttpAnswer) -> bool:
    """Return whether a 500 is no outage but what ACE says of a key that it does not know."""
    return answer.status == 500 and (answer.json or {}).get("message") == UNKNOWN_KEY


def is_empty_window(answer: HttpAnswer) -> bool:
    """Return whether a 404 says that a window holds nothing, as the swagger has it."""
    if answer.status != 404:  # a page of rows is not read twice
        return False
    text = (answer.json or {}).get("message")
    return isinstance(text, str) and text.startswith(NO_DATA)


def _parse_row(item: object) -> Row:
    if not isinstance(item, dict):
        raise ShapeError("a row that is no object")
    name, value, time = (item.get(field) for field in ("name", "value", "time"))
    if not (isinstance(name, str) and name and isinstance(value, str) and isinstance(time, str)):
        raise ShapeError("a row that is not a name, a value and a time, each a text")
    at = _parse_time(time)
    if at is None:
        raise ShapeError("a row whose time is not ISO 8601")
    return Row(name, value, at)


def _parse_time(text: str) -> int | None:
    """Read ACE's time as microseconds since the epoch: it is naive, and means UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND


def _decode_cursor(text: str) -> Cursor:
    try:
        data = json.loads(base64.b64decode(text, validate=True))
        offset, at = data["offset"], _parse_time(data["timestamp"])
    except (ValueError, TypeError, KeyError, RecursionError):  # opaque, by ACE's own word: used as it is
        return Cursor(text=text)
    known = type(offset) is int and offset >= 0 and at is not None
    return Cursor(text=text, at=at, offset=offset) if known else Cursor(text=text)
