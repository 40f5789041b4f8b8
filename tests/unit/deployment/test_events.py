"""The result of `pulumi up`, read from the engine's events."""

import pytest

from deployment.events import Change, Update, Worker
from tests.unit.deployment import engine_events as events


def read(*lines):
    update = Update()
    for line in lines:
        update.add(line)
    return update


def test_an_update_with_its_changes_workers_and_manifests():
    before, after = {"worker": {"tag": "old"}}, {"worker": {"tag": "new"}}
    update = read(
        events.PRELUDE,
        *events.manifest("refresh", before, before),
        events.worker("refresh"),
        events.worker("update"),
        events.step("resOutputsEvent", "same", "x:y:Z", "kept", new={}),
        *events.manifest("update", before, after),
        events.SUMMARY,
    )
    assert update.started
    assert update.changes == [
        Change(operation="update", type=events.SCRIPT, name="backfill"),
        Change(operation="update", type=events.MANIFEST, name="backfill"),
    ]
    assert update.workers == {"w": Worker(account="a", name="w", is_uploaded=True)}
    assert (update.manifest_before, update.manifest) == (before, after)
    assert update.counts == {"same": 8, "update": 2}
    assert update.errors == []


def test_an_unchanged_worker_is_not_uploaded():
    assert not read(events.worker("refresh"), events.worker("same")).workers["w"].is_uploaded


def test_the_first_deployment_has_no_manifest_before():
    update = read(*events.manifest("create", None, {"worker": {}}))
    assert (update.manifest_before, update.manifest) == (None, {"worker": {}})


def test_a_deleted_worker_is_a_change_and_not_a_worker():
    update = read(events.step("resOutputsEvent", "delete", events.SCRIPT, "backfill", old={"scriptName": "w"}))
    assert (len(update.changes), update.workers) == (1, {})


def test_the_steps_of_a_replacement_are_one_change():
    kinds = ("create-replacement", "replace", "delete-replaced")
    update = read(*(events.step("resOutputsEvent", op, "x:y:Crons", "crons", new={}) for op in kinds))
    assert [change.operation for change in update.changes] == ["replace"]


def test_an_error_is_one_line_with_its_resource_and_shown_once():
    """The official plugin prints each error of a refused upload twice."""
    urn = f"{events.URN}t::backfill"
    update = read(
        events.error("refused:\n  10021", urn),
        events.error("refused:\n  10021", urn),
        events.error("<{%fg 1%}>failed<{%reset%}>\n"),
    )
    assert update.errors == ["backfill: refused: 10021", "failed"]


def test_warnings_and_debug_events_are_dropped():
    """Debug events hold the operator token."""
    lines = [
        events.line(diagnosticEvent={"severity": severity, "message": "secret"})
        for severity in ("debug", "warning", "info")
    ]
    assert "secret" not in str(read(*lines))


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[]",
        b"1",
        events.line(resOutputsEvent=[]),
        events.line(resOutputsEvent={"metadata": None}),
        events.step("resOutputsEvent", "same", events.SCRIPT, "backfill"),
        events.step("resourcePreEvent", "same", events.MANIFEST, "backfill", old={"manifest": "text"}),
        events.line(summaryEvent={"resourceChanges": None}),
        events.line(diagnosticEvent={"severity": "error", "message": ""}),
    ],
)
def test_an_event_of_another_form_is_left_out(line):
    assert read(line) == Update()
