"""Read the parameters of ACE's paginated endpoint as strictly as ACE does."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from rehearsal.ace.samples import EPOCH

PAGE_SIZES = (3, 10, 50, 100, 500, 1_000, 5_000, 10_000, 50_000, 100_000, 300_000, 500_000)
PARAMETERS = ("start_time", "end_time", "page_size", "raw_data", "cursor")
_MISSING = "Missing required parameter in the query string"
_TRUE, _FALSE = ("true", "1", "on"), ("false", "0", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """A position in a window: ``offset`` rows after the first row at or after ``time`` (naive UTC)."""

    offset: int
    time: datetime

    def encode(self) -> str:
        """Return ACE's opaque form: base64 of ``{"offset":N,"timestamp":"…"}``."""
        text = json.dumps({"offset": self.offset, "timestamp": self.time.isoformat()}, separators=(",", ":"))
        return base64.b64encode(text.encode()).decode()

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Return the cursor of its opaque form. Raises ValueError for another text."""
        try:
            data = json.loads(base64.b64decode(text, validate=True))
            offset, stamp = data["offset"], data["timestamp"]
        except (TypeError, KeyError) as error:
            raise ValueError("The cursor does not decode to an offset and a timestamp.") from error
        if type(offset) is not int or offset < 0 or not isinstance(stamp, str):
            raise ValueError("The cursor's offset or timestamp is invalid.")
        return cls(offset=offset, time=_parse_time(stamp))


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """A valid request for one page. Times are naive UTC."""

    start: datetime
    end: datetime
    page_size: int
    raw: bool
    cursor: Cursor | None


class InvalidPageRequest(ValueError):  # noqa: N818 - named for the event
    """Parameters that ACE refuses. ``errors`` maps each name to the reason."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("Input payload validation failed")
        self.errors = dict(errors)


def read_page_request(parameters: Mapping[str, str]) -> PageRequest:
    """Return the request of these parameters. Raises InvalidPageRequest with all invalid parameters."""
    errors: dict[str, str] = {}
    start = _read_required_time(parameters, "start_time", errors)
    end = _read_required_time(parameters, "end_time", errors)
    size = parameters.get("page_size", "10000")
    if size not in map(str, PAGE_SIZES):
        errors["page_size"] = f"The value '{size}' is not a valid choice for 'page_size'."
    raw = parameters.get("raw_data", "false").lower()
    if raw not in _TRUE + _FALSE:
        errors["raw_data"] = "Invalid literal for boolean()."
    cursor = None
    if "cursor" in parameters:
        try:
            cursor = Cursor.decode(parameters["cursor"])
        except ValueError:
            errors["cursor"] = "The value is not a cursor of this endpoint."
    if errors:
        raise InvalidPageRequest(errors)
    return PageRequest(start=start, end=end, page_size=int(size), raw=raw in _TRUE, cursor=cursor)


def _read_required_time(parameters: Mapping[str, str], name: str, errors: dict[str, str]) -> datetime:
    text = parameters.get(name)
    try:
        if text is not None:
            return _parse_time(text)
        errors[name] = _MISSING
    except ValueError:
        errors[name] = f"The value is not a valid ISO 8601 time for '{name}'."
    return EPOCH  # not used, because `errors` is not empty


def _parse_time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
