"""Stands in for ``infra/live.py`` and ``infra/api.py`` in the bench's program without the ledger: asks nobody."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext


class ApiError(Exception):
    """Never raised; the program names it."""


Client = object


class Version:
    """Never made; the program's annotations name it."""


class Worker:
    """Never made; the program's annotations name it."""


def connect(*_: object) -> AbstractContextManager[None]:
    """Return no client."""
    return nullcontext()


def read(*_: object, **__: object) -> None:
    """Say that nothing is live."""


def bindings(*_: object) -> tuple[()]:
    """Return no bindings."""
    return ()


def has_bucket(*_: object) -> bool:
    """Say that there is no bucket, so that nobody asks the engine for the state either."""
    return False
