"""One run, from what was asked for to the exit code: read the promises, open the clients, judge, write."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from checks import catalog, promise, reporters, runner, selection
from checks.address import SETTINGS
from checks.clients.cloudflare import BASE, Cloudflare
from checks.clients.obstacles import UnusableEnvironmentError
from checks.clients.transport import Http, Transport
from checks.clients.worker import Worker
from checks.context import Context
from checks.credentials import CredentialError, gather, known
from checks.model import EXIT_NO_VERDICT, EXIT_USAGE, Blame, Report
from checks.options import Refused, Target
from checks.patience import Patience
from checks.redaction import Redactor
from checks.urls import is_base


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
    color: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What a run touches beyond its arguments; ``transport`` replaces the network, ``now`` is UTC."""

    environ: Mapping[str, str]
    write: Callable[[str], None]
    transport: Transport | None = None
    patience: Callable[[float], Patience] = Patience.lasting
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


def execute(request: Request, outside: Outside) -> int:
    """Run the checks, write the reports and return the exit code.

    Raises Refused, in one line that holds no secret, when there is nothing to run or nowhere to write.
    """
    promised = _promised(request)
    redactor = Redactor(known(outside.environ, promised.operator_token))
    try:
        checks = selection.select(
            catalog.load(), names=request.names, tags=request.tags, skip=request.skip, read_only=request.read_only
        )
        credentials = gather(outside.environ, stack_token=promised.operator_token)
        base = _api_base(outside.environ)
    except (selection.SelectionError, CredentialError) as error:
        raise Refused(redactor.line(str(error)), EXIT_USAGE) from None
    with contextlib.ExitStack() as stack:
        patience = outside.patience(request.seconds)
        worker, api = _opened(stack, patience, outside.transport, promised.manifest.worker.url, base)
        context = Context(
            manifest=promised.manifest,
            stack=promised.manifest.stack if request.stack is None else request.stack,
            worker=Worker(http=worker),
            cloudflare=Cloudflare(http=api, account_id=promised.manifest.account_id, token=credentials.cloudflare),
            credentials=credentials,
            patience=patience,
            now=outside.now(),
        )
        report = redactor.report(runner.run(checks, context, strict=request.strict))
    return _publish(report, request, outside.write)


def _opened(
    stack: contextlib.ExitStack, patience: Patience, transport: Transport | None, url: str, base: str
) -> tuple[Http, Http]:
    """Open the two systems, to be closed with the stack: the worker, and Cloudflare's API."""
    places = ((url, Blame.WORKER, SETTINGS), (base, Blame.UPSTREAM, ""))
    try:
        worker, api = (
            stack.enter_context(Http.open(place, blame=blame, patience=patience, setting=setting, transport=transport))
            for place, blame, setting in places
        )
    except UnusableEnvironmentError as error:
        raise Refused(str(error), EXIT_USAGE) from None
    return worker, api


def _promised(request: Request) -> promise.Promise:
    try:
        if request.stack is not None:
            return promise.from_stack(request.stack)
        return promise.from_file("-" if request.manifest is None else request.manifest)
    except promise.UnusableError as error:
        raise Refused(str(error), EXIT_USAGE) from None
    except promise.UnreadableError as error:
        raise Refused(str(error), EXIT_NO_VERDICT) from None


def _api_base(environ: Mapping[str, str]) -> str:
    base = environ.get("CLOUDFLARE_BASE_URL") or BASE
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
            lost = f"{place}: {error.strerror}", EXIT_NO_VERDICT if target.file is None else EXIT_USAGE
    if lost is not None:  # only now, so that the other reports are there
        raise Refused(lost[0], report.exit_code or lost[1])
    return report.exit_code
