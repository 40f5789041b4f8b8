"""Tells a change of the state by a webhook, and a completed run by a heartbeat.

A state is stored only after its message was delivered. So a message that was lost is sent by the next run, and a state
that could not be stored leads to a second message rather than to none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from checks.clients.http.client import Transport
from checks.clients.webhook.client import DeliveryError, call_heartbeat, is_usable, post_message
from checks.model.credentials import HEARTBEAT, NOTIFY, Secret
from checks.model.report import EXIT_INCONCLUSIVE, EXIT_USAGE, Report
from checks.run.output.files import replace_file
from checks.run.output.message import format_message, format_note
from checks.run.output.state import RUN, State, StateError
from checks.run.request import Request, RunRefused, Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The addresses of a run, None where it has none, and the file of its state."""

    surroundings: Surroundings
    webhook: Secret | None
    heartbeat: Secret | None
    file: Path | None

    def tell_report(self, report: Report, stack: str, known: Collection[str]) -> int:
        """Tell the result of a run. Return the exit code, which is never 0 where a message that is due was lost."""
        code = report.exit_code
        if not self._tell(stack, report, "", known):
            return code or EXIT_INCONCLUSIVE
        if self.heartbeat is not None:  # not after a lost message, so that the dead man's switch alerts instead
            try:
                call_heartbeat(self.heartbeat, transport=self.surroundings.transport)
            except DeliveryError as error:
                self.surroundings.warn(f"the heartbeat was not delivered: {error}")
        return code

    def tell_refusal(self, stack: str, reason: str) -> None:
        """Tell that a run ended before its checks. Such a run sends no heartbeat."""
        self._tell(stack, None, reason, ())

    def _tell(self, stack: str, report: Report | None, refusal: str, known: Collection[str]) -> bool:
        """Return whether everything that was due was delivered and stored."""
        if self.webhook is None or self.file is None:
            return True
        before, is_lost = self._read(self.file, stack)
        state = before.add_refusal() if report is None else before.add_report(report, {*known, RUN})
        if state.is_change() or is_lost:
            text = format_message(state, report, refusal, self.surroundings.environ, is_lost=is_lost)
            try:
                post_message(self.webhook, text, transport=self.surroundings.transport)
            except DeliveryError as error:
                self.surroundings.warn(f"the message was not delivered, and the next run sends it again: {error}")
                return False
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            replace_file(self.file, state.mark_told().to_json())
        except OSError as error:
            self.surroundings.warn(f"the state was not stored: {self.file}: {error.strerror}")
            return False
        return True

    def _read(self, file: Path, stack: str) -> tuple[State, bool]:
        """Return the stored state, and whether it was lost. A first run has none, which is not a loss."""
        try:
            return State.from_json(file.read_text(encoding="utf-8"), stack=stack), False
        except FileNotFoundError:
            return State(stack=stack), False
        except (OSError, StateError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            self.surroundings.warn(f"the state cannot be read, so a message is sent: {file}: {reason}")
            return State(stack=stack), True


def open_delivery(request: Request, surroundings: Surroundings) -> Delivery:
    """Return the delivery of a run. Raises RunRefused for an address that is missing or cannot be used."""
    webhook, heartbeat = (_read_url(surroundings.environ, name) for name in (NOTIFY, HEARTBEAT))
    if request.notify and webhook is None:
        raise RunRefused(f"--notify: {NOTIFY} is not set. Export the URL of the webhook", EXIT_USAGE)
    file = request.state
    if webhook is not None and file is None:
        file = _find_state_file(request, surroundings.environ)
    return Delivery(surroundings=surroundings, webhook=webhook, heartbeat=heartbeat, file=file)


def send_note(stack: str, text: str, environ: Mapping[str, str], *, transport: Transport | None = None) -> None:
    """Send one line about a stack to the webhook. Raises RunRefused if there is none, or if it was not delivered."""
    webhook = _read_url(environ, NOTIFY)
    if webhook is None:
        raise RunRefused(f"{NOTIFY} is not set. Export the URL of the webhook", EXIT_USAGE)
    try:
        post_message(webhook, format_note(stack, text, environ), transport=transport)
    except DeliveryError as error:
        raise RunRefused(f"the message was not delivered: {error}", EXIT_INCONCLUSIVE) from None


def _read_url(environ: Mapping[str, str], name: str) -> Secret | None:
    url = environ.get(name)
    if not url:
        return None
    if not is_usable(url):
        raise RunRefused(f"{name}: expected an https URL (or http to this machine). Its value is not shown", EXIT_USAGE)
    return Secret(url)


def _find_state_file(request: Request, environ: Mapping[str, str]) -> Path:
    """Return the file of a stack's state below the user's folder for states (XDG base directories)."""
    home = environ.get("XDG_STATE_HOME") or (environ["HOME"] + "/.local/state" if environ.get("HOME") else "")
    if not Path(home).is_absolute():
        raise RunRefused("HOME and XDG_STATE_HOME are not set. Name the file of the state: --state FILE", EXIT_USAGE)
    name = request.stack if request.stack is not None else Path(request.manifest or "manifest").stem
    return Path(home) / "building-vitals" / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}.json"
