"""Where the worker's URL leads when no worker of ours answers there: a matter of the stack's configuration."""

from __future__ import annotations

import shlex
from urllib.parse import urlsplit

from checks.check import Context
from checks.model.finding import Cause, Finding, Inconclusive

SETTINGS = "workersSubdomain (or workerUrl)"


def misled(context: Context, subject: str, actual: str) -> Finding:
    """Return the finding for a URL at which something else answers, with the correction where it can be known."""
    note, hint = _correction(context)
    return Finding(
        subject=subject,
        expected=f"{context.manifest.worker.name} at {context.manifest.worker.url}",
        found=f"{actual}: {note}",
        cause=Cause.CONFIGURATION,
        hint=hint,
    )


def _correction(context: Context) -> tuple[str, str]:
    """Return what is wrong with the URL, and what to type; the account itself knows its name under workers.dev."""
    doubtful = f"does {SETTINGS} lead to {context.manifest.worker.name}?", context.pulumi("config")
    host = urlsplit(context.manifest.worker.url).hostname or ""
    if not host.endswith(".workers.dev") or context.credentials.cloudflare is None:
        return doubtful
    try:
        subdomain = context.cloudflare.read_subdomain()
    except Inconclusive:
        return doubtful
    if host == f"{context.manifest.worker.name}.{subdomain}.workers.dev":
        return "the address is right, and the worker is not served there", context.pulumi("up")
    corrected = context.pulumi(f"config set workersSubdomain {shlex.quote(subdomain)}")
    return (
        f"the account is {subdomain!r} at workers.dev, so {SETTINGS} is wrong",
        f"{corrected} && {context.pulumi('up')}",
    )
