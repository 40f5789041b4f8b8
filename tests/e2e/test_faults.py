"""The incident, and its relatives: each is caught by the named check, blamed rightly, and by nothing else.

One world is deployed, in which everything is declared that any fault needs, so that each meets the whole catalogue; it
is put back after each fault. What was seen is printed at the end of the run
(tests/conftest.py), and written to docs/gallery.md where the page says something else.
"""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from checks import catalog
from checks.run.execute import Outside, Request, execute
from checks.run.options import Target
from rehearsal import breaking, faults, gallery, local, sibling
from rehearsal.snapshot import Snapshot

CATALOGUE = faults.catalogue()
HEALED_BY_THE_ENGINE = ("secret-missing",)  # of the others tests/e2e/test_drift.py shows it
NEEDED = [item for fault in CATALOGUE.values() for item in fault.settings.items()]
DECLARED = dict(NEEDED)  # what the world of this module declares
PAGE = local.ROOT / "docs" / "gallery.md"


class Deployed:
    """The world as it was after its deployment, and the checks in this process: 0.1 s instead of 1.2 s."""

    def __init__(self, world, folder):
        self.world, self.manifest = world, folder / "manifest.json"
        self.manifest.write_text(world.pulumi("stack", "output", "manifest", "--json"))
        self.snapshot = world.wait(Snapshot.take(world.local))

    def checks(self, *names, seconds=30.0, environment=(), ahead=timedelta()):
        request = Request(
            stack=None, manifest=str(self.manifest), names=names, seconds=seconds, targets=(Target(format="json"),)
        )
        written = []
        environ = {**self.world.local.environment, **dict(environment)}
        outside = Outside(environ=environ, write=written.append, now=lambda: datetime.now(UTC) + ahead)
        code = execute(request, outside)
        return code, json.loads("".join(written))

    def restore(self):
        self.world.wait(self.snapshot.restore(self.world.local))


@pytest.fixture(scope="module")
def deployed(world, tmp_path_factory):
    world.wait(sibling.deploy(world.local))
    deployed = Deployed(world, tmp_path_factory.mktemp("faults"))
    yield deployed
    deployed.restore()


@pytest.fixture(scope="module")
def took():
    """The seconds that the checks took with each fault."""
    return {}


def outcomes(report, outcome):
    return {result["id"]: result["findings"] for result in report["checks"] if result["outcome"] == outcome}


def test_every_fault_names_checks_that_exist_and_says_what_must_come_of_it():
    assert len(CATALOGUE) >= 30
    assert all(DECLARED[key] == value for key, value in NEEDED), "no two faults declare a setting differently"
    known = set(catalog.load())
    for name, fault in CATALOGUE.items():
        assert {*fault.caught_by, *fault.besides} <= known, name
        assert not set(fault.caught_by) & set(fault.besides), name
        assert (fault.verdict is faults.Verdict.BROKEN) <= bool(fault.caught_by and fault.cause), name
        assert not (fault.verdict is faults.Verdict.KEPT and fault.caught_by), name


def test_a_blame_that_no_fault_declares_is_found():
    fault = faults.Fault(breaks="", caught_by=("a",), cause="worker", besides={"b": "storage"}, apply=None)
    one = lambda cause, found="": {"cause": cause, "found": found}  # noqa: E731 - a finding
    assert list(accusations(fault, {"a": [one("worker")], "b": [one("storage"), one("worker")]}, {})) == []
    assert list(accusations(fault, {"a": [one("worker")]}, {"c": [one("propagation")]})) == []
    for failed, unjudged in (
        ({"a": [one("configuration")]}, {}),
        ({"a": [one("worker"), one("configuration")]}, {}),
        ({"b": [one("worker")]}, {}),
        ({"a": [one("propagation")]}, {}),
        ({"a": [one("worker"), one("checker")]}, {}),
        ({"a": [one("worker")]}, {"c": [one("checker")]}),
        ({"a": [one("worker", "TypeError (a defect of the check: please report it)")]}, {}),
    ):
        assert list(accusations(fault, failed, unjudged)), (failed, unjudged)


def test_a_deployment_without_a_fault_is_green(world, deployed):
    code, report = world.checks()
    assert code == 0
    assert {check["id"]: check["outcome"] for check in report["checks"]} == dict.fromkeys(catalog.load(), "pass")
    assert len(world.objects()) == 2
    deployed.restore()
    assert world.objects() == []
    assert deployed.checks()[0] == 0


def accusations(fault, failed, unjudged):
    """Every cause that the fault does not declare, as (check, cause): there must be none.

    What a check says first is what people read first. One without a verdict may ask to wait for what others miss.
    """
    for check, findings in [*failed.items(), *unjudged.items()]:
        declared = fault.besides.get(check, fault.cause)
        patient = {"propagation"} if check in unjudged else set()
        if findings[0]["cause"] not in {declared} | patient:
            yield check, findings[0]["cause"]
        for finding in findings:
            if finding["cause"] not in {declared, fault.cause, *patient} or "a defect of the check" in finding["found"]:
                yield check, finding["cause"]


def observed(said):
    """Which checks said so, and whom their first findings cause, in a few words."""
    return " ".join(said), "/".join(sorted({findings[0]["cause"] for findings in said.values()}))


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_checker_whose_own_clock_is_off_accuses_nobody(deployed, hours):
    deployed.restore()
    code, report = deployed.checks(ahead=timedelta(hours=hours))
    assert (code, outcomes(report, "fail"), outcomes(report, "error")) == (0, {}, {})


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_a_fault_is_caught_and_blamed_rightly(world, deployed, took, name, record_property):
    fault = CATALOGUE[name]
    deployed.restore()
    world.wait(fault.apply(world.local))
    code, report = deployed.checks(seconds=fault.seconds, environment=fault.environment())
    failed, unjudged = outcomes(report, "fail"), outcomes(report, "error")
    said = failed if fault.verdict is faults.Verdict.BROKEN else unjudged
    shown = json.dumps({"fail": failed, "error": unjudged}, indent=1)
    assert code == fault.verdict.exit_code, shown
    assert set(fault.caught_by) <= set(said), shown
    assert set(failed) <= {*fault.caught_by, *fault.besides}, shown
    assert list(accusations(fault, failed, unjudged)) == [], shown
    assert all(world.wait(breaking.met(world.local)).values()), "there was trouble on a way, and nobody met it"
    assert fault.waits <= report["seconds"] < fault.seconds
    took[name] = report["seconds"]
    record_property("fault", [name, *observed(said), report["seconds"]])
    if name in HEALED_BY_THE_ENGINE:
        assert {finding["hint"] for check in fault.caught_by for finding in failed[check]} == {
            "pulumi up --stack rehearsal"
        }
        assert "outside Pulumi" in world.pulumi("up", "--yes", "--skip-preview", "--diff", "--stack", "rehearsal")
        assert deployed.checks()[0] == 0


def test_the_gallery_says_what_was_seen(took):
    if took.keys() != CATALOGUE.keys():
        pytest.skip("not every fault was done, or one was not caught")
    old, new = PAGE.read_text(), gallery.page(CATALOGUE, took)
    if untimed(old) != untimed(new):
        PAGE.write_text(new)
        pytest.fail("docs/gallery.md was not current: it is written anew, look at what changed")


def untimed(page):
    return re.sub(r"[\d.]+ \|$", "|", page, flags=re.MULTILINE)


def test_at_the_end_the_world_is_as_it_was_deployed(world, deployed):
    deployed.restore()
    assert world.checks()[0] == 0
