"""The ETL worker has the same key: both workers accept one operator token, and refuse another."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from checks.check import Check, Context, KnownCause
from checks.model.credentials import Credential, Secret
from checks.model.finding import Cause, Evidence, Failed, Finding, describe
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.clients.worker.client import BackfillWorker, WorkerReply

SETTING = "etlWorker"


def parity(context: Context) -> Iterator[Evidence | Finding]:
    """Request the ETL worker's status with the operator token, then both workers' status with a wrong one."""
    etl = context.etl
    if etl is None:
        found, expected = repr(context.manifest.siblings.etl_worker), "https://HOST, without a slash at its end"
        raise Failed(describe(SETTING, expected, found, Cause.CONFIGURATION, Hint.edit_settings()))
    wrong = Secret(secrets.token_urlsafe(32))
    findings = [
        *_judge_etl(context, etl, wrong),
        *_judge_refusal("the backfill worker", context.worker, wrong, Hint.deploy()),
    ]
    yield from findings
    if not findings:
        _refuse_itself(context, etl)
        yield Evidence("the ETL worker has the same key, because it accepts the operator token")
        yield Evidence("both workers refuse a wrong token")


def _refuse_itself(context: Context, etl: BackfillWorker) -> None:
    """Raise Failed if both URLs lead to one worker: the same version answers. Two workers never share a version id."""
    found = _read_version(etl)
    if found and found == _read_version(context.worker):
        text = f"the backfill worker itself: version {found[:8]} answers at both URLs"
        raise Failed(describe(SETTING, "another worker", text, Cause.CONFIGURATION, Hint.edit_settings()))


def _read_version(worker: BackfillWorker) -> str:
    """Return the id of the version that answers GET /health, an empty text where the worker does not say it."""
    version = worker.http.deadline.retry(worker.fetch_health).body.get("worker_version")
    found = version.get("id") if isinstance(version, dict) else version
    return found if isinstance(found, str) else ""


def _judge_etl(context: Context, etl: BackfillWorker, wrong: Secret) -> Iterator[Finding]:
    reply, subject = (
        etl.fetch_status(context.credentials.operator),
        "GET /status of the ETL worker with the operator token",
    )
    if reply.status != 401 and not _is_accepted(reply):
        found = f"{reply.shown} (does {SETTING} name the ETL worker, and does it have the operator routes?)"
        yield describe(subject, "200", found, Cause.CONFIGURATION, Hint.edit_settings())
        return
    if reply.status == 401:
        found = "401: it has another key than the backfill worker"
        yield describe(subject, "200", found, Cause.CONFIGURATION, _hint_same_key(context))
    yield from _judge_refusal("the ETL worker", etl, wrong, Hint.show_setting(SETTING))


def _judge_refusal(name: str, worker: BackfillWorker, wrong: Secret, hint: Hint) -> Iterator[Finding]:
    reply = worker.fetch_status(wrong)
    if reply.status != 401:
        found = f"{reply.status}: it accepts the request" if _is_accepted(reply) else reply.shown
        yield describe(f"GET /status of {name} with a wrong token", "401", found, Cause.WORKER, hint)


def _is_accepted(reply: WorkerReply) -> bool:
    """Return whether a token was accepted. A later error counts as accepted, except that the worker has no key."""
    return reply.own and (reply.status == 200 or (reply.status >= 500 and reply.code != "not_configured"))


def _hint_same_key(context: Context) -> Hint:
    """Return the command that puts a key into the ETL worker. A key cannot be read, so it must be typed again."""
    host = urlsplit(str(context.manifest.siblings.etl_worker)).hostname or ""
    if not host.endswith(".workers.dev"):
        return Hint.show_setting(SETTING)
    return Hint.put_secret("ACE_API_KEY", worker=host.partition(".")[0])


CHECK = Check(
    run=parity,
    proves="the ETL worker has the same key, because both workers accept one operator token and refuse another",
    runbook="token comparison",
    step=8,
    causes=(
        KnownCause(what="the ETL worker has another key, or its key was not rotated", fix="give both the same key"),
        KnownCause(
            what="etlWorker names the backfill worker itself",
            fix="correct it in Pulumi.NAME.yaml, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="etlWorker names another worker, or one without the operator routes",
            fix="correct it in Pulumi.NAME.yaml, then pulumi up --stack NAME",
        ),
    ),
    needs=("key",),
    wants=(Credential.OPERATOR,),
    tags=frozenset({"read-only", "edge"}),
    does_not_apply=lambda context: None if context.manifest.siblings.etl_worker else "no ETL worker is declared",
)
