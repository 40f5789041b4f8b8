"""The live worker holds the key that was declared, and refuses whoever holds another."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from hmac import compare_digest
from typing import TYPE_CHECKING

from checks.check import Check, Context, KnownCause
from checks.diagnosis.worker_address import misled
from checks.model.background import run_in_background
from checks.model.credentials import Credential, Secret, Source
from checks.model.finding import Cause, Evidence, Finding

if TYPE_CHECKING:
    from checks.clients.worker.client import Reply


def key(context: Context) -> Iterator[Evidence | Finding]:
    """Ask with no token, with the operator's and with a fresh wrong one: no, yes and no are expected."""
    nobody = context.worker.status(None)
    if _keyless(nobody):
        yield _finding(context, "no token", "401", f"{nobody.shown}: no key is deployed", Cause.CONFIGURATION)
        return
    if not nobody.own and nobody.status < 500:
        yield misled(context, "GET /status with no token", nobody.shown)
        return
    refused = run_in_background(lambda: context.worker.status(Secret(secrets.token_urlsafe(32))))
    operator = context.worker.status(context.credentials.operator)  # only now: it is for a worker of ours alone
    if operator.status == 401:
        yield _refused(context)
    elif not _let_in(operator):
        yield _finding(context, "the operator token", "200", operator.shown, Cause.WORKER)
    elif _differs(context) and context.worker.status(context.credentials.stack_operator).status == 401:
        actual = "401, and OPERATOR_TOKEN of the environment is accepted: the live worker holds another key"
        yield _finding(context, "the stack's own operator token", "200", actual, Cause.CONFIGURATION)
    else:
        yield Evidence("the live worker holds the declared key")
    for name, reply in (("no token", nobody), ("a wrong token", refused())):
        if reply.status == 401:
            yield Evidence(f"{name} is refused")
        else:
            actual = f"{reply.status}: the worker lets in whoever asks" if _let_in(reply) else reply.shown
            yield _finding(context, name, "401", actual, Cause.WORKER)


def _refused(context: Context) -> Finding:
    """Return what it means that the operator token is refused: that depends on where the token comes from."""
    source = context.credentials.operator_source
    if source is Source.STACK:
        return _another(context, "the operator token")
    if _differs(context):
        if context.worker.status(context.credentials.stack_operator).status == 401:
            return _another(context, "the stack's own operator token")
        actual = f"401: {source} of the environment is stale, the stack's own token is another one and is accepted"
        return _finding(context, "the operator token", "200", actual, Cause.CONFIGURATION, f"unset {source}")
    if context.credentials.stack_operator is not None:  # the same token twice: the environment is not to cause
        return _another(context, "the operator token")
    token = f"{source}" if source is Source.ENVIRONMENT else f"the token derived from {source}"
    actual = (
        f"401 with {token} of the environment: either {source} belongs to another deployment, "
        "or the live worker holds another key than the program's"
    )
    # With the stack's own token the two can be told apart.
    ask = f"env -u {Source.ENVIRONMENT} -u {Source.DERIVED} {context.again('key')}"
    return _finding(context, "the operator token", "200", actual, Cause.CONFIGURATION, ask)


def _another(context: Context, who: str) -> Finding:
    actual = "401: the live worker holds another key than the program's"
    return _finding(context, who, "200", actual, Cause.CONFIGURATION)


def _differs(context: Context) -> bool:
    """Return whether the environment's token is in use, and the stack's own is known and another one."""
    held, own = context.credentials.operator, context.credentials.stack_operator
    return held is not None and own is not None and not compare_digest(held.reveal().encode(), own.reveal().encode())


def _keyless(reply: Reply) -> bool:
    """Return whether the worker refuses everybody for want of a key, which it says before it looks at any token."""
    return reply.status == 503 and reply.code == "not_configured"


def _let_in(reply: Reply) -> bool:
    """Return whether a token was accepted: what the worker reports beyond the door (its storage, say) is beside it."""
    return reply.own and (reply.status == 200 or reply.status >= 500)


def _finding(context: Context, who: str, expected: str, actual: str, cause: Cause, hint: str | None = None) -> Finding:
    subject = f"GET /status with {who}"
    hint = context.pulumi("up") if hint is None else hint
    return Finding(subject=subject, expected=expected, found=actual, cause=cause, hint=hint)


CHECK = Check(
    run=key,
    proves="the live worker holds the declared key (it accepts the token derived from it), and refuses any other",
    runbook="root cause",
    step=4,
    causes=(
        KnownCause(what="ACE_API_KEY is not deployed (503 not_configured)", fix="pulumi up --stack NAME"),
        KnownCause(
            what="the worker holds another key: put by hand, or rotated elsewhere", fix="pulumi up --stack NAME"
        ),
        KnownCause(
            what="OPERATOR_TOKEN or ACE_API_KEY here belong to another stack", fix="unset them, and give --stack"
        ),
        KnownCause(what="the worker lets in anybody: it is not this program's", fix="pulumi up --stack NAME"),
    ),
    needs=("config",),
    after=("health",),
    wants=(Credential.OPERATOR,),
    tags=frozenset({"read-only", "edge"}),
)
