"""GitHub's workflow commands: folded parts of a log, annotations and the step's summary. Elsewhere plain lines.

The runner obeys ``::command::`` and ``##[command]`` in any printed line, so the output of other programs is between
``::stop-commands::`` and its end mark, which is random.
"""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

MAX_SUMMARY = 1_048_000  # bytes of a step's summary, GitHub's limit
MAX_ANNOTATIONS = 10  # of one step and kind, GitHub's limit
MAX_TEXT = 1_000  # characters of one annotation
_LEFT_OUT = "\n*A part is left out because of GitHub's limit. The log has it.*\n"


@dataclass(slots=True, kw_only=True)
class Workflow:
    """The place where this job reports. ``masked`` are secrets that no annotation and no summary may hold."""

    on_github: bool
    summary_file: Path | None
    masked: tuple[str, ...] = ()
    annotations: int = 0
    pending: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, environ: Mapping[str, str], masked: Iterable[str] = ()) -> Workflow:
        """Return the workflow of an environment."""
        file = environ.get("GITHUB_STEP_SUMMARY")
        return cls(
            on_github=environ.get("GITHUB_ACTIONS") == "true",
            summary_file=Path(file) if file else None,
            masked=tuple(masked),
        )

    @contextlib.contextmanager
    def inert(self, title: str | None = None) -> Iterator[None]:
        """Let no line of the block be a command of the runner. With a title the block is folded."""
        if not self.on_github:
            yield
            return
        mark = secrets.token_hex(16)
        start = [f"::group::{title}"] if title else []
        self._print(*start, f"::stop-commands::{mark}")
        try:
            yield
        finally:
            self._print(f"::{mark}::", *(["::endgroup::"] if title else []))

    def say(self, *lines: str) -> None:
        """Print lines for people. No line is a command of the runner."""
        with self.inert():
            self._print(*map(self.mask, lines))

    def annotate(self, title: str, text: str) -> None:
        """Add an error to the run's page on GitHub, at most MAX_ANNOTATIONS."""
        if not self.on_github or self.annotations >= MAX_ANNOTATIONS:
            return
        self.annotations += 1
        line = self.mask(" ".join(text.split()))[:MAX_TEXT]
        self._print(f"::error title={_escape(title, property_of=True)}::{_escape(line)}")

    def add_summary(self, text: str) -> None:
        """Append Markdown to the step's summary, at most its limit. Without such a file the log is the report."""
        text = self.mask(text)
        if self.summary_file is None:
            return
        with self.summary_file.open("ab") as file:
            data = f"{text.rstrip()}\n\n".encode()
            if file.tell() + len(data) <= MAX_SUMMARY:
                file.write(data)
                return
            file.write(_LEFT_OUT.encode())
        self.say(*text.splitlines())

    def mask(self, text: str) -> str:
        """Return a text without the secrets of the environment."""
        for secret in self.masked:
            text = text.replace(secret, "[redacted]")
        return text

    @staticmethod
    def _print(*lines: str) -> None:
        """Write lines at once, because a child writes to the same output. A closed output is no error."""
        with contextlib.suppress(OSError):
            sys.stdout.buffer.write("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
            sys.stdout.flush()


def _escape(text: str, *, property_of: bool = False) -> str:
    """Return a text as the data or a property of a command."""
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if property_of else text
