"""What an upload supersedes, as one line: written by the program into the upload's message, read back by the review.

Cloudflare keeps the line as the version's ``workers/message``, the preview shows it, and so it is the only way by which
``review/`` learns of changes made by hand. Standard library only. Source: shared contracts, sections 7 and 9.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 1_000  # bytes of a message, Cloudflare's; what is written here is ASCII
DELETED, ADDED, CHANGED = "deleted", "added", "changed"

_VERSION = re.compile(r"[0-9a-f-]{1,8}")
_NAME = re.compile(r"[A-Za-z_$][\w$]{0,127}", re.ASCII)
_WHO = re.compile(r"[\w.+-]{1,100}(?:@[\w.-]{1,100})?", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_HOW = re.compile(r"[a-z_ ]{1,60}")
_TYPE = re.compile(r"[a-z0-9_]{1,40}")
_CRON = re.compile(r"(?=.{9,60}$)[\w*/,#-]+(?: [\w*/,#-]+){4}", re.ASCII)
_UNSHOWN = "unnamed"  # stands for what cannot be written in one word

_LINE = re.compile(
    r"supersedes (?P<version>\S{1,8}), "
    r"(?:(?P<adopted>adopted, last changed)|changed outside) \((?P<how>[a-z_ ]+)\)"
    r"(?: by (?P<by>\S+) on (?P<on>[\d: -]{19}) UTC)?"
    r"(?:; by hand: (?P<changes>[^;]+))?"
    r"(?:; live crons: (?P<crons>[^;]+))?"
    r"(?:; lost: (?P<lost>[^;]+))?"
    r"(?:; replaced: (?P<replaced>[^;]+))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A binding that somebody deleted, added or changed by hand; never its value."""

    name: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A live binding: its name and kind, never its value."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supersession:
    """Which live version is superseded, what made it (``how``), who and when, and what that means for bindings.

    ``adopted`` where the worker never was this stack's. ``by`` and ``on`` are None where nobody records them.
    ``crons`` are the live ones, None where they are as declared. ``lost`` are bindings of which nothing declares the
    name and kind, ``replaced`` those that are declared with another value. ``more`` counts what the limit cut off.
    """

    version: str
    how: str
    by: str | None = None
    on: str | None = None
    adopted: bool = False
    changes: tuple[Change, ...] = ()
    crons: tuple[str, ...] | None = None
    lost: tuple[Bound, ...] = ()
    replaced: tuple[Bound, ...] = ()
    more: int = 0

    def __str__(self) -> str:
        """Return the line, at most LIMIT bytes of ASCII; what is too much is counted, and not cut in a word."""
        text = ""
        for shown in range(sum(map(len, self._clauses())), -1, -1):
            text = self._line(shown)
            if len(text) <= LIMIT:
                break
        return text

    def whole(self) -> str:
        """Return the line with all that is known, however long: for people, not for Cloudflare."""
        return self._line(sum(map(len, self._clauses())))

    def same_as(self, other: Supersession) -> bool:
        """Return whether both tell of the same version and the same hand; one may name more than the other."""
        return self._head() == other._head()

    def _head(self) -> str:
        verb = "adopted, last changed" if self.adopted else "changed outside"
        return f"supersedes {_word(_VERSION, self.version[:8])}, {verb} {deed(self.how, by=self.by, on=self.on)}"

    def _clauses(self) -> tuple[list[str], list[str], list[str]]:
        """Return what may be cut, the most important first: what was done by hand, what is lost, what is replaced."""
        changes = [f"{_word(_NAME, item.name)} {_word(_TYPE, item.what)}" for item in self.changes]
        lost, replaced = (
            [f"{_word(_NAME, item.name)} ({_word(_TYPE, item.type)})" for item in bound]
            for bound in (self.lost, self.replaced)
        )
        return changes, lost, replaced

    def _line(self, shown: int) -> str:
        changes, lost, replaced = self._clauses()
        text, left = self._head(), shown
        for name, items, more in (
            ("by hand", changes, 0),
            ("live crons", None, 0),
            ("lost", lost, self.more),
            ("replaced", replaced, 0),
        ):
            kept = self._crons() if items is None else items[:left]
            cut = more + (0 if items is None else len(items) - len(kept))
            left -= 0 if items is None else len(kept)
            words = [*kept, *([f"and {cut} more"] if cut > 0 else [])]
            text += f"; {name}: {', '.join(words)}" if words else ""
        return text

    def _crons(self) -> list[str]:
        if self.crons is None:
            return []
        return [_word(_CRON, cron) for cron in self.crons[:5]] if self.crons else ["none"]


def deed(how: str, *, by: str | None, on: str | None) -> str:
    """Return what made a version, and who and when where that is recorded; nothing from outside breaks the line."""
    text = f"({_word(_HOW, how)})"
    return f"{text} by {_word(_WHO, by)} on {on} UTC" if by and on and _MOMENT.fullmatch(on) else text


def parse(message: str) -> Supersession | None:
    """Read a line back, None for a message of another form: nothing but this grammar passes."""
    found = _LINE.fullmatch(message)
    if found is None:
        return None
    changes, more = _items(found["changes"])
    named = [re.fullmatch(r"(\S+) (\S+)", item) for item in changes]
    (lost, more_lost), (replaced, more_replaced) = _bound(found["lost"]), _bound(found["replaced"])
    crons = None if found["crons"] is None else tuple(re.split(r", ", found["crons"]))
    return Supersession(
        version=_word(_VERSION, found["version"]),
        how=_word(_HOW, found["how"]),
        by=None if found["by"] is None else _word(_WHO, found["by"]),
        on=found["on"],
        adopted=found["adopted"] is not None,
        changes=tuple(Change(name=_word(_NAME, m[1]), what=_word(_TYPE, m[2])) for m in named if m),
        crons=() if crons == ("none",) else None if crons is None else tuple(_word(_CRON, cron) for cron in crons),
        lost=lost,
        replaced=replaced,
        more=more + more_lost + more_replaced,
    )


def _bound(text: str | None) -> tuple[tuple[Bound, ...], int]:
    items, more = _items(text)
    typed = [re.fullmatch(r"(\S+) \((\S+)\)", item) for item in items]
    return tuple(Bound(name=_word(_NAME, m[1]), type=_word(_TYPE, m[2])) for m in typed if m), more


def _items(text: str | None) -> tuple[list[str], int]:
    items = [] if text is None else text.split(", ")
    more = re.fullmatch(r"and (\d+) more", items[-1]) if items else None
    return (items[:-1], int(more[1])) if more else (items, 0)


def _word(form: re.Pattern[str], text: str) -> str:
    return text if form.fullmatch(text) else _UNSHOWN
