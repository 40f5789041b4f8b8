"""Runs one check to its end, and collects its evidence and findings."""

from __future__ import annotations

from dataclasses import dataclass, field

from checks.check import Check, Context
from checks.clients.http.leaks import collect_leaks
from checks.model.finding import Evidence, Failed, Finding, Stop, TransientError
from checks.run.findings import describe_cut_short, describe_defect, is_evidence, is_finding

MAX_ITEMS = 100  # findings and evidence of one check: more is a loop


@dataclass(slots=True, kw_only=True)
class RunningCheck:
    """One check that runs: its findings and evidence so far, and the finding that made it inconclusive.

    ``leaks`` are the findings of secrets in the answers that it received.
    """

    check: Check
    started: float
    items: list[Evidence | Finding] = field(default_factory=list)
    leaks: list[Finding] = field(default_factory=list)
    obstacle: Finding | None = None

    def run(self, context: Context) -> None:
        """Run the check to its end, and keep its findings or the reason for their lack."""
        try:
            with collect_leaks(self._take_leak):
                self._collect(context)
        except BaseException as error:  # noqa: BLE001 - an exception of one check must not end the others
            finding = getattr(error, "finding", None)
            if not isinstance(error, Stop) or not is_finding(finding):
                self.obstacle = describe_defect(self.check, error)
            elif isinstance(error, Failed):
                self.items.append(finding)
            elif isinstance(error, TransientError) and error.cut_short:
                self.obstacle = describe_cut_short(self.check, context.deadline.seconds, finding)
            else:
                self.obstacle = finding

    def _take_leak(self, finding: Finding) -> None:
        if finding not in self.leaks and len(self.leaks) < MAX_ITEMS:
            self.leaks.append(finding)

    def _collect(self, context: Context) -> None:
        """Collect the evidence and findings of the check, and close it, which may raise as well."""
        items = iter(self.check.run(context))
        try:
            for item in items:
                if not (is_evidence(item) or is_finding(item)) or len(self.items) >= MAX_ITEMS:
                    raise TypeError(f"a check yields at most {MAX_ITEMS} findings and evidence, and nothing else")
                self.items.append(item)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
        if not self.items:
            raise ValueError("the check yielded nothing")
