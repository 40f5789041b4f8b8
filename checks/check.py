"""All that the author of a check must know: Check, KnownCause and Context."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from checks.model.credentials import Credential, Credentials
from checks.model.finding import Evidence, Finding
from checks.run.tandem import Tandem

if TYPE_CHECKING:
    from checks.clients.ace.client import Ace
    from checks.clients.query.client import Query
    from checks.clients.tail.client import Tail
    from checks.clients.worker.client import Worker
    from checks.model.deadline import Deadline
    from cloudflare_client.client import CloudflareClient
    from contract.manifest import Manifest

BEFORE_DEPLOYMENT = "pre-deploy"  # the tag of a check that judges what is declared, before anything is deployed


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCause:
    """One usual reason for a check to fail, and what to do about it."""

    what: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One promise and the function that judges it.

    ``run`` yields evidence and findings, at least one; what it raises is no verdict. ``step`` is the runbook's and
    orders the report. ``needs`` must hold before it can be judged, ``after`` is only an order, ``beside`` are
    chosen along with it and run at the same time, ``wants`` are the credentials without which it is skipped. ``exempt``
    returns why this deployment makes no such promise, or why there is nothing to judge it by in this run, None where
    there is: a look at the context that asks nobody and raises nothing. An exempt check is skipped before anything else
    is looked at, blocks nobody, and is no lack under --strict.
    """

    run: Callable[[Context], Iterator[Evidence | Finding]]
    proves: str
    runbook: str
    step: int
    causes: tuple[KnownCause, ...]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    wants: tuple[Credential, ...] = ()
    tags: frozenset[str] = frozenset()
    exempt: Callable[[Context], str | None] = lambda _context: None

    @property
    def id(self) -> str:
        """Return the check's name: that of its function and of its file."""
        return self.run.__name__


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything outside that a check may touch; ``stack`` is the name to type after ``--stack``, ``now`` is UTC.

    ``thorough``: look into everything that is stored, not only into a sample. ``tailing`` opens a tail of the worker,
    ``tandem`` is between the check that tails and the one that triggers, ``etl`` and ``query`` are the siblings, None
    without one. ``opinions`` are what ACE said when it was asked in the worker's place, so that it is asked once.
    """

    manifest: Manifest
    stack: str
    worker: Worker
    cloudflare: CloudflareClient
    ace: Ace
    credentials: Credentials
    deadline: Deadline
    now: datetime
    tailing: Callable[[], AbstractContextManager[Tail]]
    thorough: bool = False
    tandem: Tandem = field(default_factory=Tandem)
    opinions: dict[str, str] = field(default_factory=dict)
    etl: Worker | None = None
    query: Query | None = None

    def tail(self) -> str:
        """Return the command that shows the worker's live logs, ready to type."""
        return f"npx wrangler tail {shlex.quote(self.manifest.worker.name)}"

    def pulumi(self, command: str) -> str:
        """Return a Pulumi command for this stack, ready to type."""
        return f"pulumi {command} --stack {shlex.quote(self.stack)}"

    def edit(self) -> str:
        """Return the command that opens this stack's configuration and deploys what was corrected there."""
        file = shlex.quote(f"Pulumi.{self.stack.rpartition('/')[2]}.yaml")
        return f"${{EDITOR:-vi}} {file} && {self.pulumi('up')}"

    def again(self, *checks: str) -> str:
        """Return the command that runs some checks again, ready to type."""
        return f"python -m checks run {' '.join(checks)} --stack {shlex.quote(self.stack)}"
