"""Classifies ACE's answers without samples. Source: docs/reference/ace-api.md."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from checks.model.finding import Finding, Inconclusive

if TYPE_CHECKING:
    from cloudflare_client.http_answer import HttpAnswer

UNKNOWN_KEY = "An unhandled exception occurred."  # ACE's message with status 500 for an unknown key
NO_DATA = "No data for time period"  # ACE's message with status 404 for an empty window
PARAMETERS = ("start_time", "end_time", "page_size", "raw_data", "cursor")


class RefusalKind(enum.Enum):
    """The reason why ACE serves no samples, where a retry does not help."""

    NO_KEY = enum.auto()
    WRONG_KEY = enum.auto()
    NOT_ALLOWED = enum.auto()
    UNKNOWN_SITE = enum.auto()
    BAD_PARAMETER = enum.auto()
    NOT_ACE = enum.auto()
    SHAPE = enum.auto()


class AceError(Inconclusive):
    """ACE serves no samples, and a retry does not help. ``kind`` is the reason."""

    def __init__(self, finding: Finding, kind: RefusalKind) -> None:
        super().__init__(finding)
        self.kind = kind


def classify_refusal(answer: HttpAnswer) -> tuple[RefusalKind, str]:
    """Return the kind of a refusal that a retry does not change, and its description."""
    body, status = answer.json or {}, answer.status
    if status == 500:
        return RefusalKind.WRONG_KEY, "500 with ACE's message for an unknown key: probably a wrong key"
    if status == 401:
        return RefusalKind.NOT_ALLOWED, "401: ACE does not accept the key"
    if status == 403 and body and all(value is None for value in body.values()):
        return RefusalKind.UNKNOWN_SITE, "403 with an empty site: the site does not exist, or this key may not read it"
    if status == 403:
        return RefusalKind.NOT_ALLOWED, "403: this key may not read the site"
    if status == 400:
        errors = body.get("errors")
        named = [name for name in PARAMETERS if isinstance(errors, dict) and name in errors]
        return RefusalKind.BAD_PARAMETER, f"400: ACE refuses {', '.join(named) or 'a parameter'}"
    if 300 <= status < 400:
        return (
            RefusalKind.NOT_ACE,
            f"{status}: a redirect. It is not followed, because the next host would receive the key",
        )
    return RefusalKind.NOT_ACE, answer.shown


def is_unknown_key(answer: HttpAnswer) -> bool:
    """Return whether a 500 is ACE's answer to an unknown key, and not an outage."""
    return answer.status == 500 and (answer.json or {}).get("message") == UNKNOWN_KEY


def is_empty_window(answer: HttpAnswer) -> bool:
    """Return whether a 404 means that a window has no samples, as documented in ACE's swagger file."""
    if answer.status != 404:  # so that a page of rows is not parsed twice
        return False
    text = (answer.json or {}).get("message")
    return isinstance(text, str) and text.startswith(NO_DATA)
