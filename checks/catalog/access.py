"""The API token has the permissions that the checks and the preview need, and the account has what the stack needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from checks.check import BEFORE_DEPLOYMENT, ON_REQUEST, Check, Context, KnownCause
from checks.clients.cloudflare.errors import CloudflareInconclusive
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Finding, Inconclusive, describe
from checks.model.hint import Hint
from cloudflare_client.errors import ABSENT
from cloudflare_client.refusals import NO_SUBDOMAIN, QUEUES, R2, SCRIPTS, TAIL, TOKEN

SUBDOMAIN = "workers.dev subdomain"
SUFFIX = ".workers.dev"
USES = {
    SCRIPTS: "pulumi preview, secrets, bindings, deployed, fresh, history, health",
    "Workers Scripts: Edit": "pulumi up",
    R2: "pulumi preview, bucket, fresh, history, proof, r2, query",
    "Workers R2 Storage: Edit": "pulumi up",
    QUEUES: "pulumi preview, bindings, failures",
    "Queues: Edit": "pulumi up",
    TAIL: "logs",
    SUBDOMAIN: "the URL of the worker",
}
NOT_ASKED = "not asked"  # a write is the only way to find out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The answer to one question: a word for the table, and the finding of a refusal or the reason of no answer."""

    word: str
    refusal: Finding | None = None
    unknown: Inconclusive | None = None


def access(context: Context) -> Iterator[Evidence | Finding]:
    """Ask once per permission, concurrently. Yield a row per permission, then a finding for each that is missing."""
    client, manifest = context.cloudflare, context.manifest
    worker, storage = manifest.worker.name, manifest.storage
    questions: dict[str, Callable[[], str]] = {
        TOKEN: lambda: _read_token(context),
        SCRIPTS: lambda: _say_yes(client.read_deployment(worker)),
        R2: lambda: _say_yes(client.has_bucket(storage.bucket, jurisdiction=storage.jurisdiction)),
        QUEUES: lambda: _say_yes(client.find_queue(worker)),
        TAIL: lambda: _say_yes(client.list_tails(worker)),
        SUBDOMAIN: client.read_subdomain,
    }
    waits = [run_in_background(partial(_ask, ask), number) for number, ask in enumerate(questions.values(), 1)]
    answers = dict(zip(questions, (wait() for wait in waits), strict=True))
    token = answers.pop(TOKEN)
    yield from _make_rows(token, answers)
    refused = [answer.refusal for answer in answers.values() if answer.refusal]
    if token.refusal and len(refused) == len(answers):
        yield token.refusal  # an unusable token is the reason of all the others
        return
    yield from refused
    yield from _judge_subdomain(context, answers[SUBDOMAIN])
    for answer in answers.values():
        if answer.unknown:
            raise answer.unknown


def _ask(question: Callable[[], str]) -> _Answer:
    try:
        return _Answer(word=question())
    except CloudflareInconclusive as error:
        if error.codes & ABSENT and NO_SUBDOMAIN not in error.codes and error.finding.cause is not Cause.CONFIGURATION:
            return _Answer(word="yes")  # the request was allowed, and nothing is deployed yet
        if error.finding.cause is Cause.CONFIGURATION:
            return _Answer(word="no", refusal=error.finding)
        return _Answer(word="unknown", unknown=error)
    except Inconclusive as error:
        return _Answer(word="unknown", unknown=error)


def _say_yes(_answer: object) -> str:
    return "yes"


def _read_token(context: Context) -> str:
    """Return the state of the token. A token that the account owns is unknown to the first request."""
    try:
        found = context.cloudflare.read_token()
    except CloudflareInconclusive:
        found = context.cloudflare.read_token(of_account=True)
    return f"{found.status}, until {found.expires_on[:10]}" if found.expires_on else f"{found.status}, without an end"


def _make_rows(token: _Answer, answers: dict[str, _Answer]) -> Iterator[Evidence]:
    """Yield the table. Its columns are aligned."""
    valid = any(answer.word == "yes" for answer in answers.values())
    words = {TOKEN: "valid" if token.word == "no" and valid else token.word}
    words |= {name: answers[name].word if name in answers else NOT_ASKED for name in USES}
    width, middle = max(map(len, words)), max(map(len, words.values()))
    for name, word in words.items():
        yield Evidence(f"{name:<{width}}  {word:<{middle}}  {USES.get(name, 'every request')}")


def _judge_subdomain(context: Context, answer: _Answer) -> Iterator[Finding]:
    """Yield a finding for a URL under workers.dev with a subdomain that the account does not have."""
    worker = context.manifest.worker
    host = urlsplit(worker.url).hostname or ""
    if answer.refusal or answer.unknown or not host.endswith(SUFFIX):
        return
    expected = f"{worker.name}.{answer.word}{SUFFIX}"
    if host != expected:
        hint = Hint.set_setting("workersSubdomain", answer.word)
        yield describe("host of the worker's URL", expected, host, Cause.CONFIGURATION, hint)


CHECK = Check(
    run=access,
    proves="CLOUDFLARE_API_TOKEN has the permissions to read, and the account has R2 and the declared subdomain",
    runbook="step 1",
    step=1,
    causes=(
        KnownCause(
            what="the token lacks a permission, is for another account, or has expired",
            fix="make a token in the dashboard (My Profile, API Tokens), then export CLOUDFLARE_API_TOKEN",
        ),
        KnownCause(what="R2 is not enabled on the account (10042)", fix="enable it in the dashboard: R2, Overview"),
        KnownCause(
            what="the account has no workers.dev subdomain (10063)",
            fix="register one in the dashboard: Workers & Pages",
        ),
        KnownCause(
            what="workersSubdomain or accountId is of another account",
            fix="pulumi config set workersSubdomain SUBDOMAIN --stack NAME",
        ),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api", BEFORE_DEPLOYMENT, ON_REQUEST}),
)
