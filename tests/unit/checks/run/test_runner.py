"""Each check has a result with a reason, and the run ends in time."""

import dataclasses
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checks.cli.arguments import parse_duration
from checks.model.credentials import Credential, Credentials, Secret
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Evidence, Failed, Inconclusive
from checks.model.metric import Metric
from checks.model.report import Outcome
from tests.fakes.checks import FINDING, check, judge
from tests.fakes.clock import Clock

NEVER = threading.Event()
NOT_REACHED = dataclasses.replace(FINDING, cause=Cause.ACCESS)


def kept(context):
    yield Evidence("seen")


def broken(context):
    yield Evidence("seen")
    yield FINDING


def unclear(context):
    yield from ()
    raise Inconclusive(FINDING)


def raises(context):
    yield Evidence("seen")
    raise KeyError("gone")


def broken_and_raises(context):
    yield FINDING
    raise ZeroDivisionError


def exits(context):
    yield Evidence("seen")
    raise SystemExit(0)


def silent(context):
    return iter(())


def warns(context):
    yield Evidence("seen soon", warning=True)


def not_reached(context):
    yield NOT_REACHED


def broken_and_not_reached(context):
    yield NOT_REACHED
    yield FINDING


def nothing(context):
    return None


def nonsense(context):
    yield "ok"


def endless(context):
    while True:
        yield Evidence("again")


def hangs(context):
    yield Evidence("seen")
    NEVER.wait(30)


def broken_and_hangs(context):
    yield FINDING
    NEVER.wait(30)


def spins(context):
    end = time.monotonic() + 30
    while time.monotonic() < end and not NEVER.is_set():
        pass
    yield Evidence("at last")


MANNERS = {
    kept: Outcome.PASS,
    broken: Outcome.FAIL,
    unclear: Outcome.INCONCLUSIVE,
    raises: Outcome.INCONCLUSIVE,
    broken_and_raises: Outcome.FAIL,
    exits: Outcome.INCONCLUSIVE,
    warns: Outcome.PASS,
    not_reached: Outcome.INCONCLUSIVE,
    broken_and_not_reached: Outcome.FAIL,
    silent: Outcome.INCONCLUSIVE,
    nothing: Outcome.INCONCLUSIVE,
    nonsense: Outcome.INCONCLUSIVE,
    endless: Outcome.INCONCLUSIVE,
}


HANGING = {hangs: Outcome.INCONCLUSIVE, broken_and_hangs: Outcome.FAIL, spins: Outcome.INCONCLUSIVE}


@pytest.fixture(autouse=True, scope="module")
def released():
    yield
    NEVER.set()


@pytest.mark.parametrize("manner", MANNERS)
def test_every_kind_of_check_has_its_outcome(manner):
    _, results = judge(check("a", manner))
    assert results["a"].outcome is MANNERS[manner]
    assert (results["a"].outcome is Outcome.PASS) == (not results["a"].findings)


def test_a_warning_is_counted_and_changes_no_exit_code():
    report, results = judge(check("a", warns), check("b", kept))
    assert (results["a"].evidence, results["a"].warnings) == ((), ("seen soon",))
    assert (report.warnings, report.exit_code) == (1, 0)


@pytest.mark.parametrize("manner", HANGING)
def test_a_check_that_hangs_is_abandoned_and_keeps_its_findings(manner):
    begun = time.monotonic()
    report, results = judge(
        check("a", manner),
        check("b", kept, needs=("a",)),
        check("c", kept, after=("a",)),
        check("d", kept),
        seconds=0.3,
    )
    assert time.monotonic() - begun < 0.3 + 0.5
    assert results["a"].outcome is HANGING[manner]
    assert "abandoned" in results["a"].findings[-1].found
    assert results["b"].reason.startswith("needs a, which")
    assert results["c"].findings[0].found == "it was not started before the deadline"
    assert results["d"].outcome is Outcome.PASS
    assert report.exit_code in (1, 3)


@pytest.mark.untraced
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(list(MANNERS)), st.sets(st.integers(0, 5)), st.booleans()), max_size=6))
def test_every_check_has_a_result_beside_any_other_checks(plan):
    checks = []
    for n, (manner, needs, only_after) in enumerate(plan):
        earlier = tuple(f"c{need}" for need in sorted(needs) if need < n)
        checks.append(check(f"c{n}", manner, **{"after" if only_after else "needs": earlier}))
    report, results = judge(*checks)
    for item, (manner, _, _) in zip(checks, plan, strict=True):
        blocking = [need for need in item.needs if results[need].outcome is not Outcome.PASS]
        if blocking:
            assert results[item.id].outcome is Outcome.SKIP
            assert results[item.id].reason.split(",")[0].removeprefix("needs ") in blocking
        else:
            assert results[item.id].outcome is MANNERS[manner]
    assert (report.exit_code == 0) == (bool(results) and all(r.outcome is Outcome.PASS for r in results.values()))


def test_an_error_shows_its_type_and_text():
    _, results = judge(check("a", raises))
    assert results["a"].findings[0].found == "KeyError: 'gone' (a defect of the check: please report it)"
    assert results["a"].findings[0].cause is Cause.CHECKER


POOR = (
    check("a", kept, wants=(Credential.CLOUDFLARE,)),
    check("b", kept, needs=("a",)),
    check("c", kept),
    check("d", kept, wants=(Credential.ACE, Credential.OPERATOR)),
)


def test_a_missing_credential_is_inconclusive_and_blocks():
    """Case T4: a check that lacks its credential is never green. All missing variables are one cause."""
    report, results = judge(*POOR)
    assert (results["a"].outcome, results["d"].outcome, report.exit_code) == (
        Outcome.INCONCLUSIVE, Outcome.INCONCLUSIVE, 3,
    )  # fmt: skip
    (finding,) = results["a"].findings
    assert (finding.subject, finding.expected) == ("CLOUDFLARE_API_TOKEN", "set")
    assert finding.found == "not set, so it was not checked that p"
    assert (results["b"].outcome, results["b"].reason) == (Outcome.SKIP, "needs a, which is inconclusive")
    assert results["c"].outcome is Outcome.PASS
    (cause,) = report.causes
    assert (cause.what, cause.inconclusive) == ("CLOUDFLARE_API_TOKEN and ACE_API_KEY are not set", 2)
    assert cause.hint == " && ".join(f"read -rs {name} && export {name}" for name in cause.what.split()[:3:2])


def test_a_missing_credential_that_is_allowed_skips_and_does_not_block():
    """Case T4: with --allow-missing-credentials."""
    report, results = judge(*POOR, allow_missing_credentials=True)
    reason = "needs CLOUDFLARE_API_TOKEN (--allow-missing-credentials)"
    assert (results["a"].outcome, results["a"].reason) == (Outcome.SKIP, reason)
    assert results["b"].outcome is Outcome.PASS
    assert (report.exit_code, report.causes) == (0, ())


def test_an_operator_token_alone_is_named_where_no_check_needs_the_key():
    report, _ = judge(check("a", kept, wants=(Credential.OPERATOR,)))
    assert (report.exit_code, [cause.what for cause in report.causes]) == (3, ["OPERATOR_TOKEN is not set"])


def test_a_check_that_does_not_apply_lacks_no_credential():
    poor = {"wants": (Credential.CLOUDFLARE,), "does_not_apply": lambda context: "no such worker"}
    report, results = judge(check("a", kept, **poor), check("b", kept))
    assert (report.exit_code, results["a"].applies, results["a"].reason) == (0, False, "no such worker")


def test_a_present_credential_skips_no_check():
    credentials = Credentials(cloudflare=Secret("x" * 40))
    assert judge(check("a", kept, wants=(Credential.CLOUDFLARE,)), credentials=credentials)[0].exit_code == 0


def test_a_check_skipped_for_a_failure_skips_the_checks_that_need_it():
    _, results = judge(check("a", broken), check("b", kept, needs=("a",)), check("c", kept, needs=("b",)))
    assert results["b"].reason == "needs a, which failed"
    assert results["c"].reason == "needs b, which was skipped"


def test_a_needed_check_that_was_left_out_is_ignored():
    assert judge(check("b", kept, needs=("a",), after=("z",)))[0].exit_code == 0


def test_checks_that_do_not_need_each_other_run_concurrently():
    meeting = threading.Barrier(2, timeout=5)

    def meets(context):
        meeting.wait()
        yield Evidence("met")

    assert judge(check("a", meets), check("b", meets))[0].exit_code == 0


def test_a_check_that_begins_after_the_deadline_is_inconclusive():
    clock = Clock()

    def slow(context):
        context.deadline.sleep(100)
        yield Evidence("late")

    deadline = Deadline.starting_now(60.0, clock=clock, sleep=clock.sleep)
    _, results = judge(check("a", slow), check("b", kept, after=("a",)), deadline=deadline)
    assert results["a"].outcome is Outcome.PASS
    assert results["b"].findings[0].hint == "python -m checks run b --stack prod --deadline 120s"


@pytest.mark.parametrize(("seconds", "more"), [(60.0, "120s"), (3600.0, "3600s"), (2000.0, "3600s")])
def test_the_longer_deadline_of_a_hint_is_valid(seconds, more):
    def slow(context):
        context.deadline.sleep(2 * seconds)
        yield Evidence("late")

    clock = Clock()
    deadline = Deadline.starting_now(seconds, clock=clock, sleep=clock.sleep)
    _, results = judge(check("a", slow), check("b", kept, after=("a",)), deadline=deadline)
    hint = results["b"].findings[0].hint
    assert hint.endswith(f"--deadline {more}")
    assert parse_duration(hint.rpartition(" ")[2])


def test_the_numbers_of_all_evidence_are_kept_also_beside_a_finding():
    def measures(context):
        yield Evidence("5 of 7 days", metrics={Metric.MISSING_DAYS: 2})
        yield Evidence("the newest day", metrics={Metric.NEWEST_DAY_AGE: 60.5})
        raise Failed(FINDING)

    _, results = judge(check("a", measures))
    assert results["a"].outcome is Outcome.FAIL
    assert results["a"].metrics == {Metric.MISSING_DAYS: 2, Metric.NEWEST_DAY_AGE: 60.5}


@pytest.mark.parametrize(
    "broken", [{"missing_dayz": 1}, {Metric.MISSING_DAYS: float("nan")}, {Metric.MISSING_DAYS: "0"}]
)
def test_a_number_that_is_none_is_a_defect_of_the_check(broken):
    def measures(context):
        yield Evidence("seen", metrics=broken)

    assert judge(check("a", measures))[1]["a"].outcome is Outcome.INCONCLUSIVE
