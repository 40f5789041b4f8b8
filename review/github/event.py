"""The event that started this run: GitHub Actions' event file and a few variables."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

DEPENDABOT = "dependabot[bot]"  # its runs get a read-only token and no secrets, although its branches are not in a fork


class EventError(Exception):
    """The event cannot be read, or is of another kind. The message is one line."""


class Origin(Enum):
    """The origin of this run's code. Only a branch gets secrets."""

    BRANCH = "branch"
    FORK = "fork"
    BOT = "bot"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """The pull request of this run. ``head`` is the proposed commit."""

    number: int
    head: str
    origin: Origin


def read_pull_request(environ: Mapping[str, str]) -> PullRequest | None:
    """Return the pull request that started this run, None for another event. Raises EventError."""
    path = environ.get("GITHUB_EVENT_PATH")
    if not path:
        return None
    try:
        event = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise EventError(f"GITHUB_EVENT_PATH: the event cannot be read ({type(error).__name__})") from None
    found = event.get("pull_request") if isinstance(event, dict) else None
    if found is None:
        return None
    try:
        number, head = found["number"], found["head"]["sha"]
    except (KeyError, TypeError):
        raise EventError("GITHUB_EVENT_PATH: a pull request without a number or a head") from None
    if not isinstance(number, int) or not isinstance(head, str):
        raise EventError("GITHUB_EVENT_PATH: a pull request without a number or a head")
    origin = _origin(event, environ.get("GITHUB_REPOSITORY", ""))
    return PullRequest(number=number, head=head, origin=origin)


def build_run_url(environ: Mapping[str, str]) -> str | None:
    """Return the web address of this run, None outside of GitHub Actions."""
    parts = [environ.get(name) for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")]
    return "{}/{}/actions/runs/{}".format(*parts) if all(parts) else None


def _origin(event: Mapping[str, Any], repository: str) -> Origin:
    source = event["pull_request"]["head"].get("repo")  # null when the fork was deleted meanwhile
    name = source.get("full_name") if isinstance(source, dict) else None
    if not isinstance(name, str) or name.lower() != repository.lower():
        return Origin.FORK
    sender = event.get("sender")
    return Origin.BOT if isinstance(sender, dict) and sender.get("login") == DEPENDABOT else Origin.BRANCH
