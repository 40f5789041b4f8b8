"""The steps of ``pulumi preview --json``, as the engine (3.259.0) writes them; nothing here decides what may be shown.

A refresh step comes before the refresh, so that it holds what the state recorded; the old state of a later step of the
same resource is what the refresh found. The JSON has no new outputs of the stack: inputs of components stand in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_URN = re.compile(
    r"urn:pulumi:(?P<stack>[\w.-]{1,100})::(?P<project>[\w.-]{1,100})::"
    r"(?:[\w:/.-]+\$)*(?P<type>[\w:/.-]{1,200})::(?P<name>[\w.-]{1,100})"
)
Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: what is done (``op``, the engine's word) to which resource, and its states before and after.

    ``reasons`` are the properties that differ, and some that the provider computes.
    """

    op: str
    urn: str
    project: str
    stack: str
    type: str
    name: str
    old: Properties
    new: Properties
    reasons: frozenset[str]

    def inputs(self, *, old: bool = False) -> Properties:
        """Return the declared properties, after or before; empty where the JSON has none."""
        return _object((self.old if old else self.new).get("inputs"))

    @property
    def live(self) -> Properties:
        """Return the outputs before: in a refresh step those recorded, in a later one those found."""
        return _object(self.old.get("outputs"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error: the engine's text, and the type and name of the resource that it is about, None where there is none."""

    text: str
    type: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """The whole of it, as far as it can be read.

    ``unread`` says that a step is there which this grammar does not know. ``warnings`` are texts, whoever's.
    """

    steps: tuple[Step, ...]
    unread: bool
    errors: tuple[Problem, ...]
    warnings: tuple[str, ...]
    settings: frozenset[str]


def read(raw: bytes) -> Output | None:
    """Return what the engine wrote, None where it is no preview."""
    try:
        data = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        return None
    steps = [_step(item) for item in data["steps"]]
    return Output(
        steps=tuple(step for step in steps if step is not None),
        unread=None in steps,
        errors=tuple(_problem(item) for item in _objects(data.get("diagnostics")) if item.get("severity") == "error"),
        warnings=tuple(
            str(item.get("message")).strip().removeprefix("warning: ")
            for item in _objects(data.get("diagnostics"))
            if item.get("severity") == "warning"
        ),
        settings=frozenset(key.partition(":")[2] for key in _object(data.get("config"))),
    )


def _problem(item: Properties) -> Problem:
    urn, text = _urn(item), str(item.get("message"))
    return Problem(text=text) if urn is None else Problem(text=text, type=urn["type"], name=urn["name"])


def _step(item: object) -> Step | None:
    item = _object(item)
    urn, op, reasons = _urn(item), item.get("op"), item.get("diffReasons")
    if urn is None or not isinstance(op, str):
        return None
    named = frozenset(reason for reason in reasons if isinstance(reason, str)) if isinstance(reasons, list) else ()
    old, new = _object(item.get("oldState")), _object(item.get("newState"))
    return Step(op=op, urn=urn[0], old=old, new=new, reasons=frozenset(named), **urn.groupdict())


def _urn(item: Properties) -> re.Match[str] | None:
    text = item.get("urn")
    return _URN.fullmatch(text) if isinstance(text, str) else None


def _objects(found: object) -> list[Properties]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _object(found: object) -> Properties:
    return found if isinstance(found, dict) else {}
