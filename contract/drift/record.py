"""A change outside Pulumi, as data: the program records it, the review shows it.

The record travels as the input of the component ``Drift`` (infra/resources/records.py). Names come from the live
account and may hold any characters, so every output escapes them. drift_sentence.py has the sentence for people.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from contract.manifest.reading import RecordError, read_record

DELETED, ADDED, CHANGED = "deleted", "added", "changed"

# Where a change comes from. Cloudflare's own `triggered_by` has other values besides, which are kept as they are.
SECRET, UPLOAD, DEPLOYMENT, SETTINGS = "secret", "upload", "deployment", "settings"
ROLLBACK, SPLIT, UNKNOWN_VERSION, BINDINGS, CRONS = "rollback", "split", "unknown version", "bindings", "crons"
SCRIPT_SETTINGS = "script settings"  # changed without a new version, so they are not Cloudflare's SETTINGS
QUEUE_CONSUMER = "queue consumer"  # its dead-letter queue, which the provider never reads again
PUT_BACK = "put back"  # a rollback by this program after a failed verification
DEAD_LETTER_QUEUE = "dead_letter_queue"  # the name of that setting
UNFINISHED = "unfinished"  # the last `pulumi up` uploaded the worker, and did not send its crons


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
class SettingChange:
    """A setting that differs from its declaration, in the words of the API: ``logpush``, ``on``.

    It is one of the script, or the dead-letter queue of its consumer.
    """

    name: str
    expected: str
    found: str

    @property
    def title(self) -> str:
        """Return the name for people: ``tail consumers``."""
        return self.name.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierChange:
    """A version that was made outside Pulumi after the last upload of this stack, and before the live change."""

    version: str
    origin: str
    author: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How a live worker differs from the last upload of this stack.

    ``origin`` is the kind of change. ``author`` and ``at`` (UTC) are None where Cloudflare does not record them.
    ``earlier`` are the changes between the last upload of this stack and this one, newest first.
    ``adopted`` says that the worker was never an upload of this stack, and ``stack`` is the beginning of its tag where
    another stack of this program deployed it. ``crons`` are the live ones, None where they are
    as declared. ``lost`` are bindings of which no declaration has the name and kind, ``replaced`` those that are
    declared with another value. ``settings`` are those of the script and of its consumer that differ.
    """

    version: str
    origin: str
    author: str | None = None
    at: str | None = None
    adopted: bool = False
    stack: str | None = None
    changes: tuple[BindingChange, ...] = ()
    crons: tuple[str, ...] | None = None
    lost: tuple[LiveBinding, ...] = ()
    replaced: tuple[LiveBinding, ...] = ()
    earlier: tuple[EarlierChange, ...] = ()
    settings: tuple[SettingChange, ...] = ()

    @property
    def is_outside(self) -> bool:
        """Return whether a change outside Pulumi made the difference."""
        return self.origin != UNFINISHED

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
        try:
            return read_record(cls, data, "drift")
        except RecordError as error:
            raise DriftError(str(error)) from None
