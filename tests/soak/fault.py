"""What a fault of the made-up system is, and the ways in which most of them are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes import days
from tests.fakes.system import System

Apply = Callable[[System], None]
Body = dict[str, Any]
BROKEN, INCONCLUSIVE = 1, 3  # exit codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and what is true to say of it.

    ``causes`` are all that may be blamed, by whatever check: a word that is not among them sends people to the wrong
    place. ``codes`` are the exit codes that are right: no verdict only where nobody can know. ``at_noon``: it is none
    at an hour at which clocks may differ on the day.
    """

    apply: Apply
    causes: frozenset[str]
    codes: frozenset[int] = frozenset({BROKEN})
    at_noon: bool = False


def fault(apply: Apply, *causes: str, codes: tuple[int, ...] = (BROKEN,), at_noon: bool = False) -> Fault:
    """Return a fault."""
    return Fault(apply=apply, causes=frozenset(causes), codes=frozenset(codes), at_noon=at_noon)


def said(path: str, **changed: Any) -> Apply:
    """Let the worker say something else on one of its routes; names with ``__`` lie in an object of the body."""

    def apply(system: System) -> None:
        def edit(asked: str, status: int, body: Body) -> tuple[int, Body]:
            if asked != path or status not in (200, 503):
                return status, body
            for name, value in changed.items():
                *rooms, last = name.split("__")
                place = body
                for room in rooms:
                    place[room] = place = dict(place[room])
                place[last] = value
            return status, body

        system.worker.edit = edit

    return apply


def stored(**changes: Callable[[days.Stored], Any]) -> Apply:
    """Let a stored day be another one."""
    return lambda system: system.spoil(**changes)


def first_day(change: Callable[[list[days.Row]], list[days.Row]]) -> Apply:
    """Let a day be stored with other rows than ACE's, whole and with metadata that are true of them."""
    return lambda system: system.store(change(list(system.days[days.day(0)])))


def assign(part: str, **attributes: Any) -> Apply:
    """Set attributes of one part of the system."""

    def apply(system: System) -> None:
        for name, value in attributes.items():
            setattr(getattr(system, part), name, value)

    return apply
