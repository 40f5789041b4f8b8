"""The names of one run. None of them may exist before the run."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime

PREFIX = "bv-conformance-"
_FORM = re.compile(rf"{PREFIX}[a-z0-9]([a-z0-9-]{{0,28}}[a-z0-9])?")


class NameRefusedError(Exception):
    """The run is refused before anything was created. The message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The names of a run. Worker, bucket, stack and database have the name of the run."""

    run: str

    @property
    def other_bucket(self) -> str:
        """Return the name of the bucket that the worker is pointed at by a change outside Pulumi."""
        return f"{self.run}-other"

    @property
    def absent(self) -> str:
        """Return the name of a worker that never exists."""
        return f"{self.run}-absent"

    @property
    def buckets(self) -> tuple[str, str]:
        """Return the names of both buckets."""
        return self.run, self.other_bucket


def make_name(now: datetime) -> str:
    """Return a new name: the date and six random hex digits."""
    return f"{PREFIX}{now:%Y%m%d}-{secrets.token_hex(3)}"


def parse_name(text: str) -> Names:
    """Return the names of a run. Raises NameRefusedError for a name of another form, which may be a name in use."""
    if not _FORM.fullmatch(text):
        raise NameRefusedError(
            f"--name: expected {PREFIX} and at most 30 of a-z, 0-9 and '-', so that no worker of yours has the name"
        )
    return Names(run=text)
