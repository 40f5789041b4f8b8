"""The incident, and its relatives: each is caught by the named check, blamed rightly, and healed as the hint says."""

import pytest

from rehearsal import faults

CATALOGUE = faults.catalogue()


def test_the_faults_of_the_first_release_are_there():
    assert set(CATALOGUE) >= {"secret-missing", "secret-wrong", "storage-unbound", "ace-down", "ace-wrong-shape"}
    assert set(CATALOGUE) >= {"bindings-wiped", "split", "rollback"}


def test_a_deployment_without_a_fault_is_green(world):
    code, report = world.checks()
    assert code == 0
    assert {result["outcome"] for result in report["checks"]} == {"pass"}
    assert len(world.objects()) == 2


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_fault_is_caught_blamed_and_healed(world, name):
    fault = CATALOGUE[name]
    world.empty_bucket()  # so that there is something to fetch
    world.wait(fault.apply(world.local))
    code, report = world.checks()
    failed = {result["id"]: result["findings"] for result in report["checks"] if result["outcome"] == "fail"}
    assert code == 1
    assert set(fault.caught_by) <= set(failed)
    for check in fault.caught_by:
        assert {finding["blame"] for finding in failed[check]} == {fault.blame}
    if "pass" not in {result["outcome"] for result in report["checks"] if result["id"] == "trigger"}:
        assert world.objects() == []  # of a split, half of the requests meet the worker that works
    if fault.end is not None:
        world.wait(fault.end(world.local))
    else:
        assert {finding["hint"] for check in fault.caught_by for finding in failed[check]} == {
            "pulumi up --stack rehearsal"
        }
        preview = world.pulumi("preview", "--diff")
        assert "changed outside (" in preview
        world.pulumi("up", "--yes", "--skip-preview", "--stack", "rehearsal")
        world.pulumi("preview", "--expect-no-changes")
    code, report = world.checks()
    assert (code, {result["outcome"] for result in report["checks"]}) == (0, {"pass"})
