"""A lock on the stack's state: who holds it, an explanation, and its release."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from deployment.child import Interruption, is_alive, run_child

# The engine's own words: backends of files and buckets, then Pulumi Cloud.
_LOCKED = ("the stack is currently locked by", "Another update is currently in progress")
_HOLDER = re.compile(r"created by (?P<user>.{1,100})@(?P<host>\S{1,255}) \(pid (?P<pid>\d{1,10})\) at (?P<at>\S{1,40})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that made a lock."""

    user: str
    host: str
    pid: int
    at: str

    @property
    def is_here(self) -> bool:
        """Return whether it was made on this machine."""
        return self.host == socket.gethostname()

    @property
    def is_running(self) -> bool:
        """Return whether it is known to run: on this machine. Another machine cannot be asked."""
        return self.is_here and is_alive(self.pid)

    def describe(self) -> str:
        """Return the holder and its state as one sentence."""
        name = f"{self.user} on {self.host} (process {self.pid}) since {self.at}"
        if not self.is_here:
            return f"Held by {name}. It is another machine, so it is unknown whether the process still runs."
        state = "It still runs." if self.is_running else "This process does not run any more."
        return f"Held by {name}, on this machine. {state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock that refused a deployment. Pulumi Cloud does not name the holder."""

    stack: str
    holders: tuple[Holder, ...]

    @property
    def is_held(self) -> bool:
        """Return whether a holder is known to run."""
        return any(holder.is_running for holder in self.holders)

    def explain(self, environ: Mapping[str, str]) -> list[str]:
        """Return the lines of the explanation, with the next command at the end."""
        held = [holder.describe() for holder in self.holders] or ["The backend does not name its holder."]
        if self.is_held:
            return [*self._head(), *held, "Wait for its end, then deploy again."]
        return [
            *self._head(),
            *held,
            f"1. Look whether another job or terminal still deploys this stack{_link(environ)}.",
            "2. Only if none does, release the lock and deploy again:",
            f"   pulumi cancel --yes --stack {self.stack}",
            "   or on GitHub: run the workflow `deploy` with the input release-lock",
        ]

    def _head(self) -> list[str]:
        return [f"The state of stack {self.stack} is locked, so nothing was deployed."]


def find_lock(stack: str, lines: Sequence[str]) -> Lock | None:
    """Return the lock that the engine's output names, None where it names none."""
    if not any(words in line for line in lines for words in _LOCKED):
        return None
    found = [match for line in lines if (match := _HOLDER.search(line))]
    holders = (Holder(user=m["user"], host=m["host"], pid=int(m["pid"]), at=m["at"]) for m in found)
    return Lock(stack=stack, holders=tuple(holders))


def release(lock: Lock, interruption: Interruption, *, environ: Mapping[str, str]) -> bool:
    """Release a lock, and return whether the engine did so. A holder that runs is the caller's to look for."""
    command = ("pulumi", "cancel", "--yes", "--non-interactive", "--stack", lock.stack)
    return run_child(command, interruption, environ=environ).code == 0


def _link(environ: Mapping[str, str]) -> str:
    server, repository = (environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY"))
    return f": {server}/{repository}/actions" if server and repository else ""
