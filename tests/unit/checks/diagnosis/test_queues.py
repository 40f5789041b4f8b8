"""The check `bindings` on queues: each queue, its consumer and its settings, as declared or changed outside Pulumi."""

import pytest

from tests.fakes.answers import refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NAME
from tests.fakes.outcomes import UP, failed_finding, inconclusive_finding
from tests.fakes.queues import DAYS, DEAD, declare_queues


@pytest.fixture
def system():
    made = healthy_system()
    declare_queues(made)
    return made


def test_queues_as_declared_are_evidence(tmp_path, system):
    code, report = system.report(tmp_path, "bindings")
    assert code == 0
    evidence = f"the queue {DAYS} delivers 4 days at once, and both queues have their consumer"
    assert report["bindings"]["evidence"][-1] == evidence


CHANGES = {
    "paused": (
        lambda queues: queues[DAYS]["settings"].update(delivery_paused=True),
        f"queue {DAYS}", "delivers its messages", "paused, so no message reaches the worker",
    ),
    "deleted": (lambda queues: queues.pop(DEAD), f"queue {DEAD}", "exists, with its consumer", "absent"),
    "no consumer": (lambda queues: queues[DAYS]["consumers"].clear(), f"consumer of queue {DAYS}", NAME, "none"),
    "another consumer": (
        lambda queues: queues[DAYS]["consumers"][0].update(script="another"),
        f"consumer of queue {DAYS}", NAME, "another",
    ),
    "concurrency": (
        lambda queues: queues[DAYS]["consumers"][0]["settings"].update(max_concurrency=1),
        f"consumer of queue {DAYS}", "max_concurrency 4", "max_concurrency 1",
    ),
    "no concurrency": (
        lambda queues: queues[DEAD]["consumers"][0]["settings"].update(max_concurrency=None),
        f"consumer of queue {DEAD}", "max_concurrency 1", "max_concurrency none",
    ),
    "retries": (
        lambda queues: queues[DAYS]["consumers"][0]["settings"].update(max_retries=0),
        f"consumer of queue {DAYS}", "max_retries 4", "max_retries 0",
    ),
    "dead letters": (
        lambda queues: queues[DAYS]["consumers"][0].update(dead_letter_queue=""),
        f"consumer of queue {DAYS}", f"dead letter queue {DEAD}", "dead letter queue none",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_queue_that_differs_is_a_finding_with_the_next_command(tmp_path, system, name):
    change, subject, expected, text = CHANGES[name]
    change(system.cloudflare.queues)
    found = failed_finding(tmp_path, system, "bindings")
    assert (found["subject"], found["expected"], found["found"]) == (subject, expected, text)
    assert (found["cause"], found["hint"]) == ("outside_change", UP)


def test_an_answer_without_the_dead_letter_queue_is_not_a_finding(tmp_path, system):
    del system.cloudflare.queues[DAYS]["consumers"][0]["dead_letter_queue"]
    assert system.report(tmp_path, "bindings")[0] == 0


def test_without_the_permission_the_check_is_not_fine(tmp_path, system):
    """A token without Queues: Read cannot look, so the check names the permission."""
    system.routes["GET", "/queues"] = refusal(403, 10000, "Authentication error")
    found = inconclusive_finding(tmp_path, system, "bindings")
    assert "Queues: Read" in str(found)


def test_an_older_manifest_without_queues_is_not_asked_about_them(tmp_path):
    system = healthy_system()
    assert system.report(tmp_path, "bindings")[0] == 0
    assert not [asked for asked in system.asked if "queues" in asked]
