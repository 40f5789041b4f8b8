"""Checks that are made for tests of the runner, and a run of them without any system."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from checks.check import Check, KnownCause
from checks.model.credentials import Credentials
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Finding
from checks.model.hint import Hint
from checks.model.report import Report, Result
from checks.run.runner import run_checks
from contract.manifest import Manifest
from tests.fakes.manifest import NOW, manifest_data

FINDING = Finding(subject="it", expected="a", found="b", cause=Cause.WORKER, hint=Hint.deploy())


def check(name: str, manner: Callable[[Any], Any], **options: Any) -> Check:
    """Return a check with this name and this function."""

    def function(context: Any) -> Any:
        return manner(context)

    function.__name__ = name
    cause = KnownCause(what="w", fix="f")
    return Check(run=function, proves="p", runbook="r", step=0, causes=(cause,), **options)


def judge(
    *checks: Check,
    seconds: float = 60.0,
    deadline: Deadline | None = None,
    credentials: Credentials | None = None,
    allow_missing_credentials: bool = False,
    watch: Callable[[str, Result | None], None] | None = None,
) -> tuple[Report, dict[str, Result]]:
    """Run checks. Return the report, and each check's result by its id."""
    context: Any = SimpleNamespace(
        command="python -m checks",
        source="",
        manifest=Manifest.from_dict(manifest_data()),
        stack="prod",
        credentials=credentials or Credentials(),
        deadline=deadline or Deadline.starting_now(seconds),
        now=NOW,
    )
    report = run_checks(checks, context, allow_missing_credentials=allow_missing_credentials, watch=watch)
    assert [result.id for result in report.results] == [item.id for item in checks]
    return report, {result.id: result for result in report.results}
