"""The worker at the URL is ours, of the declared version, and can see what it needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from checks.context import Context
from checks.model import Blame, Cause, Check, Evidence, Finding, NoVerdictError, TransientError
from checks.progress import tail

if TYPE_CHECKING:
    from checks.clients.worker import Reply

SUBJECT = "GET /health"
KEPT = 0.25  # of the deadline, which waiting for the declared version leaves to the other checks


class StaleError(TransientError):
    """Another version answered, and waiting may bring the declared one."""

    def __init__(self, finding: Finding, reply: Reply) -> None:
        super().__init__(finding, answered=True)
        self.reply = reply


def health(context: Context) -> Iterator[Evidence | Finding]:
    """Wait for the declared version, then judge what it says of itself."""
    expected = _expected(context)
    try:
        reply = context.patience.attempt(lambda: _look(context, expected), keep=context.patience.seconds * KEPT)
    except StaleError as error:
        if error.reply.status == 200:
            yield error.finding
            return
        reply = error.reply
    except TransientError as error:
        if not error.answered:
            raise
        yield error.finding
        return
    findings = [_failing(context, reply)] if reply.status != 200 else list(_judge(context, reply))
    yield from findings
    if not findings:
        yield Evidence(f"{reply.body['service']} {reply.body['version']} is healthy, as uploaded")


def _look(context: Context, expected: Collection[str] | None) -> Reply:
    """Return an answer that waiting can't change; raises StaleError for one that it can."""
    reply = context.worker.health()
    served = _served(reply.body) or {}
    tag = context.manifest.worker.tag
    ours = reply.body.get("service") == context.manifest.worker.service
    older = served.get("tag") != tag if expected is None else bool(expected) and served.get("id") not in expected
    if ours and served.get("id") and older:
        raise StaleError(
            Finding(
                subject=f"{SUBJECT} worker_version",
                expected=tag if expected is None else f"{tag}, of version {', '.join(sorted(expected))}",
                actual=f"{served.get('tag')!r}, still, of version {served.get('id')}",
                blame=Blame.PROPAGATION,
                hint=f"wait a minute, then {context.again('health')}; if it stays: {context.pulumi('up')}",
            ),
            reply,
        )
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
        live = context.cloudflare.live(worker.name)
        tags = {item.tag for item in context.cloudflare.versions(worker.name) if item.id in live}
    except NoVerdictError:
        return None  # an API that fails is no answer to this question, and not this check's matter
    return live if tags == {worker.tag} else ()


def _served(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    version = body.get("worker_version")
    return version if isinstance(version, dict) else None


def _judge(context: Context, reply: Reply) -> Iterator[Finding]:
    worker, served = context.manifest.worker, _served(reply.body) or {}
    elsewhere = f"see that workerUrl leads to {worker.name}, then {context.pulumi('up')}"
    rules: tuple[tuple[str, str, object, Blame, str], ...] = (
        ("service", worker.service, reply.body.get("service"), Blame.CONFIG, elsewhere),
        ("status", "healthy", reply.body.get("status"), Blame.WORKER, f"read the live logs: {tail(context)}"),
        ("version", worker.version, reply.body.get("version"), Blame.WORKER, context.pulumi("up")),
        ("worker_version.tag", worker.tag, served.get("tag"), Blame.CONFIG, context.pulumi("up")),
    )
    if not reply.own:
        yield _finding("200 with the worker's own JSON", reply, Blame.CONFIG, elsewhere)
        return
    for name, expected, actual, blame, hint in rules:
        if actual != expected:
            note = f", of version {served.get('id')}, which the program did not upload" if "tag" in name else ""
            yield Finding(
                subject=f"{SUBJECT} {name}", expected=expected, actual=f"{actual!r}{note}", blame=blame, hint=hint
            )
            return


def _failing(context: Context, reply: Reply) -> Finding:
    if reply.status == 503 and reply.own:  # a binding is absent, empty or unusable; it never says which
        return _finding("200 healthy", reply, Blame.CONFIG, context.pulumi("up"))
    if reply.status in (404, 405) and reply.own:
        return _finding("200 healthy", reply, Blame.WORKER, f"deploy this program's worker: {context.pulumi('up')}")
    if reply.status < 500:
        return _finding("200 healthy", reply, Blame.CONFIG, f"see workerUrl and its subdomain: {context.pulumi('up')}")
    return _finding("200 healthy", reply, Blame.WORKER, f"read the live logs: {tail(context)}")


def _finding(expected: str, reply: Reply, blame: Blame, hint: str) -> Finding:
    return Finding(subject=SUBJECT, expected=expected, actual=reply.shown, blame=blame, hint=hint)


CHECK = Check(
    run=health,
    proves="the worker at the URL is ours, of the version that the program uploaded, and sees all that it needs",
    runbook="step 4",
    step=4,
    causes=(
        Cause(what="a secret or the bucket is not bound (503 unhealthy)", fix="pulumi up --stack NAME"),
        Cause(what="an older version is still served", fix="wait a minute, then run the check again"),
        Cause(what="somebody deployed by hand", fix="pulumi up --stack NAME"),
        Cause(what="the URL leads to another worker, or to none", fix="correct workersSubdomain or workerUrl"),
    ),
    tags=frozenset({"read-only", "edge"}),
)
