"""A fault of the fake system, and the changes that most faults are made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes import days
from tests.fakes.random_system import RandomSystem

Apply = Callable[[RandomSystem], object]
Body = dict[str, Any]
BROKEN, INCONCLUSIVE = 1, 3  # exit codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One defect of the system, and the correct outcomes.

    ``causes`` are all that any finding may name: another cause sends people to the wrong place. ``codes`` are the right
    exit codes: inconclusive only where the checks cannot know. ``at_noon``: near midnight, where clocks may differ on
    the day, it would not be a defect. ``is_new``: the worker is new, because the defect has no past. ``many``: it is a
    defect of one site, so the system has several.
    """

    apply: Apply
    causes: frozenset[str]
    codes: frozenset[int] = frozenset({BROKEN})
    at_noon: bool = False
    is_new: bool = False
    many: bool = False


def fault(
    apply: Apply,
    *causes: str,
    codes: tuple[int, ...] = (BROKEN,),
    at_noon: bool = False,
    is_new: bool = False,
    many: bool = False,
) -> Fault:
    """Return a fault."""
    named, right = frozenset(causes), frozenset(codes)
    return Fault(apply=apply, causes=named, codes=right, at_noon=at_noon, is_new=is_new, many=many)


def answer_with(path: str, **changed: Any) -> Apply:
    """Change the worker's answers of a route. Names with ``__`` are of an object in the body."""

    def apply(system: RandomSystem) -> None:
        def edit(asked: str, status: int, body: Body) -> tuple[int, Body]:
            if asked != path or status not in (200, 503):
                return status, body
            for name, value in changed.items():
                *parents, last = name.split("__")
                place = body
                for parent in parents:
                    place[parent] = place = dict(place[parent])
                place[last] = value
            return status, body

        system.worker.edit = edit

    return apply


def damage(**changes: Callable[[days.Stored], Any]) -> Apply:
    """Change the object of a day that the checks read today."""
    return lambda system: system.damage_read_day(**changes)


def rewrite(change: Callable[[list[days.Row]], list[days.Row]]) -> Apply:
    """Store a day of some site that the checks read today whole, with true metadata, from changed rows of ACE."""
    return lambda system: system.rewrite_read_day(change)


def assign(part: str, **attributes: Any) -> Apply:
    """Set attributes of one part of the system."""

    def apply(system: RandomSystem) -> None:
        for name, value in attributes.items():
            setattr(getattr(system, part), name, value)

    return apply
