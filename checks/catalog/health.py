"""The worker at the URL is the declared one, of the declared version, and has all that it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.check import Check, Context, KnownCause
from checks.clients.worker.edge_errors import ServerError, limit_server_errors
from checks.diagnosis.live_version import read_serving_versions
from checks.diagnosis.worker_address import diagnose_unresolved_address, diagnose_wrong_address
from checks.model.background import run_in_background
from checks.model.credentials import Credential
from checks.model.finding import Cause, Evidence, Failed, Finding, Inconclusive, TransientError, UnresolvedError
from checks.model.hint import Hint

if TYPE_CHECKING:
    from checks.clients.worker.client import WorkerReply

SUBJECT = "GET /health"
RESERVED_SHARE = 0.25  # of the deadline, which waiting for the declared version leaves to the other checks


class OlderVersionError(TransientError):
    """Another version answered, and a retry may reach the declared one."""

    def __init__(self, finding: Finding, reply: WorkerReply) -> None:
        super().__init__(finding, answered=True)
        self.reply = reply


def health(context: Context) -> Iterator[Evidence | Finding]:
    """Wait for the declared version, then judge its own report."""
    reply = _await_declared_version(context)
    if reply.status != 200:
        raise Failed(_describe_failure(context, reply))
    _judge(context, reply)
    yield Evidence(f"{reply.body['service']} {reply.body['version']} is healthy")


def _await_declared_version(context: Context) -> WorkerReply:
    """Return the answer of the declared version. Raises Failed where another one still answers at the deadline."""
    live = run_in_background(lambda: _read_live_ids(context))
    older: list[OlderVersionError] = []
    try:
        read = partial(_read_health, context, live, older)
        return context.deadline.retry(limit_server_errors(read), keep=context.deadline.seconds * RESERVED_SHARE)
    except OlderVersionError as error:
        if error.reply.status == 200:
            raise Failed(error.finding) from None
        return error.reply
    except UnresolvedError as error:
        raise Inconclusive(diagnose_unresolved_address(context, SUBJECT, error.finding)) from None
    except TransientError as error:
        if not older and not isinstance(error, ServerError):
            raise
        raise Failed(older[-1].finding if older else error.finding) from None  # an answer counts more


def _read_health(
    context: Context, live_ids: Callable[[], Collection[str] | None], older: list[OlderVersionError]
) -> WorkerReply:
    """Return an answer that a retry cannot change. Raises OlderVersionError, and notes it, for one that it can."""
    reply, expected = context.worker.fetch_health(), live_ids()
    served = _read_version(reply.body) or {}
    tag = context.manifest.worker.tag
    ours = reply.body.get("service") == context.manifest.worker.service
    is_older = served.get("tag") != tag if expected is None else bool(expected) and served.get("id") not in expected
    if ours and served.get("id") and is_older:
        error = OlderVersionError(
            Finding(
                subject=f"{SUBJECT} worker_version",
                expected=tag if expected is None else f"{tag}, of version {', '.join(sorted(expected))}",
                found=f"{served.get('tag')!r} of version {served.get('id')} still answers (if it stays, run pulumi up)",
                cause=Cause.PROPAGATION,
                hint=Hint.rerun_later("health", after=60),
            ),
            reply,
        )
        older.append(error)
        raise error
    return reply


def _read_live_ids(context: Context) -> Collection[str] | None:
    """Return the ids of the live versions, if they have the declared tag, else an empty collection.

    None means that the API could not be read. Then any version with another tag may be an older one. A new key does
    not change the tag, so only the id separates an older version from the one with the new key.
    """
    worker = context.manifest.worker
    if context.credentials.is_missing(Credential.CLOUDFLARE):
        return None
    try:
        newest = run_in_background(lambda: context.cloudflare.list_versions(worker.name, lambda _: True))
        live = context.cloudflare.read_deployment(worker.name)
        tags = {version.tag for version in read_serving_versions(context, live, newest())}
    except Inconclusive:
        return None  # other checks report that the API fails
    return live.ids if tags == {worker.tag} else ()


def _read_version(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    version = body.get("worker_version")
    texts = isinstance(version, dict) and all(isinstance(version.get(name, ""), str) for name in ("id", "tag"))
    return version if texts else None


def _judge(context: Context, reply: WorkerReply) -> None:
    """Raise Failed for the first part of a 200 that is not as declared."""
    worker, served = context.manifest.worker, _read_version(reply.body) or {}
    service = reply.body.get("service")
    if not reply.own or service != worker.service:
        found = f"{reply.shown} of service {service!r}" if reply.own else reply.shown
        raise Failed(diagnose_wrong_address(context, SUBJECT, found))
    told = {"id", "tag"} <= served.keys()  # without both, the code does not report its version
    note = (
        f", of version {served.get('id')}, is not the program's last upload"
        if told
        else ", because its code does not report it"
    )
    tag_cause = Cause.CONFIGURATION if told else Cause.WORKER
    rules: tuple[tuple[str, str, object, Cause, Hint], ...] = (
        ("status", "healthy", reply.body.get("status"), Cause.WORKER, Hint.show_logs()),
        ("version", worker.version, reply.body.get("version"), Cause.WORKER, Hint.deploy()),
        ("worker_version.tag", worker.tag, served.get("tag"), tag_cause, Hint.deploy()),
    )
    for name, expected, value, cause, hint in rules:
        if value != expected:
            found = repr(value) + (note if "tag" in name else "")
            raise Failed(Finding(subject=f"{SUBJECT} {name}", expected=expected, found=found, cause=cause, hint=hint))


def _describe_failure(context: Context, reply: WorkerReply) -> Finding:
    if reply.own and reply.status == 503:  # a binding is absent, empty or unusable: the worker does not say which
        return _describe(reply, Cause.CONFIGURATION, Hint.deploy())
    if reply.own and reply.status in (404, 405):
        return _describe(reply, Cause.WORKER, Hint.deploy())
    if reply.status < 500:
        return diagnose_wrong_address(context, SUBJECT, reply.shown)
    return _describe(reply, Cause.WORKER, Hint.show_logs())


def _describe(reply: WorkerReply, cause: Cause, hint: Hint) -> Finding:
    return Finding(subject=SUBJECT, expected="200 healthy", found=reply.shown, cause=cause, hint=hint)


CHECK = Check(
    run=health,
    proves="the worker at the URL is the declared one, has the uploaded version, and finds its bindings",
    runbook="step 4",
    step=4,
    causes=(
        KnownCause(what="a secret or the bucket is not bound (503 unhealthy)", fix="pulumi up --stack NAME"),
        KnownCause(what="an older version still answers", fix="wait a minute, then run the check again"),
        KnownCause(
            what="an answer contains a secret, which every check reports that read it",
            fix="correct the worker, then pulumi config set --secret aceApiKey with a new key, then pulumi up",
        ),
        KnownCause(what="the worker's code does not report its version", fix="correct it, then pulumi up"),
        KnownCause(what="a version was deployed outside Pulumi", fix="pulumi up --stack NAME"),
        KnownCause(
            what="another worker, or no worker, answers at the URL", fix="correct workersSubdomain or workerUrl"
        ),
        KnownCause(
            what="the worker throws (1101), or reaches the limit of CPU (1102) or of Workers Free (1027)",
            fix="npx wrangler tail WORKER, or use Workers Paid",
        ),
        KnownCause(
            what="inconclusive (access): a bot challenge, a sign-in, a firewall, a proxy or DNS is in front of it",
            fix="run the checks from another network, or correct the variable that the line names",
        ),
    ),
    tags=frozenset({"read-only", "edge"}),
)
