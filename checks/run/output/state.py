"""The state that was told: red, green or inconclusive, from the last results of every check.

Several schedules run different checks, and share one state: a check keeps its result until it is judged again. So a
green run of two checks does not end the failure of a third one.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from checks.model.report import Outcome, Report

SCHEMA = 1
MIN_INCONCLUSIVE = 2  # runs in a row, before it is told. A single one is usually an outage of some minutes
RUN = "run"  # stands for the run itself, which may end before any check


class Told(StrEnum):
    """The state of a stack."""

    GREEN = "green"
    RED = "red"
    INCONCLUSIVE = "inconclusive"


_STATES = {Outcome.PASS: Told.GREEN, Outcome.FAIL: Told.RED, Outcome.INCONCLUSIVE: Told.INCONCLUSIVE}


class StateError(ValueError):
    """A text is not a state. The message names the problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckState:
    """The last result of one check. ``inconclusive`` counts its last runs without a result."""

    state: Told = Told.GREEN
    inconclusive: int = 0

    def advance(self, outcome: Outcome) -> CheckState:
        """Return the state after one more result. The first inconclusive run does not change it."""
        if outcome is not Outcome.INCONCLUSIVE:
            return CheckState(state=_STATES[outcome])
        times = self.inconclusive + 1
        return CheckState(state=Told.INCONCLUSIVE if times >= MIN_INCONCLUSIVE else self.state, inconclusive=times)


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state of a stack. ``told`` is the last one that was told, None before the first run."""

    stack: str
    told: Told | None = None
    checks: Mapping[str, CheckState] = field(default_factory=dict)

    @property
    def current(self) -> Told:
        """Return RED if a check failed, else INCONCLUSIVE if one is, else GREEN."""
        found = {check.state for check in self.checks.values()}
        return next((state for state in (Told.RED, Told.INCONCLUSIVE) if state in found), Told.GREEN)

    def add_report(self, report: Report, known: Collection[str]) -> State:
        """Return the state after a run. Checks that do not apply, or that are not ``known`` any more, are dropped."""
        checks = {name: check for name, check in self.checks.items() if name in known}
        for result in report.results:
            if result.outcome is not Outcome.SKIP:
                checks[result.id] = checks.get(result.id, CheckState()).advance(result.outcome)
            elif not result.applies:
                checks.pop(result.id, None)
        judged = any(result.outcome is not Outcome.SKIP for result in report.results)
        run = self.checks.get(RUN, CheckState()).advance(Outcome.PASS if judged else Outcome.INCONCLUSIVE)
        return dataclasses.replace(self, checks={**checks, RUN: run})

    def add_refusal(self) -> State:
        """Return the state after a run that ended before its checks."""
        run = self.checks.get(RUN, CheckState()).advance(Outcome.INCONCLUSIVE)
        return dataclasses.replace(self, checks={**self.checks, RUN: run})

    @property
    def is_settled(self) -> bool:
        """Return whether the current state is certain: nothing is green while a check has no result."""
        return self.current is not Told.GREEN or not any(check.inconclusive for check in self.checks.values())

    def is_change(self) -> bool:
        """Return whether the current state must be told. The first green one is not a change."""
        is_first = self.told is None and self.current is Told.GREEN
        return self.is_settled and self.current is not self.told and not is_first

    def mark_told(self) -> State:
        """Return the state, of which the current one was told if it is settled."""
        return dataclasses.replace(self, told=self.current) if self.is_settled else self

    def to_json(self) -> str:
        """Return the state as JSON."""
        return json.dumps({"schema": SCHEMA, **dataclasses.asdict(self)}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str, *, stack: str) -> State:
        """Read the output of ``to_json``. Raises StateError for another form, and for another stack."""
        try:
            data = json.loads(text)
            is_other = data["schema"] != SCHEMA or data["stack"] != stack
            checks = {
                str(name): CheckState(state=Told(item["state"]), inconclusive=int(item["inconclusive"]))
                for name, item in data["checks"].items()
            }
            told = None if data["told"] is None else Told(data["told"])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise StateError("it does not have the form of a state") from None
        if is_other:
            raise StateError(f"it is not a state of {stack}, schema {SCHEMA}")
        return cls(stack=stack, told=told, checks=checks)
