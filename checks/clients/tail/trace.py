"""Reads the invocation of a worker from a TraceItem, and hides the parts that may contain a secret.

A log line, an exception's text or a URL may contain any text. Only texts in the worker's own form are shown.
Source: docs/reference/backfill-worker.md (log lines are one JSON object each, with our tags).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from checks.model.redaction import MAX_READ

TAGS = ("[ACE API]", "[Backfill]")
ROUTES = ("/health", "/status", "/trigger", "/replace", "/pause", "/resume")
EVENTS = ("cron", "queue")  # other invocations of the worker that have a name
BATCH = "POST /trigger"
REFUSED = "a refused POST /trigger"
CODE = re.compile(r"[a-z_]{1,40}")
NAME = re.compile(r"[A-Za-z]{1,40}")
CODES_BY_MESSAGE = {"[Backfill] Unexpected error": "internal", "[Backfill] Not configured": "not_configured"}
# Refusals in lines of another worker, for example an older one. Source: step 6 of docs/reference/runbook.md.
REFUSALS = (
    (re.compile(r"\b401\b"), "401"),
    (re.compile(r"\b403\b"), "403"),
    (re.compile(r"An unhandled exception occurred", re.IGNORECASE), "500, as ACE answers to an unknown key"),
)
SUCCESS = re.compile(r"\bsuccess", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line with one of our tags. ``text`` may be shown. ``code`` is the worker's error code."""

    text: str
    code: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One invocation. ``event`` is a request to one of the worker's routes, ``cron``, ``queue``, or another event.

    A request for a batch that was answered with 401 is REFUSED: it ran no batch, and its trace may arrive late.
    ``leaks`` are the places of secrets in its log and exceptions, each with the name of the secret.
    """

    event: str
    outcome: str
    exceptions: tuple[str, ...] = ()
    lines: tuple[Line, ...] = field(default=())
    cut: bool = False
    leaks: tuple[tuple[str, str], ...] = ()

    @classmethod
    def read(cls, item: Mapping[str, Any], find_secret: Callable[[bytes], str] = lambda _text: "") -> Invocation:
        """Read a TraceItem. Parts of an undocumented form are ignored.

        ``find_secret`` returns the name of a secret in a text.
        """
        logs = (line for log in _select_objects(item.get("logs")) for line in _read_lines(log.get("message")))
        return cls(
            event=_describe_event(item.get("event")),
            outcome=_match(item.get("outcome"), NAME) or "unknown",
            exceptions=tuple(_describe_exception(error) for error in _select_objects(item.get("exceptions"))),
            lines=tuple(logs),
            cut=item.get("truncated") is True,
            leaks=tuple(_find_leaks(item, find_secret)),
        )

    @property
    def is_batch(self) -> bool:
        """Return whether the invocation copies days, or plans them."""
        return self.event in (BATCH, *EVENTS)


def is_overload(item: Mapping[str, Any]) -> bool:
    """Return whether this is Cloudflare's notice that it leaves items out, and not an invocation."""
    event = item.get("event")
    return isinstance(event, dict) and str(event.get("type", "")).startswith("overload")


def _describe_event(event: object) -> str:
    found = event if isinstance(event, dict) else {}
    request = found.get("request")
    if not isinstance(request, dict):
        return next((name for name in EVENTS if name in found), "another event")
    try:
        path = urlsplit(str(request.get("url"))).path
    except ValueError:
        path = ""
    method, response = _match(request.get("method"), NAME), found.get("response")
    if f"{method} {path}" == BATCH and isinstance(response, dict) and response.get("status") == 401:
        return REFUSED
    return f"{method} {path}" if path in ROUTES and method else "another request"


def _read_lines(message: object) -> Iterator[Line]:
    """Yield the lines of one console call that have one of our tags."""
    for text in message if isinstance(message, list) else [message]:
        if isinstance(text, str) and any(tag in text for tag in TAGS):
            yield _read_line(text)


def _read_line(text: str) -> Line:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    message_text = fields.get("message") if isinstance(fields, dict) else None
    if not isinstance(fields, dict) or not isinstance(message_text, str) or not message_text.startswith(TAGS):
        tag = next(tag for tag in TAGS if tag in text)
        found = (name for pattern, name in REFUSALS if pattern.search(text))
        refusal = "" if SUCCESS.search(text) else next(found, "")  # "Success: 401 samples" is not a refusal
        return Line(text=f"{tag} …", refusal=refusal)
    reason = fields.get("reason")
    shown = f"{message_text}: {reason}" if isinstance(reason, str) else message_text
    return Line(text=_cut_text(shown), code=_match(fields.get("code"), CODE) or CODES_BY_MESSAGE.get(message_text, ""))


def _find_leaks(item: Mapping[str, Any], find_secret: Callable[[bytes], str]) -> Iterator[tuple[str, str]]:
    """Yield the place and the name of each secret. The lines of an invocation are counted from 1."""
    for part, title in (("logs", "log line"), ("exceptions", "exception")):
        for number, entry in enumerate(_select_objects(item.get(part)), 1):
            message = entry.get("message")
            texts = message if isinstance(message, list) else [message]
            shown = "\n".join(text if isinstance(text, str) else json.dumps(text) for text in texts)
            name = find_secret(shown.encode("utf-8", "replace"))
            if name:
                yield f"{title} {number}", name


def _describe_exception(error: Mapping[str, Any]) -> str:
    """Return an exception's name, and its text where the worker itself wrote it."""
    name, text = _match(error.get("name"), NAME) or "an exception", error.get("message")
    return _cut_text(f"{name}: {text}") if isinstance(text, str) and text.startswith(TAGS) else name


def _select_objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _match(value: object, form: re.Pattern[str]) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else ""


def _cut_text(text: str) -> str:
    """Return MAX_READ characters and one more, so that the redaction sees a longer text. It masks before it cuts."""
    return text[: MAX_READ + 1]
