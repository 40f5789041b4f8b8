"""The things that a run made, in a file of the run's folder, so that a later command can delete them as well.

The file names the account, because the same name in another account is another thing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from conformance.names import Names

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
    account: str
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
        data = {"account": self.account, "things": [asdict(thing) for thing in self.things]}
        self.file.write_text(json.dumps(data, indent=1))


def read_ledger(file: Path, names: Names, *, account: str) -> Ledger:
    """Return the list of an earlier run in this account. Raises LedgerError, also for a thing of another name."""
    try:
        data = json.loads(file.read_text())
        made_in, things = str(data["account"]), [Thing(**item) for item in data["things"]]
    except FileNotFoundError:
        raise LedgerError(f"{file.parent} is not the folder of a run on this machine, so nothing is deleted") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise LedgerError(f"{file} cannot be read ({type(error).__name__}), so nothing is deleted") from None
    if made_in != account:
        raise LedgerError(f"the run used the account {made_in}, and this is {account}, so nothing is deleted")
    for thing in things:
        if (thing.place if thing.kind == OBJECT else thing.name) not in names.buckets:
            raise LedgerError(f"{file} names the {thing.kind} {thing.name!r} of another run, so nothing is deleted")
    return Ledger(file=file, account=account, things=things)
