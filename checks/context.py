"""What a check is given: the promises, the systems to ask, and the patience to ask them with."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from checks.tandem import Tandem

if TYPE_CHECKING:
    from checks.clients.ace import Ace
    from checks.clients.cloudflare import Cloudflare
    from checks.clients.query import Query
    from checks.clients.tail import Tail
    from checks.clients.worker import Worker
    from checks.credentials import Credentials
    from checks.patience import Patience
    from manifest import Manifest


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
    cloudflare: Cloudflare
    ace: Ace
    credentials: Credentials
    patience: Patience
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
