"""Answers of Cloudflare's edge in place of a worker, and the number of server errors that is a failure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from checks.clients.http.obstacles import read_edge_code
from checks.model.finding import Cause, Failed, Stop, TransientError
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.clients.http.client import Http
    from cloudflare_client.http_answer import HttpAnswer

MAX_SERVER_ERRORS = 4  # answers of one request with a 5xx. More requests would not tell more
SERVER_ERROR_PAUSE = 1.0  # seconds at least before the next of them
CPU_LIMIT = "its CPU time is up (a page needs about 30 ms of CPU, so Workers Paid)"
PLAN_LIMIT = "the daily limit of Workers Free is reached, so use Workers Paid"
KNOWN = {
    1015: ("a rate limiting rule refuses this machine for a while", Cause.CLOUDFLARE, None),
    1016: ("the address has no origin", Cause.CONFIGURATION, Hint.show_settings()),
    1027: (PLAN_LIMIT, Cause.CONFIGURATION, Hint.explain("health")),
    1033: ("the address leads to a tunnel that is down", Cause.CONFIGURATION, Hint.show_settings()),
    1042: ("the worker sends a request to another worker of its zone", Cause.WORKER, Hint.show_logs()),
    1101: ("the worker threw an exception", Cause.WORKER, Hint.show_logs()),
    1102: (CPU_LIMIT, Cause.CONFIGURATION, Hint.set_setting("pageSize", "1000")),
}
DAILY_LIMIT = 1027

T = TypeVar("T")


class ServerError(TransientError):
    """A 5xx that the worker did not write itself. It is a failure after MAX_SERVER_ERRORS answers."""


def build_edge_error(http: Http, answer: HttpAnswer, expected: str) -> Stop:
    """Return the exception for a 429 or 5xx that the worker did not write itself. A retry may help, within limits."""
    code = read_edge_code(answer)
    meaning, cause, hint = KNOWN.get(code, ("", Cause.CLOUDFLARE if answer.status == 429 else http.cause, None))
    found = f"{answer.shown}: {meaning}" if meaning else answer.shown
    finding = http.describe_failure(answer.request, expected, found, cause)
    finding = finding if hint is None else replace(finding, hint=hint)
    if code == DAILY_LIMIT:  # until midnight (UTC)
        return Failed(finding)
    if answer.status == 429:
        return TransientError(finding, after=answer.retry_after, answered=True)
    return ServerError(finding, after=max(answer.retry_after, SERVER_ERROR_PAUSE), answered=True)


def limit_server_errors(send: Callable[[], T]) -> Callable[[], T]:
    """Return a function for the attempts of one request. It raises Failed instead of the last allowed ServerError."""
    count = 0

    def attempt() -> T:
        nonlocal count
        try:
            return send()
        except ServerError as error:
            count += 1
            if count < MAX_SERVER_ERRORS:
                raise
            found = f"{error.finding.found}, {count} times"
            raise Failed(replace(error.finding, found=found)) from None

    return attempt
