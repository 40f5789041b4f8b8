"""Selects the checks to run: the named ones and their needs, without the skipped ones."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping

from checks.check import ON_REQUEST, Check

READ_ONLY = "read-only"


class SelectionError(ValueError):
    """A check or tag does not exist, or no check is left. The message is one line."""


def select(
    checks: Mapping[str, Check],
    *,
    names: Collection[str] = (),
    tags: Collection[str] = (),
    skip: Collection[str] = (),
    read_only: bool = False,
) -> tuple[Check, ...]:
    """Return the checks to run, in the order of the catalog.

    ``names`` and ``tags`` choose checks and their needs. Without either, all checks are chosen. A check with the tag
    ``on-request`` needs its name or that tag. ``skip`` (ids or tags) and ``read_only`` leave out checks, needed or not.
    """
    known_tags = {tag for check in checks.values() for tag in check.tags}
    for name in names:
        _require_known(name, checks.keys(), "check")
    for tag in tags:
        _require_known(tag, known_tags, "tag")
    for name in skip:
        _require_known(name, checks.keys() | known_tags, "check or tag")
    usual = {name: check for name, check in checks.items() if ON_REQUEST not in check.tags or ON_REQUEST in tags}
    chosen = {*names, *(name for name, check in usual.items() if check.tags & set(tags))}
    wanted = _add_needs(checks, chosen or usual.keys())
    left = tuple(check for check in checks.values() if check.id in wanted and not _is_left_out(check, skip, read_only))
    contradicted = [name for name in names if name not in {check.id for check in left}]
    if contradicted:
        raise SelectionError(f"{contradicted[0]!r} is selected, but --read-only or --skip leaves it out")
    if not left:
        raise SelectionError("no check is left to run")
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
        help_ = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known))}"
        raise SelectionError(f"no {kind} {name!r}. {help_}")
