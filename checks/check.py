"""All that the author of a check must know: Check, KnownCause and Context.

A check is a function that takes the Context and yields Evidence and Findings. It ends early by
``raise Failed(finding)`` or ``raise Inconclusive(finding)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from checks.model.clock_readings import ClockReadings
from checks.model.credentials import Credential, Credentials
from checks.model.finding import Evidence, Finding
from checks.model.hint import COMMAND
from checks.stored_days.listing.listed_days import ListedDays
from checks.stored_days.writer import Writer

if TYPE_CHECKING:
    from checks.clients.ace.client import Ace
    from checks.clients.query.client import QueryWorker
    from checks.clients.tail.client import Tail
    from checks.clients.tail.recording import Recording
    from checks.clients.worker.client import BackfillWorker
    from checks.clients.worker.progress import Progress
    from checks.model.deadline import Deadline
    from cloudflare_client.client import CloudflareClient
    from contract.manifest import Manifest
    from contract.schedule import SiteDay

BEFORE_DEPLOYMENT = "pre-deploy"  # the tag of a check that needs the declaration only
ON_REQUEST = "on-request"  # the tag of a check that runs only if it is named


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCause:
    """One usual reason for a check to fail, and its fix."""

    what: str
    fix: str


@dataclass(slots=True, kw_only=True)
class Batch:
    """The batch that the check ``trigger`` ran. The check ``logs`` judges its recorded log.

    ``requested`` says that ``POST /trigger`` was sent. ``progress`` and ``day`` come from its answer. ``recording`` is
    the log, and ``recording_problem`` explains why there is none. ``obstacle`` says why there is no answer.
    """

    requested: bool = False
    progress: Progress | None = None
    day: SiteDay | None = None
    recording: Recording | None = None
    recording_problem: Finding | None = None
    obstacle: Finding | None = None

    @property
    def may_have_stored(self) -> bool:
        """Return whether the batch may have stored days."""
        return self.requested and (self.progress is None or self.progress.samples_written > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything that a check may use. ``stack`` is the name to type after ``--stack``, ``now`` is UTC.

    ``selected`` are the ids of the checks of this run. ``thorough`` asks for all stored days instead of a sample.
    ``ace`` returns ACE's client of a site. ``open_tail`` opens a tail of the worker within a deadline. ``etl`` and
    ``query`` are None where the stack declares no such worker.
    ``ace_probes`` holds the answers of ACE to the checker's own requests, so that each is sent once.
    ``listed_days`` holds the list of the stored days, so that the checks share it.
    ``clock_readings`` are the times in the answers of Cloudflare's API and of the worker. ``writers`` are the versions
    that wrote stored objects, by id, so that each is read once. ``report_progress`` gets a check's id, the number of
    days that are done, and the number of all. ``command`` starts the checks, as in ``python -m checks``, and
    ``source`` is its option for a manifest that is not the stack's.
    """

    manifest: Manifest
    stack: str
    worker: BackfillWorker
    cloudflare: CloudflareClient
    ace: Callable[[str], Ace]
    credentials: Credentials
    deadline: Deadline
    now: datetime
    open_tail: Callable[[Deadline], AbstractContextManager[Tail]]
    selected: frozenset[str]
    thorough: bool = False
    batch: Batch = field(default_factory=Batch)
    ace_probes: dict[str, str] = field(default_factory=dict)
    listed_days: ListedDays = field(default_factory=ListedDays)
    clock_readings: ClockReadings = field(default_factory=ClockReadings)
    writers: dict[str, Writer] = field(default_factory=dict)
    report_progress: Callable[[str, int, int], None] = lambda _check, _done, _total: None
    etl: BackfillWorker | None = None
    query: QueryWorker | None = None
    command: str = COMMAND
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One claim about a deployment, and the function that tests it.

    ``run`` yields at least one Evidence or Finding. An unexpected exception makes the check inconclusive. ``step`` is
    the step in docs/reference/runbook.md, and orders the report. ``needs`` must pass first. ``after`` is only an order.
    ``includes`` are selected along with this check. Without the credentials in ``wants`` the check is inconclusive.
    ``does_not_apply`` returns why this check does not apply to this deployment or run, or None. It sends no request and
    raises nothing. Such a check is skipped first, and blocks no other check.
    """

    run: Callable[[Context], Iterator[Evidence | Finding]]
    proves: str
    runbook: str
    step: int
    causes: tuple[KnownCause, ...]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    wants: tuple[Credential, ...] = ()
    tags: frozenset[str] = frozenset()
    does_not_apply: Callable[[Context], str | None] = lambda _context: None

    @property
    def id(self) -> str:
        """Return the id: the name of the function and of its file."""
        return self.run.__name__
