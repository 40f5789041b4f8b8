"""Each fault is reported by the checks that it names, with the cause that it names, and by no other check.

One local system is deployed with all settings that any fault needs, so that each fault runs against all checks. The
system is restored after each fault. The results are printed at the end of the run (tests/conftest.py) and written to
docs/fault-matrix.md when that page differs.
"""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from checks import catalog
from contract.operator_token import derive_operator_token
from rehearsal.faults import ExpectedResult, Fault, load_faults
from rehearsal.local_system import ROOT, outside_pulumi
from rehearsal.local_system.program_code import declare_live_code
from tests.e2e import fault_matrix, shortcuts
from tests.e2e.snapshot import Snapshot

FAULTS = load_faults()
RESTORED_BY_PULUMI_UP = ("secret-missing",)  # tests/e2e/test_drift.py shows it for the others
NEEDED = [item for fault in FAULTS.values() for item in fault.settings.items()]
DECLARED = dict(NEEDED)  # the settings of the system of this module
PAGE = ROOT / "docs" / "fault-matrix.md"
CAUSE, FOUND = "cause", "found"  # fields of a finding in the JSON report
OUT_OF_TIME = ("it was not started before the deadline", "the deadline of this run was the limit")  # ends of `found`


class Deployed:
    """A snapshot of the deployed system, and the checks in this process, which take 0.1 s instead of 1.2 s."""

    def __init__(self, world, folder):
        self.world, self.manifest = world, folder / "manifest.json"
        self.declared = json.loads(world.pulumi("stack", "output", "manifest", "--show-secrets"))
        self.declare(self.declared)
        self.snapshot = world.wait(Snapshot.take(world.local))

    def checks(self, *names, seconds=30.0, environment=(), ahead=timedelta()):
        given = {"manifest": self.manifest, "environment": dict(environment)}
        return shortcuts.checks(self.world, *names, **given, seconds=seconds, ahead=ahead)

    def declare(self, manifest):
        self.manifest.write_text(json.dumps(manifest))

    def restore(self):
        self.declare(self.declared)
        self.world.wait(self.snapshot.restore(self.world.local))


@pytest.fixture(scope="module")
def deployed(world, tmp_path_factory):
    world.wait(outside_pulumi.deploy_etl_worker(world.local))
    deployed = Deployed(world, tmp_path_factory.mktemp("faults"))
    yield deployed
    deployed.restore()


@pytest.fixture(scope="module")
def took():
    """The seconds that the checks took with each fault."""
    return {}


def outcomes(report, outcome):
    return {result["id"]: result["findings"] for result in report["checks"] if result["outcome"] == outcome}


def test_every_fault_names_existing_checks_and_its_expected_result():
    assert len(FAULTS) >= 30
    assert all(DECLARED[key] == value for key, value in NEEDED), "no two faults declare a setting differently"
    known = set(catalog.load())
    for name, fault in FAULTS.items():
        assert {*fault.caught_by, *fault.may_report} <= known, name
        assert not set(fault.caught_by) & set(fault.may_report), name
        assert set(fault.other_causes) <= set(fault.caught_by), name
        assert (fault.expected is ExpectedResult.FAILED) <= bool(fault.caught_by and fault.cause), name
        assert not (fault.expected is ExpectedResult.PASSED and fault.caught_by), name


def test_a_cause_that_a_fault_does_not_name_is_found():
    fault = Fault(name="", description="", caught_by=("a",), cause="worker", may_report={"b": "storage"}, apply=None)
    one = lambda cause, found="": {CAUSE: cause, FOUND: found}  # noqa: E731 - a finding
    assert list(find_wrong_causes(fault, {"a": [one("worker")], "b": [one("storage"), one("worker")]}, {})) == []
    assert list(find_wrong_causes(fault, {"a": [one("worker")]}, {"c": [one("propagation")]})) == []
    for failed, inconclusive in (
        ({"a": [one("config")]}, {}),
        ({"a": [one("worker"), one("config")]}, {}),
        ({"b": [one("worker")]}, {}),
        ({"a": [one("propagation")]}, {}),
        ({"a": [one("worker"), one("checker")]}, {}),
        ({"a": [one("worker")]}, {"c": [one("checker")]}),
        ({"a": [one("worker", "TypeError (a defect of the check: please report it)")]}, {}),
    ):
        assert list(find_wrong_causes(fault, failed, inconclusive)), (failed, inconclusive)
    blind, late = replace(fault, expected=ExpectedResult.INCONCLUSIVE), one("checker", OUT_OF_TIME[0])
    assert list(find_wrong_causes(blind, {}, {"a": [one("worker")], "c": [late]})) == []
    for inconclusive in ({"a": [late]}, {"c": [one("checker")]}, {"c": [late, one("checker")]}):
        assert list(find_wrong_causes(blind, {}, inconclusive)), inconclusive


def test_a_deployment_without_a_fault_is_green(world, deployed):
    code, report = world.checks()
    assert code == 0
    assert {check["id"]: check["outcome"] for check in report["checks"]} == dict.fromkeys(
        catalog.load().keys() - {"access"}, "pass"
    )
    assert len(world.objects()) == 2
    deployed.restore()
    assert world.objects() == []
    assert deployed.checks()[0] == 0


def find_wrong_causes(fault, failed, inconclusive):
    """Yield (check, cause) for every cause that the fault does not name.

    The first finding of a check must have the named cause. An inconclusive check may also name the propagation. Where
    nothing can be looked at, checks that the fault does not name may run out of time.
    """
    for check, findings in [*failed.items(), *inconclusive.items()]:
        unnamed = fault.expected is ExpectedResult.INCONCLUSIVE and check not in {*failed, *fault.caught_by}
        if unnamed and all(finding[FOUND].endswith(OUT_OF_TIME) for finding in findings):
            continue
        declared = {**fault.may_report, **fault.other_causes}.get(check, fault.cause)
        waiting = {"propagation"} if check in inconclusive else set()
        if findings[0][CAUSE] not in {declared} | waiting:
            yield check, findings[0][CAUSE]
        for finding in findings:
            if finding[CAUSE] not in {declared, fault.cause, *waiting} or "a defect of the check" in finding[FOUND]:
                yield check, finding[CAUSE]


def summarize(reported):
    """Return the checks that reported, and the causes of their first findings, as two short texts."""
    return " ".join(reported), "/".join(sorted({findings[0][CAUSE] for findings in reported.values()}))


@pytest.mark.parametrize("hours", [-1, 1])
def test_checks_with_a_wrong_clock_pass(deployed, hours):
    deployed.restore()
    code, report = deployed.checks(ahead=timedelta(hours=hours))
    assert (code, outcomes(report, "fail"), outcomes(report, "inconclusive")) == (0, {}, {})


def secrets_of(local):
    """The secrets of the system's environment, and those that its workers hold with this fault."""
    own = [local.environment[name] for name in ("ACE_API_KEY", "CLOUDFLARE_API_TOKEN", "PULUMI_CONFIG_PASSPHRASE")]
    held = [text for worker in local.cloudflare.account.workers.values() for text in worker.live.secrets.values()]
    return {*own, *(derive_operator_token(key) for key in (own[0], *held)), *held}


def count_affected(local):
    """The number of affected requests for each system with a fault. A fault without requests proves nothing."""
    affected = {}
    points = {
        "Cloudflare's API": local.cloudflare.network,
        "the worker": local.edge.network_of(local.worker_name),
        "ACE": local.ace.network,
    }
    for name, point in points.items():
        if point is not None and point.fault is not None:
            affected[name] = point.affected
    if local.ace.fault is not None:
        affected["ACE"] = local.ace.affected
    return affected


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_fault_is_reported_with_its_cause(world, deployed, took, name, record_property):
    fault = FAULTS[name]
    deployed.restore()
    world.wait(fault.apply(world.local))
    if not fault.keeps_digest:
        deployed.declare(declare_live_code(world.local, deployed.declared))
    code, report = deployed.checks(seconds=fault.deadline, environment=fault.environment())
    failed, inconclusive = outcomes(report, "fail"), outcomes(report, "inconclusive")
    reported = failed if fault.expected is ExpectedResult.FAILED else inconclusive
    shown = json.dumps({"fail": failed, "inconclusive": inconclusive}, indent=1)
    assert code == fault.expected.exit_code, shown
    assert set(fault.caught_by) <= set(reported), shown
    assert set(failed) <= {*fault.caught_by, *fault.may_report}, shown
    assert list(find_wrong_causes(fault, failed, inconclusive)) == [], shown
    written = json.dumps(report)
    assert [secret for secret in secrets_of(world.local) if secret in written] == []
    affected = count_affected(world.local)
    assert all(affected.values()), f"a fault affected no request: {affected}"
    assert fault.min_seconds <= report["seconds"] < fault.deadline + 0.5  # the machine may be busy
    took[name] = report["seconds"]
    record_property("fault", [name, *summarize(reported), report["seconds"]])
    if name in RESTORED_BY_PULUMI_UP:
        assert {finding["hint"] for check in fault.caught_by for finding in failed[check]} == {
            "pulumi up --stack rehearsal"
        }
        assert "outside Pulumi" in world.pulumi("up", "--yes", "--skip-preview", "--diff", "--stack", "rehearsal")
        assert deployed.checks()[0] == 0


def test_the_fault_matrix_is_current(took):
    if took.keys() != FAULTS.keys():
        pytest.skip("not every fault was applied, or one was not reported")
    old, new = PAGE.read_text(), fault_matrix.write_matrix(FAULTS, took)
    if drop_seconds(old) != drop_seconds(new):
        PAGE.write_text(new)
        pytest.fail("docs/fault-matrix.md was not current. It is written again: look at the changes")


def drop_seconds(page):
    return re.sub(r"[\d.]+ \|$", "|", page, flags=re.MULTILINE)


def test_after_a_restore_the_system_is_as_deployed(world, deployed):
    deployed.restore()
    assert world.checks()[0] == 0
