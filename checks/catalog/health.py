"""The worker at the URL is ours, of the declared version, and can see what it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from checks.check import Check, Context, KnownCause
from checks.diagnosis import live_version
from checks.diagnosis.worker_address import misled
from checks.model.background import run_in_background
from checks.model.finding import Cause, Evidence, Finding, Inconclusive, TransientError, UnresolvedError

if TYPE_CHECKING:
    from checks.clients.worker.client import Reply

SUBJECT = "GET /health"
KEPT = 0.25  # of the deadline, which waiting for the declared version leaves to the other checks


class StaleError(TransientError):
    """Another version answered, and waiting may bring the declared one."""

    def __init__(self, finding: Finding, reply: Reply) -> None:
        super().__init__(finding, answered=True)
        self.reply = reply


def health(context: Context) -> Iterator[Evidence | Finding]:
    """Wait for the declared version, then judge what it says of itself."""
    expected, stale = run_in_background(lambda: _expected(context)), list[StaleError]()
    try:
        look = partial(_look, context, expected, stale)
        reply = context.deadline.retry(look, keep=context.deadline.seconds * KEPT)
    except StaleError as error:
        if error.reply.status == 200:
            yield error.finding
            return
        reply = error.reply
    except UnresolvedError as error:
        raise Inconclusive(misled(context, SUBJECT, error.finding.found.partition(":")[0])) from None
    except TransientError as error:
        if not error.answered and not stale:
            raise
        yield error.finding if error.answered else stale[-1].finding  # what was seen outlasts a connection that broke
        return
    findings = [_failing(context, reply)] if reply.status != 200 else list(_judge(context, reply))
    yield from findings
    if not findings:
        yield Evidence(f"{reply.body['service']} {reply.body['version']} is healthy, as uploaded")


def _look(context: Context, awaited: Callable[[], Collection[str] | None], stale: list[StaleError]) -> Reply:
    """Return an answer that waiting can't change; raises StaleError, and notes it, for one that it can."""
    reply, expected = context.worker.health(), awaited()
    served = _served(reply.body) or {}
    tag = context.manifest.worker.tag
    ours = reply.body.get("service") == context.manifest.worker.service
    older = served.get("tag") != tag if expected is None else bool(expected) and served.get("id") not in expected
    if ours and served.get("id") and older:
        error = StaleError(
            Finding(
                subject=f"{SUBJECT} worker_version",
                expected=tag if expected is None else f"{tag}, of version {', '.join(sorted(expected))}",
                found=f"{served.get('tag')!r}, still, of version {served.get('id')} (if it stays: pulumi up)",
                cause=Cause.PROPAGATION,
                hint=f"sleep 60 && {context.again('health')}",
            ),
            reply,
        )
        stale.append(error)
        raise error
    return reply


def _expected(context: Context) -> Collection[str] | None:
    """Return the versions that are deployed, if they carry our mark; none to wait for if they do not.

    None where the API cannot be asked: then any version of another mark may be an older one. A new key changes no
    mark, so that only the id tells an older version from the one that holds it.
    """
    worker = context.manifest.worker
    if context.credentials.cloudflare is None:
        return None
    try:
        live = context.cloudflare.read_deployment(worker.name)
        known = context.cloudflare.list_versions(worker.name, lambda found: live.ids <= found.keys())
        tags = {version.tag for version in live_version.serving(context, live, known)}
    except Inconclusive:
        return None  # an API that fails is no answer to this question, and not this check's matter
    return live.ids if tags == {worker.tag} else ()


def _served(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    version = body.get("worker_version")
    texts = isinstance(version, dict) and all(isinstance(version.get(name, ""), str) for name in ("id", "tag"))
    return version if texts else None


def _judge(context: Context, reply: Reply) -> Iterator[Finding]:
    worker, served = context.manifest.worker, _served(reply.body) or {}
    told = {"id", "tag"} <= served.keys()  # what says neither is no older version, but code that does not know its own
    note = f", of version {served.get('id')}, not the program's last upload" if told else ": its code does not say it"
    whose = Cause.CONFIGURATION if told else Cause.WORKER
    rules: tuple[tuple[str, str, object, Cause, str], ...] = (
        ("status", "healthy", reply.body.get("status"), Cause.WORKER, context.tail()),
        ("version", worker.version, reply.body.get("version"), Cause.WORKER, context.pulumi("up")),
        ("worker_version.tag", worker.tag, served.get("tag"), whose, context.pulumi("up")),
    )
    service = reply.body.get("service")
    if not reply.own or service != worker.service:
        yield misled(context, SUBJECT, f"{reply.shown} of service {service!r}" if reply.own else reply.shown)
        return
    for name, expected, actual, cause, hint in rules:
        if actual != expected:
            shown = repr(actual) + (note if "tag" in name else "")
            yield Finding(subject=f"{SUBJECT} {name}", expected=expected, found=shown, cause=cause, hint=hint)
            return


def _failing(context: Context, reply: Reply) -> Finding:
    if reply.own and reply.status == 503:  # a binding is absent, empty or unusable; it never says which
        return _finding(reply, Cause.CONFIGURATION, context.pulumi("up"))
    if reply.own and reply.status in (404, 405):
        return _finding(reply, Cause.WORKER, context.pulumi("up"))
    if reply.status < 500:
        return misled(context, SUBJECT, reply.shown)
    return _finding(reply, Cause.WORKER, context.tail())


def _finding(reply: Reply, cause: Cause, hint: str) -> Finding:
    return Finding(subject=SUBJECT, expected="200 healthy", found=reply.shown, cause=cause, hint=hint)


CHECK = Check(
    run=health,
    proves="the worker at the URL is ours, of the version that the program uploaded, and sees all that it needs",
    runbook="step 4",
    step=4,
    causes=(
        KnownCause(what="a secret or the bucket is not bound (503 unhealthy)", fix="pulumi up --stack NAME"),
        KnownCause(what="an older version is still served", fix="wait a minute, then run the check again"),
        KnownCause(what="the worker's code does not say which version it is", fix="correct it, then pulumi up"),
        KnownCause(what="somebody deployed by hand", fix="pulumi up --stack NAME"),
        KnownCause(what="the URL leads to another worker, or to none", fix="correct workersSubdomain or workerUrl"),
    ),
    tags=frozenset({"read-only", "edge"}),
)
