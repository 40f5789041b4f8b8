"""The live worker holds the key that was declared, and refuses whoever holds another."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from checks.context import Context
from checks.credentials import Secret
from checks.model import Blame, Cause, Check, Credential, Evidence, Finding

if TYPE_CHECKING:
    from checks.clients.worker import Reply


def key(context: Context) -> Iterator[Evidence | Finding]:
    """Ask with no token, with the operator's and with a fresh wrong one: no, yes and no are expected."""
    nobody = context.worker.status(None)
    if _keyless(nobody):
        yield _finding(context, "no token", "401", f"{nobody.shown}: no key is deployed", Blame.CONFIG)
        return
    operator = context.worker.status(context.credentials.operator)
    stranger = context.worker.status(Secret(secrets.token_urlsafe(32)))
    if operator.status == 401:
        actual = "401: the live worker holds another key than the program's"
        yield _finding(context, "the operator token", "200", actual, Blame.CONFIG)
    elif not _let_in(operator):
        yield _finding(context, "the operator token", "200", operator.shown, Blame.WORKER)
    else:
        yield Evidence("the live worker holds the declared key")
    for name, reply in (("no token", nobody), ("a wrong token", stranger)):
        if reply.status == 401:
            yield Evidence(f"{name} is refused")
        else:
            actual = f"{reply.status}: the worker lets in whoever asks" if _let_in(reply) else reply.shown
            yield _finding(context, name, "401", actual, Blame.WORKER)


def _keyless(reply: Reply) -> bool:
    """Return whether the worker refuses everybody for want of a key, which it says before it looks at any token."""
    return reply.status == 503 and reply.code == "not_configured"


def _let_in(reply: Reply) -> bool:
    """Return whether a token was accepted: what the worker reports beyond the door (its storage, say) is beside it."""
    return reply.own and (reply.status == 200 or reply.status >= 500)


def _finding(context: Context, who: str, expected: str, actual: str, blame: Blame) -> Finding:
    subject = f"GET /status with {who}"
    return Finding(subject=subject, expected=expected, actual=actual, blame=blame, hint=context.pulumi("up"))


CHECK = Check(
    run=key,
    proves="the live worker holds the declared key (it accepts the token derived from it), and refuses any other",
    runbook="root cause",
    step=4,
    causes=(
        Cause(what="ACE_API_KEY is not deployed (503 not_configured)", fix="pulumi up --stack NAME"),
        Cause(what="the worker holds another key: put by hand, or rotated elsewhere", fix="pulumi up --stack NAME"),
        Cause(what="OPERATOR_TOKEN or ACE_API_KEY here belong to another stack", fix="unset them, and give --stack"),
        Cause(what="the worker lets in anybody: it is not this program's", fix="pulumi up --stack NAME"),
    ),
    needs=("config",),
    after=("health",),
    wants=(Credential.OPERATOR,),
    tags=frozenset({"read-only", "edge"}),
)
