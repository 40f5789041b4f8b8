"""Executes one run: reads the manifest, opens the clients, runs the checks, writes the reports."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterator

from checks import catalog, reporters
from checks.check import BEFORE_DEPLOYMENT, Check
from checks.model.credentials import Credential, CredentialError, gather_credentials, list_secrets
from checks.model.redaction import Redactor
from checks.model.report import EXIT_INCONCLUSIVE, EXIT_USAGE, Report
from checks.run import selection
from checks.run.output.delivery import open_delivery
from checks.run.output.files import replace_file
from checks.run.request import Request, RunRefused, Surroundings
from checks.run.runner import run_checks
from checks.run.stack import deployed_manifest, pulumi_cli
from checks.run.stack.deployed_manifest import DeployedManifest
from checks.run.systems import open_context


def execute(request: Request, surroundings: Surroundings) -> int:
    """Run the checks, write the reports, tell a change of the state, and return the exit code.

    Raises RunRefused where nothing can be run or a report cannot be written. Its text is one line without a secret.
    """
    delivery = open_delivery(request, surroundings)
    stack = str(request.manifest) if request.stack is None else request.stack
    try:
        report = _run(request, surroundings)
    except Exception as error:
        redactor = Redactor(list_secrets(surroundings.environ))
        reason = str(error) if isinstance(error, RunRefused) else f"internal error: {type(error).__name__}"
        delivery.tell_refusal(stack, redactor.redact_line(reason))
        raise
    lost = _write_reports(report, request, surroundings.write)
    code = delivery.tell_report(report, stack, catalog.load().keys())
    if lost is not None:  # only now, so that the other reports are written and a change is told
        raise RunRefused(lost[0], code or lost[1])
    return code


def _run(request: Request, surroundings: Surroundings) -> Report:
    """Run the checks and return the report, without a secret."""
    redactor = Redactor(list_secrets(surroundings.environ))
    try:
        checks = selection.select(
            catalog.load(), names=request.names, tags=request.tags, skip=request.skip, read_only=request.read_only
        )
    except selection.SelectionError as error:
        raise RunRefused(redactor.redact_line(str(error)), EXIT_USAGE) from None
    deployed = _read_manifest(request, checks)
    stack = {"stack_token": deployed.operator_token, "stack_key": deployed.ace_key}
    secrets = list_secrets(surroundings.environ, *stack.values())
    redactor = Redactor(secrets)
    try:
        credentials = gather_credentials(surroundings.environ, **stack)
    except CredentialError as error:
        raise RunRefused(redactor.redact_line(str(error)), EXIT_USAGE) from None
    with open_context(request, surroundings, checks, deployed.manifest, credentials, secrets) as context:
        allow = request.allow_missing_credentials
        report = run_checks(checks, context, allow_missing_credentials=allow, watch=surroundings.watch)
    return redactor.redact_report(report)


def _read_manifest(request: Request, checks: Collection[Check]) -> DeployedManifest:
    """Read the manifest, and the key of a stack where a check uses it. A preview is enough without a deployment."""
    with _convert_errors():
        return deployed_manifest.read_manifest(
            request.stack,
            request.manifest,
            planned=all(BEFORE_DEPLOYMENT in check.tags for check in checks),
            key=any(Credential.ACE in check.wants for check in checks),
        )


@contextlib.contextmanager
def _convert_errors() -> Iterator[None]:
    try:
        yield
    except pulumi_cli.UnusableError as error:
        raise RunRefused(str(error), EXIT_USAGE) from None
    except pulumi_cli.UnreadableError as error:
        raise RunRefused(str(error), EXIT_INCONCLUSIVE) from None


def _write_reports(report: Report, request: Request, write: Callable[[str], None]) -> tuple[str, int] | None:
    """Write every requested report. Return the problem and the exit code of one that cannot be written, or None."""
    lost: tuple[str, int] | None = None
    for target in request.targets:
        style = reporters.Style(quiet=request.quiet, verbose=request.verbose)
        if target.file is None:
            style = dataclasses.replace(style, color=request.color, width=request.width, fold=request.fold)
        text = reporters.load_renderer(target.format)(report, style)
        try:
            if target.file is None:
                write(text)
            else:
                replace_file(target.file, text)
        except OSError as error:
            place = "standard output" if target.file is None else str(target.file)
            lost = f"{place}: {error.strerror}", EXIT_INCONCLUSIVE if target.file is None else EXIT_USAGE
    return lost
