"""What a TraceItem says of one invocation of the worker, and how much of that may be shown.

A log line, an exception's text or a URL may hold anything: what is not in the worker's own form is not shown at all.
Source: shared contracts, section 2 (log lines are one JSON object each, with our tags).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from checks.model.redaction import READ

TAGS = ("[ACE API]", "[Backfill]")
ROUTES = ("/health", "/status", "/trigger")
BATCH = "POST /trigger"
CODE = re.compile(r"[a-z_]{1,40}")
NAME = re.compile(r"[A-Za-z]{1,40}")
WORDLESS = {"[Backfill] Unexpected error": "internal", "[Backfill] Not configured": "not_configured"}
# In a line that is none of ours, an older worker's for example: what the runbook has people look for.
REFUSALS = (
    (re.compile(r"\b401\b"), "401"),
    (re.compile(r"\b403\b"), "403"),
    (re.compile(r"An unhandled exception occurred", re.IGNORECASE), "500, as ACE answers to a bad key"),
)
SUCCESS = re.compile(r"\bsuccess", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line with one of our tags; ``text`` is what may be shown, ``code`` the worker's own word for a failure."""

    text: str
    code: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One invocation: ``what`` is a request of the worker's own routes, ``cron``, or something else."""

    what: str
    outcome: str
    exceptions: tuple[str, ...] = ()
    lines: tuple[Line, ...] = field(default=())
    cut: bool = False

    @classmethod
    def read(cls, item: Mapping[str, Any]) -> Invocation:
        """Read a TraceItem; whatever has another form than the documented one is as if it were not there."""
        logs = (line for log in _objects(item.get("logs")) for line in _lines(log.get("message")))
        return cls(
            what=_what(item.get("event")),
            outcome=_word(item.get("outcome"), NAME) or "unknown",
            exceptions=tuple(_exception(error) for error in _objects(item.get("exceptions"))),
            lines=tuple(logs),
            cut=item.get("truncated") is True,
        )

    @property
    def is_batch(self) -> bool:
        """Return whether it copied days, or should have."""
        return self.what in (BATCH, "cron")


def is_overload(item: Mapping[str, Any]) -> bool:
    """Return whether this is Cloudflare's word that it leaves items out, and no invocation."""
    event = item.get("event")
    return isinstance(event, dict) and str(event.get("type", "")).startswith("overload")


def _what(event: object) -> str:
    found = event if isinstance(event, dict) else {}
    request = found.get("request")
    if not isinstance(request, dict):
        return "cron" if "cron" in found else "another event"
    try:
        path = urlsplit(str(request.get("url"))).path
    except ValueError:
        path = ""
    method = _word(request.get("method"), NAME)
    return f"{method} {path}" if path in ROUTES and method else "another request"


def _lines(message: object) -> Iterator[Line]:
    """Yield the lines of one call of the console that carry a tag of ours."""
    for text in message if isinstance(message, list) else [message]:
        if isinstance(text, str) and any(tag in text for tag in TAGS):
            yield _line(text)


def _line(text: str) -> Line:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    said = fields.get("message") if isinstance(fields, dict) else None
    if not isinstance(fields, dict) or not isinstance(said, str) or not said.startswith(TAGS):
        tag = next(tag for tag in TAGS if tag in text)
        found = (name for pattern, name in REFUSALS if pattern.search(text))
        refusal = "" if SUCCESS.search(text) else next(found, "")  # "Success: 401 samples" is none
        return Line(text=f"{tag} …", refusal=refusal)
    reason = fields.get("reason")
    shown = f"{said}: {reason}" if isinstance(reason, str) else said
    return Line(text=_cut(shown), code=_word(fields.get("code"), CODE) or WORDLESS.get(said, ""))


def _exception(error: Mapping[str, Any]) -> str:
    """Return an exception's name, and its text where the worker itself wrote it."""
    name, text = _word(error.get("name"), NAME) or "an exception", error.get("message")
    return _cut(f"{name}: {text}") if isinstance(text, str) and text.startswith(TAGS) else name


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _word(value: object, form: re.Pattern[str]) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def _cut(text: str) -> str:
    """Return what the redaction will look at, and one more, by which it knows: it masks secrets before it cuts."""
    return text[: READ + 1]
