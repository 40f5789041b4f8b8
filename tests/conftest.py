"""The names and the order of tests, and the tables of drifts and faults at the end of a run of tests/e2e/."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # xdist ships no types

from rehearsal.pulumi_stand_ins import GivenFolderError, find_stand_ins

END_TO_END = Path(__file__).parent / "e2e"
WORKER = Path(__file__).parent / "worker"
SHARING = ("tests/worker", "tests/e2e/edge")  # the files of a folder share a workerd, which each process starts anew
LONGEST = (
    "test_conformance",
    "test_rehearse",
    "test_faults",
    "test_many_sites",
    "test_drift",
    "test_environments",
    "test_cancelled_deployment",
    "test_ci",
    "test_adopt",
    "test_deployed_stack",
    "test_rotation",
    "test_program",
)
# Files of these folders that have their own workerd, or none.
APART = ("test_interleavings", "test_scale", "test_query", "test_query_members", "test_lifetime")


gc.disable()  # until all tests are collected, which every process does. It takes a fifth less time


class FolderScheduling(LoadFileScheduling):  # type: ignore[misc]
    """Lets one process run the files that share a workerd, and else each file by itself."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        shares = any(map(file.is_relative_to, SHARING)) and file.stem not in APART
        return str(file.parent if shares else file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> FolderScheduling | None:
    return FolderScheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_configure() -> None:
    os.environ.pop("COLUMNS", None)  # pytest-xdist sets it, and the reports of commands would wrap
    os.unsetenv("COLUMNS")  # the readline library sets it for commands only


def pytest_collection_finish() -> None:
    gc.freeze()  # modules and tests stay to the end
    gc.enable()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Keep bytes out of test names: gzip's hold the time, and xdist refuses workers that collect different names."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of absent stand-ins, mark the end-to-end tests, which CI does not trace, and put the longest first."""
    try:
        stand_ins = find_stand_ins(os.environ)
    except GivenFolderError as error:
        raise pytest.UsageError(str(error)) from None
    for item in items:
        for marker in item.iter_markers("stand_in"):
            if marker.args[0] not in stand_ins:
                reason = f"this test is about a stand-in, and {marker.args[0]} is an official program here"
                item.add_marker(pytest.mark.skip(reason=reason))
        if item.path.is_relative_to(END_TO_END):
            item.add_marker("untraced")
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    if item.path.stem in LONGEST:
        return LONGEST.index(item.path.stem)
    return len(LONGEST) + (not item.path.is_relative_to(WORKER))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for report in terminalreporter.stats.get("passed", []) if report.when == "call"]
    seen = [(name, value) for report in reports for name, value in report.user_properties]
    drifts = [value for name, value in seen if name == "drift"]
    if drifts:
        terminalreporter.section("changes outside Pulumi, and the output of a plain `pulumi preview`")
    for name, said, then in drifts:
        terminalreporter.write_line(f"{name:<38} {said:<58} {then}")
    faults = [value for name, value in seen if name == "fault"]
    if faults:
        terminalreporter.section("faults, the checks that failed, their cause, and the seconds that they took")
    for name, caught, cause, seconds in faults:
        terminalreporter.write_line(
            f"{name:<26} {caught or 'no check fails, as it must be':<44} {cause:<10} {seconds:5.1f}"
        )
