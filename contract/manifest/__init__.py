"""The manifest: the promises of a deployment as plain data, without a secret.

The program (``infra/``) writes it as JSON to the stack output ``manifest``. The checks and the review read it, as
strictly as ``read_record`` reads every record: a missing, unknown or ill-typed field is refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.manifest import schema_1
from contract.manifest.reading import RecordError, read_list, read_object, read_record, read_value
from contract.manifest.sites import DeclaredSite

SCHEMA = 2


class ManifestError(ValueError):
    """The given data is not a manifest of this schema. The message names the place and the problem in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSettings:
    """The settings of the script besides its bindings, as the texts of ``cloudflare_client/script_settings.py``."""

    observability: str
    logpush: str
    tail_consumers: str
    limits: str
    placement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredWorker:
    """The worker: ``version`` is the program's own (1.0.0), ``tag`` is the tag of its upload.

    ``code`` is the SHA-256 of its bundle in hex digits. The manifest of an older deployment has no ``settings``, and
    of a still older one no ``code``.
    """

    name: str
    url: str
    service: str
    version: str
    tag: str
    code: str = ""
    settings: DeclaredSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredBinding:
    """One binding. ``properties`` are its public settings (a bucket's name, a plain text), none for a secret."""

    name: str
    type: str
    properties: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, str]:
        """Return the binding in the form of Cloudflare's API: name, type and settings side by side."""
        return {"name": self.name, "type": self.type, **self.properties}


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """The bucket and the keys of its days."""

    bucket: str
    jurisdiction: str
    key_template: str

    def key(self, site: str, date: str) -> str:
        """Return the object key of one site's day (an ISO date)."""
        return self.key_template.replace("{site}", site).replace("{date}", date)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAce:
    """The requests to ACE. A day is due ``settle_hours`` after its end.

    It is read once more ``recheck_days`` after its end, never where that is 0.
    """

    base_url: str
    page_size: int
    settle_hours: int
    recheck_days: int
    key_expiry_warning_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredQueue:
    """The queue of the days to copy, and the one of those that failed. ``parallelism`` days are copied at once."""

    name: str
    dead_letter_name: str
    parallelism: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedWorkers:
    """The addresses of related workers, which must agree with this one."""

    query_url: str | None = None
    etl_worker: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """All promises of a deployment. A deployment of an older program has no ``queue``."""

    project: str
    stack: str
    account_id: str
    worker: DeclaredWorker
    bindings: tuple[DeclaredBinding, ...]
    schedules: tuple[str, ...]
    storage: Storage
    ace: DeclaredAce
    sites: tuple[DeclaredSite, ...]
    queue: DeclaredQueue | None
    siblings: RelatedWorkers

    def prefix(self, site: str) -> str:
        """Return the key of a site's days up to the date."""
        return key_prefix(self.storage.key_template, site)

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as JSON-ready data. The stack output is its JSON text."""
        data = {"schema": SCHEMA, **dataclasses.asdict(self)}
        data["bindings"] = [binding.to_dict() for binding in self.bindings]
        data["schedules"] = list(self.schedules)
        data["sites"] = [dataclasses.asdict(site) for site in self.sites]
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
        try:
            return cls._read(read_object(data, "manifest"))
        except RecordError as error:
            raise ManifestError(str(error)) from None

    @classmethod
    def from_output(cls, data: object) -> Manifest:
        """Read the stack output: a JSON text, or the object that older programs exported. Raises ManifestError."""
        try:
            decoded = json.loads(data) if isinstance(data, str) else data
        except (ValueError, RecursionError):
            raise ManifestError("manifest: expected an object as JSON, found another text") from None
        return cls.from_dict(decoded)

    @classmethod
    def _read(cls, data: Mapping[str, object]) -> Manifest:
        schema = data.get("schema")
        if schema not in (1, SCHEMA):
            raise RecordError(f"manifest.schema: expected 1 or {SCHEMA}, found {schema!r}")
        fields = {name: value for name, value in data.items() if name != "schema"}
        fields = schema_1.upgrade(fields) if schema == 1 else fields
        if fields.get("sites") == []:
            raise RecordError("manifest.sites: expected at least one site, found none")
        bindings = read_list(fields.get("bindings"), "manifest.bindings")
        declared = tuple(_read_binding(item, f"manifest.bindings[{i}]") for i, item in enumerate(bindings))
        return read_record(cls, fields, "manifest", bindings=declared)


def key_prefix(key_template: str, site: str) -> str:
    """Return the key of a site's days up to the date."""
    return key_template.partition("{date}")[0].replace("{site}", site)


def _read_binding(data: object, where: str) -> DeclaredBinding:
    fields = {name: read_value(str, value, f"{where}.{name}") for name, value in read_object(data, where).items()}
    for name in ("name", "type"):
        if name not in fields:
            raise RecordError(f"{where}.{name}: missing")
    return DeclaredBinding(name=fields.pop("name"), type=fields.pop("type"), properties=fields)
