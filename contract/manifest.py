"""The manifest: the promises of a deployment as plain data, without a secret.

The program (``infra/``) writes it as the stack output ``manifest``. The checks and the review read it.
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
    """The given data is not a manifest of this schema. The message names the place and the problem in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredWorker:
    """The worker: ``version`` is the program's own (1.0.0), ``tag`` is the tag of its upload."""

    name: str
    url: str
    service: str
    version: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredBinding:
    """One binding. ``properties`` are its public settings (a bucket's name, a plain text), none for a secret."""

    name: str
    type: str
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The bucket and the keys of its days. ``prefix`` is the key up to the date."""

    bucket: str
    jurisdiction: str
    key_template: str
    prefix: str

    def key(self, site: str, date: str) -> str:
        """Return the object key of one site's day (an ISO date)."""
        return self.key_template.replace("{site}", site).replace("{date}", date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ace:
    """The data to copy: a site from a first to a last day (ISO dates, UTC). No ``end_date`` means yesterday."""

    base_url: str
    site: str
    start_date: str
    end_date: str | None
    page_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedWorkers:
    """The addresses of related workers, which must agree with this one."""

    query_url: str | None = None
    etl_worker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All promises of a deployment."""

    project: str
    stack: str
    account_id: str
    worker: DeclaredWorker
    bindings: tuple[DeclaredBinding, ...]
    schedules: tuple[str, ...]
    storage: Storage
    ace: Ace
    siblings: RelatedWorkers

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as JSON-ready data, the form of the stack output."""
        data = {"schema": SCHEMA, **dataclasses.asdict(self)}
        data["bindings"] = [{"name": b.name, "type": b.type, **b.properties} for b in self.bindings]
        data["schedules"] = list(self.schedules)
        return data

    def with_tag(self, tag: str) -> Manifest:
        """Return the same manifest with this tag of the worker's upload."""
        return dataclasses.replace(self, worker=dataclasses.replace(self.worker, tag=tag))

    def digest(self) -> str:
        """Return 12 hex digits that name the content. The worker's ``tag`` is left out, because it holds them."""
        canonical = json.dumps(self.with_tag("").to_dict(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:12]

    @classmethod
    def from_dict(cls, data: object) -> Manifest:
        """Read the output of ``to_dict``.

        Raises ManifestError for another schema, a missing, unknown or ill-typed field.
        """
        if not isinstance(data, dict):
            raise ManifestError(f"manifest: expected an object, found {_kind(data)}")
        if data.get("schema") != SCHEMA:
            raise ManifestError(f"manifest.schema: expected {SCHEMA}, found {data.get('schema')!r}")
        fields = {key: value for key, value in data.items() if key != "schema"}
        bindings = _list(fields.pop("bindings", None), "manifest.bindings")
        schedules = _list(fields.pop("schedules", None), "manifest.schedules")
        parts: dict[str, Any] = {
            name: _read(kind, fields.pop(name, None), f"manifest.{name}") for name, kind in _PARTS.items()
        }
        names = ("project", "stack", "account_id")
        for name in names:
            parts[name] = _value(fields.pop(name, None), str, f"manifest.{name}")
        _refuse_unknown(fields, "manifest")
        return cls(
            bindings=tuple(_binding(item, f"manifest.bindings[{i}]") for i, item in enumerate(bindings)),
            schedules=tuple(_value(item, str, f"manifest.schedules[{i}]") for i, item in enumerate(schedules)),
            **parts,
        )


_PARTS = {"worker": DeclaredWorker, "storage": Storage, "ace": Ace, "siblings": RelatedWorkers}


def _binding(data: object, where: str) -> DeclaredBinding:
    fields = {key: _value(value, str, f"{where}.{key}") for key, value in _object(data, where).items()}
    missing = [key for key in ("name", "type") if key not in fields]
    if missing:
        raise ManifestError(f"{where}.{missing[0]}: missing")
    return DeclaredBinding(name=fields.pop("name"), type=fields.pop("type"), properties=fields)


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
