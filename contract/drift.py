"""A change outside Pulumi, as data: the program records it, the review shows it.

The record travels as the input of the component ``Drift`` (infra/resources/records.py). Names come from the live account
and may hold any characters, so every output escapes them. drift_sentence.py has the sentence for people.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DELETED, ADDED, CHANGED = "deleted", "added", "changed"

# Where a change comes from. Cloudflare's own `triggered_by` has other values besides, which are kept as they are.
SECRET, UPLOAD, DEPLOYMENT = "secret", "upload", "deployment"
ROLLBACK, SPLIT, UNKNOWN_VERSION, BINDINGS, CRONS = "rollback", "split", "unknown version", "bindings", "crons"


class DriftError(ValueError):
    """The given data is not a record of drift. The message names the problem in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChange:
    """A binding that was deleted, added or changed outside Pulumi. It never has its value."""

    name: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBinding:
    """The name and kind of a live binding."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How a live worker differs from the last upload of this stack.

    ``origin`` is the kind of change. ``author`` and ``at`` (UTC) are None where Cloudflare does not record them.
    ``adopted`` says that the worker was never an upload of this stack. ``crons`` are the live ones, None where they are
    as declared. ``lost`` are bindings of which no declaration has the name and kind, ``replaced`` those that are
    declared with another value.
    """

    version: str
    origin: str
    author: str | None = None
    at: str | None = None
    adopted: bool = False
    changes: tuple[BindingChange, ...] = ()
    crons: tuple[str, ...] | None = None
    lost: tuple[LiveBinding, ...] = ()
    replaced: tuple[LiveBinding, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the record as JSON-ready data, without the fields that have their default."""
        data = {
            field.name: value
            for field, value in zip(dataclasses.fields(self), dataclasses.asdict(self).values(), strict=True)
            if value != field.default
        }
        return {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}

    @classmethod
    def from_dict(cls, data: object) -> Drift:
        """Read the output of ``to_dict``. Raises DriftError for any other data."""
        fields = dict(_expect(data, dict, "the record"))
        crons = fields.pop("crons", None)
        if crons is not None:
            crons = tuple(_expect(item, str, "crons") for item in _expect(crons, list, "crons"))
        record = cls(
            version=_expect(fields.pop("version", None), str, "version"),
            origin=_expect(fields.pop("origin", None), str, "origin"),
            author=_text_or_none(fields.pop("author", None), "author"),
            at=_text_or_none(fields.pop("at", None), "at"),
            adopted=_expect(fields.pop("adopted", False), bool, "adopted"),
            changes=tuple(BindingChange(**item) for item in _items(fields.pop("changes", []), "name", "change")),
            crons=crons,
            lost=tuple(LiveBinding(**item) for item in _items(fields.pop("lost", []), "name", "type")),
            replaced=tuple(LiveBinding(**item) for item in _items(fields.pop("replaced", []), "name", "type")),
        )
        if fields:
            raise DriftError(f"drift: unknown field {min(map(str, fields))!r}")
        return record


def _expect(value: Any, kind: type[Any], where: str) -> Any:
    if type(value) is not kind:
        raise DriftError(f"drift: expected {kind.__name__} as {where}, found {type(value).__name__}")
    return value


def _text_or_none(value: Any, where: str) -> str | None:
    text: str | None = None if value is None else _expect(value, str, where)
    return text


def _items(value: Any, *names: str) -> list[Mapping[str, str]]:
    items = _expect(value, list, names[-1])
    for item in items:
        if set(_expect(item, dict, "an item")) != set(names):
            raise DriftError(f"drift: expected an item with {' and '.join(names)}")
        for name in names:
            _expect(item[name], str, name)
    return list(items)
