import fcntl
import os
import signal
import subprocess
import sys
import time

import pytest

from tests import processes
from toolchain.children import Children, Interrupted

PROGRAM = """
import fcntl, sys
from toolchain.children import Children, Interrupted
with open(sys.argv[1], "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    children = Children(lock.fileno())
    with children.ended_by_signals():
        try:
            children.run(["sh", "-c", "trap '' INT; echo $$ > $0; sleep 60 & echo $! >> $0; wait; wait", sys.argv[2]])
        except Interrupted:
            sys.exit(128 + children.ended_by)
"""


@pytest.fixture
def children(tmp_path):
    with (tmp_path / "lock").open("w") as lock:
        yield Children(lock.fileno())


def started(tmp_path):
    """A process like set-up, and the pids of its command and of its child, which ignore SIGINT."""
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, tmp_path / "lock", tmp_path / "pids"])
    while not (tmp_path / "pids").exists() or len(pids := (tmp_path / "pids").read_text().split()) < 2:
        time.sleep(0.01)
    return process, [int(pid) for pid in pids]


def free(lock):
    with lock.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def test_a_command_runs_to_its_end(children, tmp_path):
    done = children.run(["sh", "-c", "pwd; echo $MORE >&2; exit 3"], folder=tmp_path, more={"MORE": "said"})
    assert (done.returncode, done.stdout, done.stderr) == (3, f"{tmp_path}\n", "said\n")


def test_a_limit_ends_a_command_and_its_children(children, tmp_path):
    with pytest.raises(subprocess.TimeoutExpired):
        children.run(["sh", "-c", f"sleep 60 & echo $! > {tmp_path}/pid; wait"], limit=0.3)
    assert processes.gone([int((tmp_path / "pid").read_text())], seconds=2) == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all_before_set_up_ends(tmp_path, number):
    process, pids = started(tmp_path)
    process.send_signal(number)
    assert process.wait(timeout=10) == 128 + number
    assert processes.alive(pids) == set()


def test_a_killed_set_up_keeps_its_lock_until_all_have_ended(tmp_path):
    process, pids = started(tmp_path)
    process.kill()
    process.wait()
    assert processes.alive(pids) == set(pids)
    assert not free(tmp_path / "lock")
    assert processes.gone(pids, seconds=5) == {}
    end = time.monotonic() + 2
    while not free(tmp_path / "lock"):
        assert time.monotonic() < end


def test_nothing_is_started_after_the_signal(children):
    with children.ended_by_signals():
        os.kill(os.getpid(), signal.SIGHUP)
        with pytest.raises(Interrupted):
            children.run(["true"])
    assert children.ended_by == signal.SIGHUP
