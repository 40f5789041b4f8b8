"""A change outside Pulumi as a statement: it is made by the API, then named and restored by `pulumi up`.

Rows of one batch do not disturb each other, so one update names and restores all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cloudflare_client.errors import AbsentError, CloudflareError
from conformance.account.api import explain
from conformance.engine.stack import EngineError, Update
from conformance.statement import SHAPE_ERRORS, Answer, describe_shape, judge, unknown
from conformance.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A change outside Pulumi, the words by which an update names it, and whether the declared state is restored.

    ``is_restored`` returns None where it could not look.
    """

    name: str
    change: Callable[[World], None]
    words: tuple[str, ...]
    is_restored: Callable[[World], bool | None]

    @property
    def id(self) -> str:
        """Return the id of its statement."""
        return "drift-" + "-".join(self.name.lower().replace("/", " ").replace(".", " ").split())

    @property
    def text(self) -> str:
        """Return its statement."""
        return f"`pulumi up` names and restores the change: {self.name}. The next preview is empty."


def probe_batch(rows: Sequence[Row], world: World) -> list[Answer]:
    """Make the changes of all rows, run one update, and return the answer for each row."""
    try:
        for row in rows:
            row.change(world)
        idle = [row.name for row in rows if _look(row, world)]
        if idle:
            return [unknown(f"the change had no effect: {', '.join(idle)}") for _ in rows]
        done = world.stack.up()
        changes = world.stack.describe_changes()
        return [_judge(row, world, done, changes) for row in rows]
    except CloudflareError as error:
        return [unknown(explain(error)) for _ in rows]
    except EngineError as error:
        return [unknown(str(error)) for _ in rows]
    except SHAPE_ERRORS as error:
        return [unknown(describe_shape(error)) for _ in rows]


def _judge(row: Row, world: World, done: Update, changes: str) -> Answer:
    unnamed = [words for words in row.words if words not in done.output]
    restored = _look(row, world)
    if restored is None:
        return unknown(f"the restored state could not be read: {world.worker.url} does not answer")
    gaps = [
        text
        for text, holds in (
            (f"the update does not show {', '.join(map(repr, unnamed))}", not unnamed),
            ("the declared state is not restored", restored),
            (changes, not changes),
        )
        if not holds
    ]
    shown = ", ".join(map(repr, row.words))
    return judge(not gaps, ". ".join(gaps) or f"the update shows {shown}, and the next preview is empty")


def _look(row: Row, world: World) -> bool | None:
    """Return whether the declared state is restored. A missing thing is not."""
    try:
        return row.is_restored(world)
    except (AbsentError, KeyError):
        return False
