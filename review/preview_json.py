"""The steps of ``pulumi preview --json``, as the engine (3.259.0) writes them, before any choice of fields.

The old state of a refresh step is the recorded one. The old state of a later step of the same resource is the
refreshed one. The JSON has no new outputs of the stack, so inputs of components replace them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.secret_scan import has_secret_form

_URN_START = "urn:pulumi:"
_NAME = re.compile(r"[\w.-]{1,100}")  # of a stack or a project
_OBJECT = re.compile(r"^\{", re.MULTILINE)  # the engine begins its object in a line of its own
MAX_LINE, MAX_SHOWN = 2000, 80  # bytes that are read and characters that are shown of output that is not JSON
Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Urn:
    """The engine's name of a resource. ``name`` may hold any characters."""

    text: str
    stack: str
    project: str
    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewStep:
    """One step: the operation (``op``, the engine's word), the resource, and its states before and after.

    ``reasons`` are the properties that differ, and some that the provider computes.
    """

    op: str
    urn: Urn
    old: Properties
    new: Properties
    reasons: frozenset[str]

    @property
    def type(self) -> str:
        """Return the resource's type."""
        return self.urn.type

    @property
    def name(self) -> str:
        """Return the resource's name."""
        return self.urn.name

    def inputs(self, *, old: bool = False) -> Properties:
        """Return the declared properties, after or before. They are empty where the JSON has none."""
        return _read_object((self.old if old else self.new).get("inputs"))

    @property
    def live(self) -> Properties:
        """Return the outputs before: the recorded ones in a refresh step, the refreshed ones in a later step."""
        return _read_object(self.old.get("outputs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewError:
    """An error: the engine's text, and the type and name of the resource that it is about, None where there is none."""

    text: str
    type: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewOutput:
    """All readable steps and errors. ``unread`` says that a step could not be read.

    ``settings`` are the names in the stack's configuration.
    """

    steps: tuple[PreviewStep, ...]
    unread: bool
    errors: tuple[PreviewError, ...]
    settings: frozenset[str]


def read(raw: bytes) -> PreviewOutput | None:
    """Return the engine's output, None where it is not a preview."""
    data = load(raw)
    if not isinstance(data.get("steps"), list):
        return None
    steps = [_read_step(item) for item in data["steps"]]
    diagnostics = _read_objects(data.get("diagnostics"))
    return PreviewOutput(
        steps=tuple(step for step in steps if step is not None),
        unread=None in steps,
        errors=tuple(_read_error(item) for item in diagnostics if item.get("severity") == "error"),
        settings=frozenset(key.partition(":")[2] for key in _read_object(data.get("config"))),
    )


def load(raw: bytes) -> Properties:
    """Return the JSON object of the engine, empty where there is none. Lines before and after it are left out.

    The engine prints such lines while it installs a policy pack or a plugin.
    """
    text = raw.decode(errors="replace")
    found: Properties = {}
    for start in _OBJECT.finditer(text):
        try:
            data, _ = json.JSONDecoder().raw_decode(text, start.start())
        except (ValueError, RecursionError):
            continue
        if "steps" in data:
            return _read_object(data)
        found = found or _read_object(data)
    return found


def describe_unreadable(raw: bytes) -> str:
    """Return one line about output without a JSON object: its beginning, unless that may be a secret."""
    lines = (line.strip() for line in raw[:MAX_LINE].decode(errors="replace").splitlines())
    first = next((line for line in lines if line), "")
    shown = "a line that looks like a secret (hidden)" if has_secret_form(first) else repr(first[:MAX_SHOWN])
    return f"the preview is not JSON: it begins with {shown}"


def _read_error(item: Properties) -> PreviewError:
    urn, text = _read_urn(item.get("urn")), str(item.get("message"))
    return PreviewError(text=text) if urn is None else PreviewError(text=text, type=urn.type, name=urn.name)


def _read_step(item: object) -> PreviewStep | None:
    item = _read_object(item)
    urn, op, reasons = _read_urn(item.get("urn")), item.get("op"), item.get("diffReasons")
    if urn is None or not isinstance(op, str):
        return None
    named = frozenset(reason for reason in reasons if isinstance(reason, str)) if isinstance(reasons, list) else ()
    old, new = _read_object(item.get("oldState")), _read_object(item.get("newState"))
    return PreviewStep(op=op, urn=urn, old=old, new=new, reasons=frozenset(named))


def _read_urn(text: object) -> Urn | None:
    """Read ``urn:pulumi:STACK::PROJECT::TYPE$TYPE::NAME``. Returns None for any other text."""
    if not isinstance(text, str) or not text.startswith(_URN_START):
        return None
    stack, *rest = text.removeprefix(_URN_START).split("::", 3)
    if len(rest) != 3 or not all(rest) or not _NAME.fullmatch(stack) or not _NAME.fullmatch(rest[0]):
        return None
    project, types, name = rest
    return Urn(text=text, stack=stack, project=project, type=types.rpartition("$")[2], name=name)


def _read_objects(found: object) -> list[Properties]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _read_object(found: object) -> Properties:
    return found if isinstance(found, dict) else {}
