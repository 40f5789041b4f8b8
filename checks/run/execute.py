"""One run, from what was asked for to the exit code: read the promises, open the clients, judge, write."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from checks import catalog, reporters
from checks.check import BEFORE_DEPLOYMENT, Check, Context
from checks.clients.ace.client import Ace
from checks.clients.cloudflare.tails import Tails
from checks.clients.cloudflare.transport import ApiTransport
from checks.clients.http.client import Http, Transport
from checks.clients.http.environment import UnusableEnvironmentError
from checks.clients.query.client import Query
from checks.clients.tail.client import Connect, connect, opened
from checks.clients.worker.client import Worker
from checks.diagnosis.worker_address import SETTINGS
from checks.model.credentials import Credential, CredentialError, Secret, gather, known
from checks.model.deadline import Deadline
from checks.model.finding import Cause
from checks.model.redaction import Redactor
from checks.model.report import EXIT_INCONCLUSIVE, EXIT_USAGE, Report, Result
from checks.model.urls import is_base
from checks.run import deployed_manifest, pulumi_cli, runner, selection
from checks.run.options import Refused, Target
from checks.run.tandem import Tandem
from cloudflare_client.client import BASE_URL
from contract.manifest import Manifest

Open = Callable[..., contextlib.AbstractContextManager[Http]]  # Http.open, with what all systems have in common


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for on the command line, validated; ``seconds`` is the deadline of all checks together."""

    stack: str | None
    manifest: str | None
    names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    read_only: bool = False
    seconds: float = 60.0
    targets: tuple[Target, ...] = (Target(format="text"),)
    strict: bool = False
    quiet: bool = False
    verbose: bool = False
    thorough: bool = False
    color: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a run touches beyond its arguments; ``transport`` and ``connect`` replace the network, ``now`` is UTC.

    ``watch`` is told what begins and ends, as by the runner.
    """

    environ: Mapping[str, str]
    write: Callable[[str], None]
    transport: Transport | None = None
    connect: Connect = connect
    deadline: Callable[[float], Deadline] = Deadline.starting_now
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    watch: Callable[[str, Result | None], None] | None = None


def execute(request: Request, outside: Outside) -> int:
    """Run the checks, write the reports and return the exit code.

    Raises Refused, in one line that holds no secret, when there is nothing to run or nowhere to write.
    """
    redactor = Redactor(known(outside.environ))
    try:
        checks = selection.select(
            catalog.load(), names=request.names, tags=request.tags, skip=request.skip, read_only=request.read_only
        )
    except selection.SelectionError as error:
        raise Refused(redactor.line(str(error)), EXIT_USAGE) from None
    promised, stack_key = _promised(request, checks), _stack_key(request, checks, outside.environ)
    secrets = known(outside.environ, promised.operator_token, stack_key)
    redactor = Redactor(secrets)
    try:
        credentials = gather(outside.environ, stack_token=promised.operator_token, stack_key=stack_key)
        base = _api_base(outside.environ)
    except CredentialError as error:
        raise Refused(redactor.line(str(error)), EXIT_USAGE) from None
    with contextlib.ExitStack() as stack:
        deadline = outside.deadline(request.seconds)
        open_ = functools.partial(Http.open, deadline=deadline, secrets=secrets, transport=outside.transport)
        worker, api, upstream = _opened(stack, open_, promised.manifest, base)
        etl = _sibling(stack, open_, promised.manifest.siblings.etl_worker, "etlWorker")
        query = _sibling(stack, open_, promised.manifest.siblings.query_url, "queryUrl")
        transport = ApiTransport(http=api, account_id=promised.manifest.account_id, token=credentials.cloudflare)
        context = Context(
            manifest=promised.manifest,
            stack=promised.manifest.stack if request.stack is None else request.stack,
            worker=Worker(http=worker),
            cloudflare=transport.client(),
            ace=Ace(http=upstream, site=promised.manifest.ace.site, key=credentials.ace_key),
            credentials=credentials,
            deadline=deadline,
            now=outside.now(),
            thorough=request.thorough,
            tailing=lambda: opened(Tails(transport=transport), promised.manifest.worker.name, outside.connect),
            tandem=Tandem.of(checks, credentials),
            etl=None if etl is None else Worker(http=etl),
            query=None if query is None else Query(http=query),
        )
        report = redactor.report(runner.run(checks, context, strict=request.strict, watch=outside.watch))
    return _publish(report, request, outside.write)


def _opened(stack: contextlib.ExitStack, open_: Open, promised: Manifest, base: str) -> tuple[Http, Http, Http]:
    """Open the systems, to be closed with the stack: the worker, Cloudflare's API, and ACE."""
    places = (
        (promised.worker.url, Cause.WORKER, SETTINGS),
        (base, Cause.CLOUDFLARE, ""),
        (promised.ace.base_url, Cause.ACE, "aceBaseUrl"),
    )
    try:
        worker, api, upstream = (
            stack.enter_context(open_(place, cause=cause, setting=setting)) for place, cause, setting in places
        )
    except UnusableEnvironmentError as error:
        raise Refused(str(error), EXIT_USAGE) from None
    return worker, api, upstream


def _sibling(stack: contextlib.ExitStack, open_: Open, url: str | None, setting: str) -> Http | None:
    """Open a sibling of the worker, None where none is declared, or one that cannot be asked: its check says so."""
    if url is None or not is_base(url):
        return None
    opened = open_(url, cause=Cause.WORKER, setting=setting)
    return stack.enter_context(opened)  # what makes the environment unusable was told of the systems before it


def _promised(request: Request, checks: Collection[Check]) -> deployed_manifest.Promise:
    """Read the promises; those of a preview will do where no check needs what is deployed."""
    with _refusing():
        if request.stack is not None:
            planned = all(BEFORE_DEPLOYMENT in check.tags for check in checks)
            return deployed_manifest.from_stack(request.stack, planned=planned)
        return deployed_manifest.from_file("-" if request.manifest is None else request.manifest)


def _stack_key(request: Request, checks: Collection[Check], environ: Mapping[str, str]) -> Secret | None:
    """Return the key of the stack's configuration, where a check wants it and the environment lacks it."""
    wanted = any(Credential.ACE in check.wants for check in checks)
    if request.stack is None or not wanted or environ.get("ACE_API_KEY"):
        return None
    with _refusing():
        return deployed_manifest.ace_key(request.stack)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except pulumi_cli.UnusableError as error:
        raise Refused(str(error), EXIT_USAGE) from None
    except pulumi_cli.UnreadableError as error:
        raise Refused(str(error), EXIT_INCONCLUSIVE) from None


def _api_base(environ: Mapping[str, str]) -> str:
    base = environ.get("CLOUDFLARE_BASE_URL") or BASE_URL
    if not is_base(base):
        text = "CLOUDFLARE_BASE_URL: must be https (or lead to this machine), without a slash at its end"
        raise Refused(text, EXIT_USAGE)
    return base


def _publish(report: Report, request: Request, write: Callable[[str], None]) -> int:
    """Write every report that was asked for; one that cannot be written is never exit code 0."""
    lost: tuple[str, int] | None = None
    for target in request.targets:
        color = request.color and target.file is None
        style = reporters.Style(color=color, quiet=request.quiet, verbose=request.verbose)
        text = reporters.load(target.format)(report, style)
        try:
            if target.file is None:
                write(text)
            else:
                target.file.write_text(text, encoding="utf-8")
        except OSError as error:
            place = "standard output" if target.file is None else str(target.file)
            lost = f"{place}: {error.strerror}", EXIT_INCONCLUSIVE if target.file is None else EXIT_USAGE
    if lost is not None:  # only now, so that the other reports are there
        raise Refused(lost[0], report.exit_code or lost[1])
    return report.exit_code
