"""The transcript of a run, as Markdown for people and as JSON for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from conformance.account.clean_up import Left
from conformance.statement import Result, Verdict

SCHEMA = 1
CONFIRMED, REFUTED, UNKNOWN = 0, 1, 3  # exit codes, as those of the checks


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """The results of a run, the programs that it used, and the things that it could not delete."""

    name: str
    at: datetime
    versions: dict[str, str]
    results: Sequence[Result]
    left: Sequence[Left]
    requests: int

    @property
    def counts(self) -> dict[str, int]:
        """Return the number of statements of each verdict."""
        found = Counter(result.answer.verdict for result in self.results)
        return {str(verdict): found[verdict] for verdict in Verdict}

    @property
    def code(self) -> int:
        """Return the exit code. A refuted statement outranks an unknown one, and a thing that is left."""
        if self.counts[Verdict.REFUTED]:
            return REFUTED
        return UNKNOWN if self.counts[Verdict.UNKNOWN] or self.left or not self.results else CONFIRMED

    def to_json(self) -> str:
        """Return the transcript as JSON."""
        data = {
            "schema": SCHEMA,
            "name": self.name,
            "at": f"{self.at:%Y-%m-%dT%H:%M:%SZ}",
            "versions": self.versions,
            "counts": self.counts,
            "exit_code": self.code,
            "requests": self.requests,
            "statements": [
                {
                    "id": result.id,
                    "statement": result.text,
                    "source": result.source,
                    "verdict": str(result.answer.verdict),
                    "evidence": result.answer.evidence,
                }
                for result in self.results
            ],
            "left": [{"kind": item.thing.kind, "name": item.thing.name, "reason": item.reason} for item in self.left],
        }
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"

    def to_markdown(self) -> str:
        """Return the transcript as Markdown."""
        counts = ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items())
        deleted = "Everything that the run made was deleted."
        lines = [
            f"# Conformance run {self.name}",
            "",
            f"{self.at:%Y-%m-%d %H:%M:%S} UTC: {counts}. {self.requests} requests to the API.",
            deleted if not self.left else "The run could not delete:",
            *([""] if self.left else []),
            *(f"* {item}" for item in self.left),
            "",
            *_make_table(("program", "version"), self.versions.items()),
            "",
            *_make_table(("verdict", "statement", "evidence", "relied on by"), map(_make_row, self.results)),
        ]
        return "\n".join(lines) + "\n"


def _make_row(result: Result) -> tuple[str, ...]:
    answer = result.answer
    return f"**{answer.verdict}**", f"{result.text} (`{result.id}`)", answer.evidence, f"`{result.source}`"


def _make_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    table: list[Sequence[str]] = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(_escape(cell) for cell in row)} |" for row in table]


def _escape(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
