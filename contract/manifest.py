"""What a deployment promised: plain data, standard library only, no secret in it.

The program (``infra/``) writes a manifest as the stack output ``manifest``; the checks (``checks/``) read it.
The rooms meet here and nowhere else, so this file imports nothing of theirs. Source: shared contracts, section 4.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SCHEMA = 1


class ManifestError(ValueError):
    """The given data is not a manifest of this schema; the message says in one line what is wrong and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """The worker: ``version`` is the program's own (1.0.0), ``tag`` the mark that its upload carries."""

    name: str
    url: str
    service: str
    version: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """One binding; ``properties`` are its public settings (a bucket's name, a plain text), none for a secret."""

    name: str
    type: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The bucket, and where in it a day lies; ``prefix`` is the key up to the date."""

    bucket: str
    jurisdiction: str
    key_template: str
    prefix: str

    def key(self, site: str, date: str) -> str:
        """Return the object key of one site's day (an ISO date)."""
        return self.key_template.replace("{site}", site).replace("{date}", date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ace:
    """What is copied: a site from a first to a last day (ISO dates, UTC); no ``end_date`` means yesterday."""

    base_url: str
    site: str
    start_date: str
    end_date: str | None
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Siblings:
    """Workers that this project does not deploy, but that must agree with it."""

    query_url: str | None = None
    etl_worker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything that a deployment promised."""

    project: str
    stack: str
    account_id: str
    worker: Worker
    bindings: tuple[Binding, ...]
    schedules: tuple[str, ...]
    storage: Storage
    ace: Ace
    siblings: Siblings

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as JSON-ready data, the form of the stack output."""
        data = {"schema": SCHEMA, **dataclasses.asdict(self)}
        data["bindings"] = [{"name": b.name, "type": b.type, **b.properties} for b in self.bindings]
        data["schedules"] = list(self.schedules)
        return data

    def with_tag(self, tag: str) -> Manifest:
        """Return the same promises, of a worker whose upload carries this mark."""
        return dataclasses.replace(self, worker=dataclasses.replace(self.worker, tag=tag))

    def digest(self) -> str:
        """Return 12 hex digits that name what is promised; the worker's ``tag`` is left out, as it holds this."""
        canonical = json.dumps(self.with_tag("").to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @classmethod
    def from_dict(cls, data: object) -> Manifest:
        """Read what ``to_dict`` wrote.

        Raises ManifestError for another schema, a missing, unknown or ill-typed field.
        """
        if not isinstance(data, dict):
            raise ManifestError(f"manifest: expected an object, found {_kind(data)}")
        if data.get("schema") != SCHEMA:
            raise ManifestError(f"manifest.schema: expected {SCHEMA}, found {data.get('schema')!r}")
        fields = {key: value for key, value in data.items() if key != "schema"}
        bindings = _list(fields.pop("bindings", None), "manifest.bindings")
        schedules = _list(fields.pop("schedules", None), "manifest.schedules")
        rooms: dict[str, Any] = {
            name: _read(kind, fields.pop(name, None), f"manifest.{name}")
            for name, kind in (("worker", Worker), ("storage", Storage), ("ace", Ace), ("siblings", Siblings))
        }
        names = ("project", "stack", "account_id")
        for name in names:
            rooms[name] = _value(fields.pop(name, None), str, f"manifest.{name}")
        _refuse_unknown(fields, "manifest")
        return cls(
            bindings=tuple(_binding(item, f"manifest.bindings[{i}]") for i, item in enumerate(bindings)),
            schedules=tuple(_value(item, str, f"manifest.schedules[{i}]") for i, item in enumerate(schedules)),
            **rooms,
        )


def _binding(data: object, where: str) -> Binding:
    fields = {key: _value(value, str, f"{where}.{key}") for key, value in _object(data, where).items()}
    missing = [key for key in ("name", "type") if key not in fields]
    if missing:
        raise ManifestError(f"{where}.{missing[0]}: missing")
    return Binding(name=fields.pop("name"), type=fields.pop("type"), properties=fields)


def _read(kind: type[Any], data: object, where: str) -> Any:
    fields = dict(_object(data, where))
    hints = typing.get_type_hints(kind)
    values = {}
    for item in dataclasses.fields(kind):
        if item.name in fields or item.default is dataclasses.MISSING:
            values[item.name] = _value(fields.pop(item.name, None), hints[item.name], f"{where}.{item.name}")
    _refuse_unknown(fields, where)
    return kind(**values)


def _value(value: object, kind: Any, where: str) -> Any:
    allowed = typing.get_args(kind) if isinstance(kind, types.UnionType) else (kind,)
    if type(value) not in allowed:
        expected = " or ".join("null" if k is types.NoneType else k.__name__ for k in allowed)
        raise ManifestError(f"{where}: expected {expected}, found {_kind(value)}")
    return value


def _object(data: object, where: str) -> Mapping[str, object]:
    if not isinstance(data, dict):
        raise ManifestError(f"{where}: expected an object, found {_kind(data)}")
    return data


def _list(data: object, where: str) -> list[object]:
    if not isinstance(data, list):
        raise ManifestError(f"{where}: expected a list, found {_kind(data)}")
    return data


def _refuse_unknown(fields: Mapping[str, object], where: str) -> None:
    if fields:
        raise ManifestError(f"{where}: unknown field {min(fields)!r}")


def _kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__
