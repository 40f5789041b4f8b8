"""Which checks to run: those named, what they need, and not those left out."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from checks.check import Check

READ_ONLY = "read-only"


class SelectionError(ValueError):
    """What was asked for does not exist or leaves nothing; the message is one line."""


def select(
    checks: Mapping[str, Check],
    *,
    names: Collection[str] = (),
    tags: Collection[str] = (),
    skip: Collection[str] = (),
    read_only: bool = False,
) -> tuple[Check, ...]:
    """Return the checks to run, in the catalogue's order.

    ``names`` and ``tags`` choose (all, when there is neither) and bring what they need; ``skip`` (ids or tags) and
    ``read_only`` leave out, needed or not.
    """
    known_tags = {tag for check in checks.values() for tag in check.tags}
    for name in names:
        _require_known(name, checks.keys(), "check")
    for tag in tags:
        _require_known(tag, known_tags, "tag")
    for name in skip:
        _require_known(name, checks.keys() | known_tags, "check or tag")
    chosen = {check.id for check in checks.values() if check.id in names or check.tags & set(tags)}
    wanted = _add_needs(checks, chosen or checks.keys())
    left = tuple(check for check in checks.values() if check.id in wanted and not _is_left_out(check, skip, read_only))
    contradicted = [name for name in names if name not in {check.id for check in left}]
    if contradicted:
        raise SelectionError(f"{contradicted[0]!r} is named, and left out by --read-only or --skip")
    if not left:
        raise SelectionError("nothing is left to run")
    return left


def _add_needs(checks: Mapping[str, Check], chosen: Collection[str]) -> set[str]:
    wanted: set[str] = set()
    pending = list(chosen)
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending.extend((*checks[name].needs, *checks[name].includes))
    return wanted


def _is_left_out(check: Check, skip: Collection[str], read_only: bool) -> bool:
    return check.id in skip or bool(check.tags & set(skip)) or (read_only and READ_ONLY not in check.tags)


def _require_known(name: str, known: Collection[str], kind: str) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        help_ = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
        raise SelectionError(f"no such {kind} {name!r}; {help_}")
