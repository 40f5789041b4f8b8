"""The request of a run, and its surroundings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from checks.model.deadline import Deadline
from checks.model.hint import COMMAND
from checks.model.report import Result

if TYPE_CHECKING:
    from checks.clients.http.client import Transport
    from checks.clients.tail.client import Connect

Watch = Callable[[str, Result | None], None]  # gets the id of a check that starts, and again with its result
Progress = Callable[[str, int, int], None]  # gets a check's id, the number of days that are done, and of all days

MAX_SECONDS = 3600.0  # of a deadline


class RunRefused(Exception):  # noqa: N818 - the end of a run, not a defect
    """Ends the run with one line and an exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A report format and its file. Without a file the report goes to standard output."""

    format: str
    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The validated command line. ``seconds`` is the deadline of all checks together.

    ``color``, ``width`` and ``fold`` are for standard output. ``notify`` requires a webhook, and ``state`` is the file
    of the state that was told.
    """

    stack: str | None
    manifest: str | None
    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    read_only: bool = False
    seconds: float = 60.0
    targets: tuple[Target, ...] = (Target(format="text"),)
    allow_missing_credentials: bool = False
    quiet: bool = False
    verbose: bool = False
    thorough: bool = False
    color: bool = False
    width: int | None = None
    fold: bool = False
    notify: bool = False
    state: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything outside the request. ``transport`` and ``connect`` replace the network. ``now`` is UTC.

    ``warn`` writes a line to standard error. ``command`` starts the checks, for the next commands of a report, and
    ``source`` is its option for a manifest that is not the stack's.
    """

    environ: Mapping[str, str]
    write: Callable[[str], None]
    transport: Transport | None = None
    connect: Connect | None = None
    deadline: Callable[[float], Deadline] = Deadline.starting_now
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    watch: Watch | None = None
    progress: Progress = lambda _check, _done, _total: None
    warn: Callable[[str], None] = lambda _text: None
    command: str = COMMAND
    source: str = ""
