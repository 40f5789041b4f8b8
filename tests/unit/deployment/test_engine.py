"""`pulumi up` with a pipe as its event log. The engine is a stand-in that writes prepared events."""

import os
import stat
import sys

import pytest

from deployment.child import Interruption, JobCancelled
from deployment.engine import _reading, run_up
from deployment.events import Update
from tests.unit.deployment import engine_events as events

ENGINE = """#!{python}
import os, stat, sys
arguments = sys.argv[1:]
print(*arguments[:-1])
log = arguments[-1]
print("pipe", stat.S_ISFIFO(os.stat(log).st_mode), os.environ["PULUMI_DEBUG_COMMANDS"])
with open(log, "wb") as file:
    for line in {lines!r}:
        file.write(line + b"\\n")
sys.exit({code})
"""


@pytest.fixture
def run(tmp_path):
    def run(*lines, code=0, interruption=None):
        (tmp_path / "bin").mkdir()
        engine = tmp_path / "bin/pulumi"
        engine.write_text(ENGINE.format(python=sys.executable, lines=lines, code=code))
        engine.chmod(engine.stat().st_mode | stat.S_IXUSR)
        environ = {**os.environ, "PATH": f"{engine.parent}:{os.environ['PATH']}"}
        return run_up("prod", interruption or Interruption(), environ=environ, folder=tmp_path)

    return run


def test_one_update_without_a_second_preview(run, tmp_path):
    done = run(events.PRELUDE, events.worker("update"), events.SUMMARY)
    assert done.ended.code == 0
    assert done.ended.lines == (
        "up --yes --skip-preview --non-interactive --stack prod --event-log",
        "pipe True true",
    )
    assert done.update.counts == {"same": 8, "update": 2}
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]


def test_more_events_than_a_pipe_holds(run):
    lines = [events.line(diagnosticEvent={"severity": "debug", "message": "x" * 1000})] * 500
    assert run(*lines, events.SUMMARY).update.counts


def test_an_engine_that_was_killed_within_a_line_does_not_hold_the_job(tmp_path):
    update, pipe = Update(), tmp_path / "events"
    os.mkfifo(pipe)
    with _reading(pipe, update):
        pipe.write_bytes(events.PRELUDE + b'\n{"resOutputsEvent": {"meta')
    assert update.started


def test_an_engine_without_events_has_its_code(run):
    done = run(code=255)
    assert (done.ended.code, done.update.started) == (255, False)


def test_a_cancelled_job_starts_no_engine_and_leaves_no_thread(run):
    with pytest.raises(JobCancelled):
        run(interruption=Interruption(received=[2]))
