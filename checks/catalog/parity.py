"""The ETL worker holds the same key: both workers accept one operator token, and refuse another."""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checks.check import Check, Context, KnownCause
from checks.model.credentials import Credential, Secret
from checks.model.finding import Cause, Evidence, Finding

if TYPE_CHECKING:
    from checks.clients.worker.client import Reply, Worker

SETTING = "etlWorker"


def parity(context: Context) -> Iterator[Evidence | Finding]:
    """Ask the sibling with the operator's token, then both workers with a fresh wrong one."""
    etl = context.etl
    if etl is None:
        actual = repr(context.manifest.siblings.etl_worker)
        yield _finding(SETTING, "https://HOST, without a slash at its end", actual, Cause.CONFIGURATION, context.edit())
        return
    wrong = Secret(secrets.token_urlsafe(32))
    findings = [*_judged(context, etl, wrong), *_refused(context, "the backfill worker", context.worker, wrong)]
    yield from findings
    if not findings:
        yield Evidence("the ETL worker accepts the operator token: it holds the same key")
        yield Evidence("both workers refuse a wrong token")


def _judged(context: Context, etl: Worker, wrong: Secret) -> Iterator[Finding]:
    """Yield what is wrong with the sibling; of what is no such worker nothing but that."""
    reply, who = etl.status(context.credentials.operator), "GET /status of the ETL worker with the operator token"
    if reply.status != 401 and not _let_in(reply):
        actual = f"{reply.shown} (does {SETTING} lead to the ETL worker, and can it tell keys apart?)"
        yield _finding(who, "200", actual, Cause.CONFIGURATION, context.edit())
        return
    if reply.status == 401:
        actual = "401: it holds another key than this worker"
        yield _finding(who, "200", actual, Cause.CONFIGURATION, _same_key(context))
    yield from _refused(context, "the ETL worker", etl, wrong)


def _refused(context: Context, who: str, worker: Worker, wrong: Secret) -> Iterator[Finding]:
    reply = worker.status(wrong)
    if reply.status != 401:
        actual = f"{reply.status}: it lets in whoever asks" if _let_in(reply) else reply.shown
        hint = context.pulumi("up") if worker is context.worker else context.pulumi("config get etlWorker")
        yield _finding(f"GET /status of {who} with a wrong token", "401", actual, Cause.WORKER, hint)


def _let_in(reply: Reply) -> bool:
    """Return whether a token was accepted: what it reports beyond the door is beside that, unless it has no key."""
    return reply.own and (reply.status == 200 or (reply.status >= 500 and reply.code != "not_configured"))


def _same_key(context: Context) -> str:
    """Return the command that gives the sibling a key; nobody can read one, so it must be typed again."""
    host = urlsplit(str(context.manifest.siblings.etl_worker)).hostname or ""
    if not host.endswith(".workers.dev"):
        return context.pulumi("config get etlWorker")
    return f"npx wrangler secret put ACE_API_KEY --name {shlex.quote(host.partition('.')[0])}"


def _finding(subject: str, expected: str, actual: str, cause: Cause, hint: str) -> Finding:
    return Finding(subject=subject, expected=expected, found=actual, cause=cause, hint=hint)


CHECK = Check(
    run=parity,
    proves="the ETL worker holds the same key as this one: both accept one operator token, and refuse another",
    runbook="token comparison",
    step=8,
    causes=(
        KnownCause(
            what="the ETL worker was given another key, or its key was not rotated", fix="give both the same key"
        ),
        KnownCause(
            what="etlWorker leads to another worker, or to one that has no operator route",
            fix="correct it in Pulumi.NAME.yaml, then pulumi up --stack NAME",
        ),
    ),
    needs=("key",),
    wants=(Credential.OPERATOR,),
    tags=frozenset({"read-only", "edge"}),
    exempt=lambda context: None if context.manifest.siblings.etl_worker else "no sibling is declared",
)
