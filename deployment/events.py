"""The engine's events of one `pulumi up`: changed resources, errors, uploaded workers, the manifest before."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCRIPT_TYPE = "cloudflare:index/workersScript:WorkersScript"
MANIFEST_TYPE, MANIFEST_NAME = "building-vitals:edge:Manifest", "backfill"
UNCHANGED = frozenset({"same", "refresh", "read"})  # operations
STEPS_OF_REPLACEMENT = frozenset({"create-replacement", "delete-replaced"})  # besides `replace` itself
GONE = frozenset({"delete", "delete-replaced", "discard-replaced"})
ENGINE_TYPES = "pulumi:"  # the stack itself and the providers
MAX_ERRORS = 50
_COLOR = re.compile(r"<\{%.*?%\}>")  # the engine's colour marks

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One changed resource: the operation (create, update, …), its type and its name."""

    operation: str
    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker of the stack. ``is_uploaded`` says that this `pulumi up` uploaded it."""

    account: str
    name: str
    is_uploaded: bool


@dataclass(slots=True)
class Update:
    """The result of one `pulumi up`, event by event. It keeps no text except names and the messages of errors."""

    started: bool = False
    changes: list[Change] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    workers: dict[str, Worker] = field(default_factory=dict)
    manifest: Json | None = None
    manifest_before: Json | None = None

    def add(self, line: bytes) -> None:
        """Add one line of the event log. A line of another form is left out."""
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(event, dict):
            return
        self.started = self.started or "preludeEvent" in event
        for name, read in (
            ("diagnosticEvent", self._add_diagnostic),
            ("resourcePreEvent", self._add_planned),
            ("resOutputsEvent", self._add_done),
            ("summaryEvent", self._add_summary),
        ):
            if isinstance(event.get(name), dict):
                read(event[name])

    def _add_diagnostic(self, event: Json) -> None:
        if event.get("severity") != "error" or len(self.errors) >= MAX_ERRORS:
            return
        text = " ".join(_COLOR.sub("", str(event.get("message", ""))).split())
        _, _, resource = str(event.get("urn", "")).rpartition("::")
        line = f"{resource}: {text}" if resource else text
        if text and line not in self.errors:
            self.errors.append(line)

    def _add_planned(self, event: Json) -> None:
        """Keep the manifest of the state, which an update of the component replaces."""
        step = _step(event)
        if step is None or not _is_manifest(step) or self.manifest_before is not None:
            return
        self.manifest_before = _read(step, "old", "inputs", "manifest")

    def _add_done(self, event: Json) -> None:
        step = _step(event)
        if step is None:
            return
        operation, kind = str(step.get("op")), str(step.get("type"))
        if operation not in UNCHANGED | STEPS_OF_REPLACEMENT and not kind.startswith(ENGINE_TYPES):
            self.changes.append(Change(operation=operation, type=kind, name=_name(step)))
        if _is_manifest(step):
            self.manifest = _read(step, "new", "inputs", "manifest") or self.manifest
        if kind == SCRIPT_TYPE and operation not in GONE:
            name, account = _read_text(step, "scriptName"), _read_text(step, "accountId")
            before = self.workers.get(name)
            uploaded = operation not in UNCHANGED or (before is not None and before.is_uploaded)
            if name and account:
                self.workers[name] = Worker(account=account, name=name, is_uploaded=uploaded)

    def _add_summary(self, event: Json) -> None:
        counts = event.get("resourceChanges")
        if isinstance(counts, dict):
            self.counts = {str(name): int(count) for name, count in counts.items() if isinstance(count, int)}


def _step(event: Json) -> dict[str, Any] | None:
    step = event.get("metadata")
    return step if isinstance(step, dict) else None


def _name(step: Json) -> str:
    return str(step.get("urn", "")).rpartition("::")[2]


def _is_manifest(step: Json) -> bool:
    return step.get("type") == MANIFEST_TYPE and _name(step) == MANIFEST_NAME


def _read(step: Json, state: str, part: str, name: str) -> Json | None:
    found = step.get(state)
    values = found.get(part) if isinstance(found, dict) else None
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, dict) else None


def _read_text(step: Json, name: str) -> str:
    """Return an input of the new state as text, empty where it is absent."""
    found = step.get("new")
    values = found.get("inputs") if isinstance(found, dict) else None
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, str) else ""
