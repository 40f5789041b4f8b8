"""Finds out why another program answers at the worker's URL."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from checks.check import Context
from checks.model.finding import Cause, Failed, Finding, Inconclusive, UnresolvedError
from checks.model.hint import Hint

SETTINGS = "workersSubdomain (or workerUrl)"


def diagnose_wrong_address(context: Context, subject: str, found: str) -> Finding:
    """Return the finding for a URL at which another program answers, with the correction where it is known."""
    note, hint = _find_correction(context)
    return Finding(
        subject=subject,
        expected=f"{context.manifest.worker.name} at {context.manifest.worker.url}",
        found=f"{found}: {note}",
        cause=Cause.CONFIGURATION,
        hint=hint,
    )


def diagnose_unresolved_address(context: Context, subject: str, unresolved: Finding) -> Finding:
    """Return the finding for a URL with a host name that does not exist. A right name is not known here, or not yet."""
    finding = diagnose_wrong_address(context, subject, unresolved.found.partition(":")[0])
    if finding.hint != Hint.deploy():
        return finding
    found = f"{unresolved.found.partition(':')[0]} for this machine, although it is right"
    return replace(finding, found=found, cause=Cause.ACCESS, hint=Hint.rerun_later("health", after=60))


def create_judge(context: Context) -> Callable[[UnresolvedError], None]:
    """Return a function that raises Failed for a host name with a subdomain that the account does not have.

    It asks the account once. Any other name may come to exist, as after a first deployment.
    """
    find_correction = functools.cache(lambda: _find_correction(context))

    def judge(error: UnresolvedError) -> None:
        note, hint = find_correction()
        if hint in (Hint.deploy(), Hint.show_settings()):
            return
        found = f"{error.finding.found.partition(':')[0]}: {note}"
        raise Failed(replace(error.finding, found=found, cause=Cause.CONFIGURATION, hint=hint)) from None

    return judge


def _find_correction(context: Context) -> tuple[str, Hint]:
    """Return the error in the URL, and its correction. Cloudflare knows the account's subdomain."""
    doubtful = f"does {SETTINGS} name {context.manifest.worker.name}?", Hint.show_settings()
    host = urlsplit(context.manifest.worker.url).hostname or ""
    if not host.endswith(".workers.dev") or context.credentials.cloudflare is None:
        return doubtful
    try:
        subdomain = context.cloudflare.read_subdomain()
    except Inconclusive:
        return doubtful
    if host == f"{context.manifest.worker.name}.{subdomain}.workers.dev":
        return "the address is right, but the worker does not answer there", Hint.deploy()
    return (
        f"the account's subdomain is {subdomain!r}, so {SETTINGS} is wrong",
        Hint.set_setting("workersSubdomain", subdomain),
    )
