"""The cause of a refusal of the query worker."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from checks.clients.query.question import PATH
from checks.model.finding import Cause, Finding, describe
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.clients.worker.error import WorkerError
    from cloudflare_client.http_answer import HttpAnswer

_KNOWN = {
    "not_configured": (Cause.CONFIGURATION, Hint.deploy()),
    "bad_parameter": (Cause.CONFIGURATION, Hint.deploy()),
    "storage": (Cause.STORAGE, Hint.rerun("r2")),
}


def describe_refusal(request: Hint, error: WorkerError, http: HttpAnswer) -> Finding:
    """Return the finding for another status than 200: the stack, the storage, the address or the worker.

    ``request`` repeats the query.
    """
    found = f"{http.status} {error.shown}" if error.code else http.shown
    if error.code in _KNOWN:
        return describe(f"GET {PATH}", "200", found, *_KNOWN[error.code])
    if http.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        found += " (does queryUrl, or queryWorkerName, name the query worker?)"
        return describe(f"GET {PATH}", "200", found, Cause.CONFIGURATION, Hint.edit_settings())
    return describe(f"GET {PATH}", "200", found, Cause.WORKER, request)
