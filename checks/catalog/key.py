"""The live worker has the declared key, and refuses requests with another one."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.diagnosis.worker_address import diagnose_wrong_address
from checks.model.background import run_in_background
from checks.model.credentials import Credential, Secret, Source
from checks.model.finding import Cause, Evidence, Failed, Finding
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.clients.worker.client import WorkerReply

NO_TOKEN, OPERATOR_TOKEN, WRONG_TOKEN = "no token", "the operator token", "a wrong token"


def key(context: Context) -> Iterator[Evidence | Finding]:
    """Request the status without a token, with the operator token, and with a random wrong one."""
    without = context.worker.fetch_status(None)
    _judge_address(context, without)
    wrong = run_in_background(lambda: context.worker.fetch_status(Secret(secrets.token_urlsafe(32))))
    yield _judge_operator(context, context.worker.fetch_status(context.credentials.operator))
    accepted = [(name, reply) for name, reply in ((NO_TOKEN, without), (WRONG_TOKEN, wrong())) if reply.status != 401]
    if not accepted:
        yield Evidence("requests without a token, or with a wrong one, are refused")
    for name, reply in accepted:
        found = f"{reply.status}: the worker accepts the request" if _is_accepted(reply) else reply.shown
        yield _describe(name, "401", found, Cause.WORKER)


def _judge_address(context: Context, without: WorkerReply) -> None:
    """Raise Failed where no key is deployed, or another program answers: the operator token is for our worker only."""
    if without.status == 503 and without.code == "not_configured":  # said before the worker looks at any token
        raise Failed(_describe(NO_TOKEN, "401", f"{without.shown}: no key is deployed", Cause.CONFIGURATION))
    if not without.own and without.status < 500:
        raise Failed(diagnose_wrong_address(context, f"GET /status with {NO_TOKEN}", without.shown))


def _judge_operator(context: Context, reply: WorkerReply) -> Evidence | Finding:
    if reply.status == 401:
        return _describe_refused_token(context)
    if not _is_accepted(reply):
        return _describe(OPERATOR_TOKEN, "200", reply.shown, Cause.WORKER)
    return Evidence("the live worker has the declared key")


def _describe_refused_token(context: Context) -> Finding:
    """Return the finding for a refused operator token. Its cause depends on the source of the token."""
    source = context.credentials.operator_source
    if source is Source.STACK:
        found = "401: the live worker has another key than the program"
        return _describe(OPERATOR_TOKEN, "200", found, Cause.CONFIGURATION)
    token = f"{source}" if source is Source.ENVIRONMENT else f"the token derived from {source}"
    found = (
        f"401 with {token} of the environment: either {source} belongs to another deployment, "
        "or the live worker has another key than the program"
    )
    hint = Hint.rerun_with_stack("key")  # because the token of the stack tells the two apart
    return _describe(OPERATOR_TOKEN, "200", found, Cause.CONFIGURATION, hint)


def _is_accepted(reply: WorkerReply) -> bool:
    """Return whether a token was accepted. An error that the worker reports after that, of its storage say, counts."""
    return reply.own and (reply.status == 200 or reply.status >= 500)


def _describe(token: str, expected: str, found: str, cause: Cause, hint: Hint | None = None) -> Finding:
    subject = f"GET /status with {token}"
    hint = Hint.deploy() if hint is None else hint
    return Finding(subject=subject, expected=expected, found=found, cause=cause, hint=hint)


CHECK = Check(
    run=key,
    proves="the live worker has the declared key: it accepts the token derived from that key, and refuses any other",
    runbook="root cause",
    step=4,
    causes=(
        KnownCause(what="ACE_API_KEY is not deployed (503 not_configured)", fix="pulumi up --stack NAME"),
        KnownCause(what="the worker has another key, which was set outside Pulumi", fix="pulumi up --stack NAME"),
        KnownCause(
            what="OPERATOR_TOKEN or ACE_API_KEY of the environment belongs to another stack",
            fix="unset the variable, and give --stack NAME",
        ),
        KnownCause(
            what="the worker accepts every request, so its code is not this program's", fix="pulumi up --stack NAME"
        ),
    ),
    needs=("config",),
    after=("health",),
    wants=(Credential.OPERATOR,),
    tags=frozenset({"read-only", "edge"}),
)
