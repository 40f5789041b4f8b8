"""The state machine of interleavings: hypothesis chooses each start, step, fault, kill and message of the simulation."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.worker.simulation.simulator import Simulator

MAX_PROCESSES = 8
STEPS = 40
START = "2026-03-01"

numbers = st.integers(0, 11)
counts = st.sampled_from([1, 2, 3, 5, 8, 13, 30])
FAULTS = ("failed", "lost", "killed", "killed after")
PATHS = (
    *("/trigger", "/trigger?{day}", "/replace?{day}", "/replace?{day}&source=stored", "/replace?{day}&dry_run=true"),
    *("/pause", "/resume"),
)
PLACES = ("put timeseries", "put timeseries", "delete _control/backfill/leases", "ace", "delete", "get")
MODES = (None, None, "unavailable", "limited", "auth", "rejected", "contract")
sites = st.sampled_from(["alpha", "beta"])
days = st.sampled_from(["2026-03-01", "2026-03-02", "2026-03-03"])
kinds = st.sampled_from(["copy", "copy", "recheck", "replace"])
disturbances: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.sampled_from([("lose", {}), ("dead", {})]),
    st.tuples(
        st.just("mode"),
        st.fixed_dictionaries({"scope": st.sampled_from(["day", "site", "all"]), "mode": st.sampled_from(MODES)}),
    ),
    st.tuples(st.just("deploy"), st.fixed_dictionaries({"all": st.booleans(), "kill": st.booleans()})),
)


class Interleavings(RuleBasedStateMachine):
    """Two sites of a few days. ``simulator`` is set by ``explore``."""

    simulator: Simulator

    def __init__(self) -> None:
        super().__init__()
        self.processes = self.messages = 0
        self.violations: list[str] = []

    def judge(self) -> None:
        if self.violations:
            raise AssertionError("\n".join(self.violations))

    def do(self, command: str, **given: Any) -> None:
        answer = self.simulator.run(command, **given)
        self.processes, self.messages = answer["processes"], answer["messages"]
        self.violations += answer["violations"]

    @initialize(
        days=st.integers(2, 3),
        recheck=st.integers(0, 2),
        outstanding=st.sampled_from([1, 2, 500]),
        page=st.sampled_from([2, 1000]),
        old=st.booleans(),
        failed=st.booleans(),
    )
    def begin(self, days: int, recheck: int, outstanding: int, page: int, old: bool, failed: bool) -> None:
        options = {"recheckDays": recheck, "outstanding": outstanding, "listPage": page, "old": old, "failed": failed}
        self.do("begin", start=START, days=days, **options)

    @precondition(lambda self: self.processes < MAX_PROCESSES)
    @rule(count=st.sampled_from([1, 3, 5, 8, 40, 40]))
    def plan(self, count: int) -> None:
        self.do("cron")
        self.do("step", number=self.processes - 1, count=count)

    @precondition(lambda self: self.messages > 0 and self.processes < MAX_PROCESSES)
    @rule(number=numbers, doubled=st.booleans(), count=counts)
    def consume(self, number: int, doubled: bool, count: int) -> None:
        self.do("deliver", number=number, doubled=doubled)
        self.do("step", number=self.processes - 1, count=count)

    @precondition(lambda self: self.processes < MAX_PROCESSES - 1)
    @rule(
        site=sites,
        day=days,
        what=kinds,
        before=st.sampled_from(PLACES),
        minutes=st.sampled_from([0, 14]),
        change=st.sampled_from([None, "late", "lost"]),
        second=st.sampled_from([5, 8, 40, 40]),
    )
    def overtake(
        self, site: str, day: str, what: str, before: str, minutes: int, change: str | None, second: int
    ) -> None:
        """Two consumers of one day: the first one is slow, so its lease may end, and it goes on afterwards."""
        self.do("repeat", site=site, day=day, what=what)
        slow = self.processes - 1
        self.do("step", number=slow, count=40, before=before)
        self.do("advance", minutes=minutes)
        if change is not None:
            self.do(change, day=f"{site}/{day}", count=1)
        self.do("repeat", site=site, day=day, what=what)
        self.do("step", number=self.processes - 1, count=second)
        self.do("step", number=slow, count=40)

    @precondition(lambda self: self.processes < MAX_PROCESSES)
    @rule(
        site=sites,
        day=days,
        what=kinds,
        before=st.sampled_from(PLACES),
        how=st.sampled_from(["killed", "killed after"]),
    )
    def crash(self, site: str, day: str, what: str, before: str, how: str) -> None:
        self.do("repeat", site=site, day=day, what=what)
        consumer = self.processes - 1
        self.do("step", number=consumer, count=40, before=before)
        self.do("step", number=consumer, count=1, how=how)

    @precondition(lambda self: self.processes > 0)
    @rule(number=numbers, count=counts, how=st.sampled_from(["done", "done", "done", *FAULTS]))
    def step(self, number: int, count: int, how: str) -> None:
        self.do("step", number=number, count=count, how=how)

    @precondition(lambda self: self.processes > 1)
    @rule(number=numbers, other=numbers, count=counts)
    def step_two(self, number: int, other: int, count: int) -> None:
        self.do("turns", number=number, other=other, count=count)

    @rule(minutes=st.sampled_from([1, 5, 14, 61, 6 * 60 + 1, 24 * 60]))
    def advance(self, minutes: int) -> None:
        self.do("advance", minutes=minutes)

    @precondition(lambda self: self.processes < MAX_PROCESSES)
    @rule(site=sites, day=days, count=counts, path=st.sampled_from(PATHS))
    def ask(self, site: str, day: str, count: int, path: str) -> None:
        body = {"reason": "test", "by": "hypothesis"} if path == "/pause" else None
        self.do("ask", path=path.format(day=f"site={site}&day={day}"), body=body)
        self.do("step", number=self.processes - 1, count=count)

    @rule(number=numbers, count=st.integers(1, 3), kind=st.sampled_from(["late", "lost", "changed"]))
    def change_rows(self, number: int, count: int, kind: str) -> None:
        self.do(kind, number=number, count=count)

    @rule(number=numbers, disturbance=disturbances)
    def disturb(self, number: int, disturbance: tuple[str, dict[str, Any]]) -> None:
        command, given = disturbance
        self.do(command, number=number, **given)

    @invariant()
    def keeps_its_promises(self) -> None:
        self.judge()

    def teardown(self) -> None:
        if self.violations:
            return  # it was raised already
        self.do("end")
        self.judge()


def explore(simulator: Simulator, examples: int, *, number: int = 0, shrink: bool = True, steps: int = STEPS) -> None:
    """Run the state machine with these examples of a seed. Raises AssertionError for the first that breaks a promise."""
    machine = seed(number)(type("Found", (Interleavings,), {"simulator": simulator}))
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            phases=phases,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        ),
    )
