"""The things that a run made, in a file of the run's folder, so that a later command can delete them as well."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

WORKER, DATABASE, BUCKET, OBJECT = "worker", "database", "bucket", "object"


class LedgerError(Exception):
    """A folder has no list of made things. The message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """A thing in the account. ``place`` is the bucket of an object."""

    kind: str
    name: str
    place: str = ""


@dataclass(slots=True, kw_only=True)
class Ledger:
    """The things that may exist. A thing is recorded before the request that makes it."""

    file: Path
    things: list[Thing] = field(default_factory=list)

    def record(self, kind: str, name: str, place: str = "") -> None:
        """Add a thing, once."""
        thing = Thing(kind=kind, name=name, place=place)
        if thing not in self.things:
            self.things.append(thing)
            self.write()

    def forget(self, thing: Thing) -> None:
        """Remove a thing that does not exist, or that another program made."""
        if thing in self.things:
            self.things.remove(thing)
            self.write()

    def write(self) -> None:
        """Write the file."""
        self.file.write_text(json.dumps([asdict(thing) for thing in self.things], indent=1))


def read_ledger(file: Path) -> Ledger:
    """Return the list of an earlier run. Raises LedgerError."""
    try:
        things = [Thing(**item) for item in json.loads(file.read_text())]
    except FileNotFoundError:
        raise LedgerError(f"{file.parent} is not the folder of a run on this machine, so nothing is deleted") from None
    except (OSError, ValueError, TypeError) as error:
        raise LedgerError(f"{file} cannot be read ({type(error).__name__}), so nothing is deleted") from None
    return Ledger(file=file, things=things)
