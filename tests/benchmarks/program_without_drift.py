"""Replaces ``infra/live.py`` in the benchmark's program that does not look for drift: it sends no request."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext


class NotDeployedError(Exception):
    """Never raised. The program names it."""


class NoClient:
    """An account without a bucket, so that the program does not ask the engine for its state either."""

    def has_bucket(self, *_: object) -> bool:
        """Return that there is no bucket."""
        return False


def connect(**_: object) -> AbstractContextManager[NoClient]:
    """Return a context with a client that sends no request."""
    return nullcontext(NoClient())


def read(*_: object, **__: object) -> None:
    """Return that there is no live worker."""


def bindings(*_: object) -> tuple[()]:
    """Return no bindings."""
    return ()
