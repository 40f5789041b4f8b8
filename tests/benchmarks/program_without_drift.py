"""Replaces ``infra/account.py`` in the benchmark's program that does not look for drift: it sends no request."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext


class LiveWorker:
    """Never created. The program names it."""


class LiveAccount:
    """An account without workers and buckets."""

    def read_worker(self, *_: object, **__: object) -> None:
        """Return that there is no live worker."""

    def read_bindings(self, *_: object) -> tuple[()]:
        """Return no bindings."""
        return ()

    def require_subdomain(self, _: str) -> None:
        """Accept every address."""

    def find_queue(self, _: str) -> None:
        """Return that there is no queue."""

    def find_bucket(self, *_: object) -> None:
        """Return that there is no bucket."""


def open_account(_: object) -> AbstractContextManager[LiveAccount]:
    """Return a context with an account that sends no request."""
    return nullcontext(LiveAccount())
