"""Pauses the backfill and resumes it. Both may be repeated."""

from __future__ import annotations

import getpass
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backfill.errors import EXIT_FAILED, EXIT_USAGE, CommandError
from backfill.operations.result import refuse_other_answers
from backfill.picture.reading import read_pause, redact_pause
from checks.model.finding import Stop
from contract.control_objects import MAX_TEXT, ControlObjectError, Pause, parse_pause

if TYPE_CHECKING:
    from backfill.session import Session

AUTHORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOREMAIL")  # variables of CI systems
OK = frozenset({200})


def pause(session: Session, reason: str) -> Pause:
    """Pause the backfill, and return the pause: the first one where it was paused before."""
    line = " ".join(reason.split())
    if not line or len(line.encode("utf-16-le")) > 2 * MAX_TEXT:  # the worker counts as JavaScript does
        raise CommandError(f"--reason: expected 1 to {MAX_TEXT} characters", EXIT_USAGE)
    reply = session.worker.pause(line, find_author(session.surroundings.environ))
    refuse_other_answers(session, reply, "POST /pause", OK)
    try:
        return redact_pause(parse_pause(json.dumps(reply.body.get("paused"))), session.redactor)
    except ControlObjectError:
        shown = session.redactor.redact_line(reply.shown)
        raise CommandError(f"POST /pause: expected the pause, found {shown}", EXIT_FAILED) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The end of a pause. ``is_known`` says that the pause could be read before. None of them is no pause."""

    before: Pause | None
    is_known: bool


def resume(session: Session) -> Resumed:
    """Resume the backfill. It reads the pause before, where it may."""
    before, is_known = None, True
    try:
        before = read_pause(session)
    except (Stop, ControlObjectError):
        is_known = False
    reply = session.worker.resume()
    refuse_other_answers(session, reply, "POST /resume", OK)
    return Resumed(before=before, is_known=is_known)


def find_author(environ: Mapping[str, str]) -> str:
    """Return the person or the CI account that runs this command, for the pause."""
    for name in AUTHORS:
        if environ.get(name):
            return environ[name]
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # no variable and no entry names the user
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
