"""The check `failures`: no day has failed for good, and the dead-letter queue is empty."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes import manifest
from tests.fakes.answers import refusal
from tests.fakes.control_objects import fail
from tests.fakes.days import Stored
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NOW, SITE
from tests.fakes.outcomes import failed_finding, outcomes
from tests.fakes.queues import DEAD, declare_queues

DAY = "2024-12-10"  # which is stored


@pytest.fixture
def system():
    """Return a healthy system with a queue and a dead-letter queue."""
    system = healthy_system()
    declare_queues(system)
    return system


def test_no_day_failed(tmp_path, system):
    code, report = system.report(tmp_path, "failures")
    assert (code, report["failures"]["evidence"]) == (0, ["no day has failed", "the dead-letter queue is empty"])
    assert report["failures"]["metrics"] == {"failed_days": 0}


def test_a_failed_day_is_named_with_its_attempts_and_the_next_command(tmp_path, system):
    fail(system.objects, "2024-12-12", attempts=2, last_at=NOW - timedelta(hours=1))
    found = failed_finding(tmp_path, system, "failures")
    assert found["subject"] == f"failed days of {SITE}"
    assert found["found"] == (
        "1 day failed with upstream_contract (2024-12-12) since 2024-12-20 10:00:00 UTC, in 2 attempts, "
        "the last one at 2024-12-20 11:00:00 UTC. The next attempt is due at 2024-12-20 17:00:00 UTC"
    )
    assert found["cause"] == "ace"
    assert found["hint"] == f"python -m backfill retry --site {SITE} --day 2024-12-12 --stack prod"


@pytest.mark.parametrize(
    ("code", "cause", "hint"),
    [
        ("upstream_contract", "ace", "python -m backfill retry"),
        ("upstream_unavailable", "ace", "python -m backfill retry"),
        ("upstream_auth", "configuration", "pulumi config set --secret aceApiKey --stack prod && pulumi up"),
        ("upstream_rejected", "configuration", "${EDITOR:-vi} Pulumi.prod.yaml && pulumi up --stack prod"),
        ("storage", "storage", "python -m backfill retry"),
        ("killed", "configuration", "pulumi config set parallelism 1 --stack prod && pulumi up"),
        ("another", "worker", "python -m backfill retry"),
    ],
)
def test_the_code_gives_the_cause(tmp_path, system, code, cause, hint):
    fail(system.objects, "2024-12-12", code=code)
    found = failed_finding(tmp_path, system, "failures")
    assert found["cause"] == cause
    assert found["hint"].startswith(hint)
    assert found["hint"].endswith(f"backfill retry --site {SITE} --day 2024-12-12 --stack prod")


def test_many_days_are_one_finding_for_each_code(tmp_path, system):
    for number in range(12, 20):
        fail(system.objects, f"2024-12-{number}")
    fail(system.objects, "2024-12-20", code="killed")
    _, report = system.report(tmp_path, "failures")
    first, second = report["failures"]["findings"]
    assert first["found"].startswith("8 days failed with upstream_contract (2024-12-12 to 2024-12-19) since")
    assert first["hint"] == f"python -m backfill retry --site {SITE} --stack prod"
    assert second["found"].startswith("1 day failed with killed (2024-12-20)")
    assert report["failures"]["metrics"] == {"failed_days": 9}


def test_a_failure_of_a_day_that_was_stored_since_is_a_defect_of_the_worker(tmp_path, system):
    """A killed worker leaves one until the next cron, so it counts after the crons' window."""
    fail(system.objects, DAY, last_at=NOW - timedelta(days=1))
    key = manifest.TEMPLATE.format(site=SITE, date=DAY)
    system.objects[key] = replace(system.objects[key], uploaded=NOW - timedelta(minutes=10))
    assert system.report(tmp_path, "failures")[0] == 0
    system.objects[key] = replace(system.objects[key], uploaded=NOW - timedelta(hours=20))
    found = failed_finding(tmp_path, system, "failures")
    assert (found["subject"], found["cause"]) == ("failures of stored days", "worker")
    assert found["found"] == f"{SITE} {DAY}: stored since its last failure, which is not deleted"


def test_a_record_of_a_stored_day_is_a_warning(tmp_path, system):
    """The planner deletes it, or repeats the re-check that failed."""
    fail(system.objects, "2024-12-10")
    code, report = system.report(tmp_path, "failures")
    assert (code, report["failures"]["evidence"][0]) == (0, "no day has failed")
    assert report["failures"]["metrics"] == {"failed_days": 0}
    text = "1 stored day has a record of a failure. The planner deletes it, or reads the day again"
    assert report["failures"]["warnings"] == [text]
    fail(system.objects, "2024-12-12")
    assert failed_finding(tmp_path, system, "failures")["found"].startswith("1 day failed with upstream_contract")


def test_failures_of_a_site_that_is_not_declared_are_counted_apart(tmp_path, system):
    fail(system.objects, "2024-12-12", site="former")
    code, report = system.report(tmp_path, "failures")
    assert (code, report["failures"]["evidence"][0]) == (
        0,
        "no day has failed, and 1 of sites that are not declared",
    )


def test_a_missing_bucket_is_a_finding(tmp_path, system):
    system.routes = {("GET", "/objects"): refusal(404, 10006)}
    found = failed_finding(tmp_path, system, "failures")
    assert (found["found"], found["cause"]) == ("the bucket does not exist", "storage")


def test_an_object_of_another_form_is_a_finding(tmp_path, system):
    system.objects["_control/backfill/failures/x"] = Stored(body=b"", custom={})
    found = failed_finding(tmp_path, system, "failures")
    assert (found["subject"], found["cause"]) == ("_control/backfill/failures/x", "storage")
    assert found["found"].startswith("its key does not name a site and a day")


def test_messages_that_stay_in_the_dead_letter_queue_are_a_finding(tmp_path, system):
    system.cloudflare.backlogs[DEAD] = 3
    found = failed_finding(tmp_path, system, "failures")
    assert (found["subject"], found["cause"]) == (f"queue {DEAD}", "worker")
    assert found["found"] == "3 messages, the oldest since 2024-12-19 09:20:00 UTC"


def test_messages_that_just_arrived_are_a_warning(tmp_path, system):
    system.cloudflare.backlogs[DEAD] = 1
    system.now = NOW - timedelta(days=1, hours=2, minutes=35)  # 5 minutes after the oldest message
    code, report = system.report(tmp_path, "failures")
    assert (code, report["failures"]["warnings"]) == (0, ["1 message just reached the dead-letter queue"])


def test_a_missing_dead_letter_queue_is_a_change_outside_pulumi(tmp_path, system):
    del system.cloudflare.queues[DEAD]
    found = failed_finding(tmp_path, system, "failures")
    assert (found["subject"], found["cause"]) == (f"queue {DEAD}", "outside_change")


def test_without_a_queue_the_check_does_not_apply(tmp_path):
    _, report = healthy_system().report(tmp_path, "failures")
    assert outcomes(report)["failures"] == "skip"
    assert "has no queue" in report["failures"]["reason"]


def test_the_check_reads_and_writes_nothing_else(tmp_path, system):
    system.report(tmp_path, "failures")
    assert all(asked.startswith("GET /client/v4/") for asked in system.asked)
    assert len([asked for asked in system.asked if "config" not in asked]) == 3
