"""A change outside Pulumi, as data: the program records it, the review shows it.

The record travels as the input of the component ``Drift`` (infra/resources/drift.py). Names come from the live account
and may hold any characters, so every output escapes them. The upload's message is a sentence for people.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAX_MESSAGE = 1_000  # bytes of a version's message, Cloudflare's limit
MAX_CRONS = 5  # shown in a sentence
MAX_NAME = 128  # characters of one name in a sentence
DELETED, ADDED, CHANGED = "deleted", "added", "changed"

# Where a change comes from. Cloudflare's own `triggered_by` has other values besides, which are kept as they are.
SECRET, UPLOAD, DEPLOYMENT = "secret", "upload", "deployment"
ROLLBACK, SPLIT, UNKNOWN_VERSION, BINDINGS, CRONS = "rollback", "split", "unknown version", "bindings", "crons"

ACTIONS = {  # origin -> with an author, without one
    SECRET: ("changed secrets", "secrets were changed"),
    UPLOAD: ("uploaded another version", "another version was uploaded"),
    DEPLOYMENT: ("deployed another version", "another version was deployed"),
    ROLLBACK: ("made an older version live again", "an older version was made live again"),
    SPLIT: ("split the traffic over several versions", "the traffic was split over several versions"),
    BINDINGS: ("deployed bindings that differ from the tag", "bindings that differ from the tag were deployed"),
    CRONS: ("changed the crons", "the crons were changed"),
}
OTHER_ACTION = ("changed the worker", "the worker was changed")


class DriftError(ValueError):
    """The given data is not a record of drift; the message says in one line what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChange:
    """A binding that was deleted, added or changed outside Pulumi; never its value."""

    name: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveBinding:
    """A live binding: its name and kind, never its value."""

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
        """Read the output of ``to_dict``; raises DriftError for any other data."""
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

    def __str__(self) -> str:
        """Return the whole record as one line of ASCII, however long."""
        return self._sentence(sum(map(len, self._lists().values())))

    def message(self) -> str:
        """Return the line within MAX_MESSAGE bytes: names that do not fit are counted."""
        text = ""
        for shown in range(sum(map(len, self._lists().values())), -1, -1):
            text = self._sentence(shown)
            if len(text) <= MAX_MESSAGE:
                break
        return text

    def _sentence(self, shown: int) -> str:
        sentences = [self._head()]
        left = shown
        for title, words in self._lists().items():
            kept = words[:left]
            left -= len(kept)
            sentences += _listed(title, kept, len(words) - len(kept))
        if self.crons is not None:
            crons = [_shown(cron) for cron in self.crons]
            sentences += _listed("Live crons", crons[:MAX_CRONS] or ["none"], len(crons[MAX_CRONS:]))
        if self.origin == CRONS:
            sentences.append("Cloudflare does not record who changed a cron, or when")
        sentences.append("`pulumi up` takes it over" if self.adopted else "`pulumi up` restores it")
        return ". ".join(sentences)

    def _head(self) -> str:
        version, when = _shown(self.version[:8]), f"on {_shown(self.at)} UTC" if self.at else ""
        author = _shown(self.author) if self.author else None
        if self.adopted:
            last = f" (last changed by {author} {when})" if author and when else ""
            return f"adopts live version {version}, which is not an upload of this stack{last}"
        active, passive = ACTIONS.get(self.origin, OTHER_ACTION)
        if self._names_one_secret():
            name, change = _shown(self.changes[0].name), self.changes[0].change
            active, passive = f"{_shown(change)} {name}", f"{name} was {_shown(change)}"
        action = f"{author} {active} outside Pulumi {when}".rstrip() if author else f"{passive} outside Pulumi"
        return f"drift: {action} (live version {version})"

    def _names_one_secret(self) -> bool:
        return self.origin == SECRET and len(self.changes) == 1

    def _lists(self) -> dict[str, list[str]]:
        """Return the lists that a limit may shorten, the most important first."""
        changes = () if self._names_one_secret() else self.changes
        return {
            "Bindings": [f"{_shown(item.name)} {_shown(item.change)}" for item in changes],
            "Lost": [f"{_shown(item.name)} ({_shown(item.type)})" for item in self.lost],
            "Replaced": [f"{_shown(item.name)} ({_shown(item.type)})" for item in self.replaced],
        }


def _listed(title: str, words: list[str], more: int) -> list[str]:
    shown = [*words, *([f"and {more} more"] if more else [])]
    return [f"{title}: {', '.join(shown)}"] if shown else []


def _shown(text: str) -> str:
    """Return a text from outside in printable ASCII, at most MAX_NAME characters."""
    escaped = "".join(c if c.isascii() and c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f"{escaped[: MAX_NAME - 3]}..." if len(escaped) > MAX_NAME else escaped


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
