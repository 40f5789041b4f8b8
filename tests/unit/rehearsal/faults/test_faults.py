"""Every fault is one entry, and each names its expected result."""

import asyncio
import contextlib
import sys
from types import ModuleType, SimpleNamespace
from unittest.mock import AsyncMock, MagicMock

import pytest

from rehearsal import faults
from rehearsal.faults import ExpectedResult, Fault, actions


async def do_nothing(local):
    pass


def test_every_fault_has_a_description_and_an_expected_result():
    for name, fault in faults.load_faults().items():
        assert fault.name == name
        assert fault.description
        assert not fault.description.endswith("."), name
        assert bool(fault.caught_by) == bool(fault.cause) == (fault.expected is not ExpectedResult.PASSED), name


def test_a_new_entry_is_found_and_a_second_fault_of_one_name_is_refused(monkeypatch):
    module = ModuleType("rehearsal.faults.new_group")
    module.FAULTS = (Fault(name="new-fault", description="new", apply=do_nothing),)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    known = [SimpleNamespace(name=name) for name in ("account", "new_group")]
    monkeypatch.setattr(faults.pkgutil, "iter_modules", lambda _: known)
    assert "new-fault" in faults.load_faults()
    module.FAULTS = (Fault(name="secret-missing", description="again", apply=do_nothing),)
    with pytest.raises(ValueError, match="two faults are named secret-missing"):
        faults.load_faults()


def test_a_patch_for_changed_source_is_an_error_and_not_another_fault():
    with pytest.raises(ValueError, match="found 0 times: no such text"):
        actions.patch_source(("no such text", ""))


@pytest.mark.parametrize("worker", ["backfill", "query"])
def test_the_source_of_each_worker_is_found(worker):
    assert b"as default" in actions.read_source(worker)


def test_an_edit_of_bindings_changes_only_the_named_ones():
    found = [{"name": "SITE", "text": "a"}, {"name": "BUCKET", "bucket_name": "b"}]
    assert actions.set_text("SITE", "c")(found) == [{"name": "SITE", "text": "c"}, found[1]]
    assert actions.drop_bindings("SITE")(found) == [found[1]]


def test_every_patch_fits_the_source_of_its_worker(monkeypatch):
    """Without a rehearsal: each action gets a system of mocks, and only the patches are judged."""
    patched, wrong = [], []
    patch_source = actions.patch_source

    def judge(*patches, worker="backfill"):
        patched.append(patches)
        try:
            return patch_source(*patches, worker=worker)
        except ValueError as error:
            wrong.append(str(error))
            return b""

    monkeypatch.setattr(actions, "patch_source", judge)
    monkeypatch.setattr(actions, "outside_pulumi", AsyncMock())
    for name, fault in faults.load_faults().items():
        with contextlib.suppress(Exception):  # of an action that the mocks do not support
            asyncio.run(fault.apply(MagicMock(name=name)))
    assert wrong == []
    assert len(patched) > 30
