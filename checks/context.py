"""What a check is given: the promises, the systems to ask, and the patience to ask them with."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checks.clients.cloudflare import Cloudflare
    from checks.clients.worker import Worker
    from checks.credentials import Credentials
    from checks.patience import Patience
    from manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything outside that a check may touch; ``stack`` is the name to type after ``--stack``, ``now`` is UTC."""

    manifest: Manifest
    stack: str
    worker: Worker
    cloudflare: Cloudflare
    credentials: Credentials
    patience: Patience
    now: datetime

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
