"""Safe Markdown: values as code, tables of whole rows, and a limit for the whole text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_COMMENT = 65_000  # characters of a comment. GitHub's limit is 65,536, and the footer with the commit has the rest
MAX_ROWS = 100  # of one table
MAX_VALUE = 200  # characters of one value


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells that are Markdown already."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def quote(value: object) -> str:
    """Return a value as a code span on one line, shortened in its middle, in which nothing is Markdown."""
    text = " ".join("".join(char if char.isprintable() else " " for char in str(value)).split())
    if len(text) > MAX_VALUE:
        text = f"{text[: MAX_VALUE // 2]} … {text[-MAX_VALUE // 2 :]}"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}" if text else "(empty)"


def join(blocks: Sequence[str | Table]) -> str:
    """Return the blocks as one text of at most MAX_COMMENT characters. A longer one loses rows of its longest table."""
    tables = {position: len(block.rows) for position, block in enumerate(blocks) if isinstance(block, Table)}
    shown = {position: min(count, MAX_ROWS) for position, count in tables.items()}
    while True:
        text = "\n\n".join(
            _write_table(block, shown[position]) if isinstance(block, Table) else block
            for position, block in enumerate(blocks)
        )
        longest = max(shown, key=lambda position: shown[position], default=None)
        if len(text) < MAX_COMMENT or longest is None or not shown[longest]:
            return text + "\n"
        shown[longest] = shown[longest] * 3 // 4


def _write_table(table: Table, shown: int) -> str:
    lines = [f"| {' | '.join(table.head)} |", f"|{' --- |' * len(table.head)}"]
    cells = ([cell.replace("|", "\\|") for cell in row] for row in table.rows[:shown])
    lines += [f"| {' | '.join(row)} |" for row in cells]
    left = len(table.rows) - shown
    return "\n".join(lines) + (f"\n\n… and {left:,} more: `pulumi preview --diff` shows them all." if left else "")
