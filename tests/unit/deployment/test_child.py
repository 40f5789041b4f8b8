"""Children get each signal once, in a session of their own, and only when they listen."""

import os
import signal
import subprocess
import sys

import pytest

from deployment import child
from deployment.child import Interruption, JobCancelled, is_alive, run_child

# Sends each given signal to its parent, and waits for the SIGINT that follows. Then it ends with the engine's code 8.
CANCELLED = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
for number in sys.argv[1:]:
    os.kill(os.getppid(), int(number))
    print("got", int(signal.sigwait({signal.SIGINT})))
sys.exit(8)
"""
INT, TERM = str(int(signal.SIGINT)), str(int(signal.SIGTERM))


@pytest.fixture
def interruption():
    before = {number: signal.getsignal(number) for number in child.SIGNALS}
    listening = Interruption()
    listening.listen()
    yield listening
    for number, handler in before.items():
        signal.signal(number, handler)


def run(interruption, code, *arguments, **more):
    return run_child((sys.executable, "-c", code, *arguments), interruption, environ=os.environ, **more)


def test_the_output_and_the_code_of_a_child(interruption, capfdbinary):
    ended = run(interruption, "import sys; print('one', flush=True); print('two', file=sys.stderr); sys.exit(3)")
    assert (ended.code, ended.lines) == (3, ("one", "two"))


def test_a_child_has_a_session_of_its_own_and_no_input(interruption):
    ended = run(interruption, "import os, sys; print(os.getsid(0) == os.getpid(), repr(sys.stdin.read()))")
    assert ended.lines == ("True ''",)


@pytest.mark.parametrize("number", [INT, TERM])
def test_a_signal_reaches_the_child_once_and_as_sigint(interruption, number):
    """Case P15: the engine ends its operation after the first signal, and at once after the second."""
    ended = run(interruption, CANCELLED, number)
    assert (ended.code, ended.lines) == (8, ("got 2",))
    with pytest.raises(JobCancelled) as cancelled:
        interruption.stop_if_cancelled()
    assert cancelled.value.code == 128 + int(number)


def test_the_second_signal_of_the_runner_reaches_the_child_as_well(interruption):
    """Case P15: SIGTERM follows 7.5 s after SIGINT. The code is the one of the first signal."""
    assert run(interruption, CANCELLED, INT, TERM).lines == ("got 2", "got 2")
    with pytest.raises(JobCancelled) as cancelled:
        interruption.stop_if_cancelled()
    assert cancelled.value.code == 130


def test_a_signal_waits_until_the_child_listens(interruption):
    """Case P15: before its first event the engine would end at once, and leave its lock."""
    asked = []

    def is_ready():
        asked.append(len(asked))
        return len(asked) > 2

    assert run(interruption, CANCELLED, INT, is_ready=is_ready).code == 8
    assert len(asked) == 3


def test_a_signal_does_not_wait_for_ever(interruption, monkeypatch):
    monkeypatch.setattr(child, "MAX_UNREADY", 0.2)
    assert run(interruption, CANCELLED, INT, is_ready=lambda: False).code == 8


def test_a_second_signal_waits_for_nothing(interruption):
    code = "import os, sys; os.kill(os.getppid(), 2); os.kill(os.getppid(), 15); import signal; signal.pause()"
    assert run(interruption, code, is_ready=lambda: False).code in (1, -signal.SIGINT)


def test_nothing_is_started_after_a_signal(interruption):
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(JobCancelled, match="SIGTERM"):
        run(interruption, "raise SystemExit(0)")


def test_a_closed_output_does_not_stop_the_child(interruption, monkeypatch):
    """The log of a cancelled job may be closed while the engine still ends in order."""

    class Closed:
        class buffer:  # noqa: N801 - the name that a stream has
            @staticmethod
            def write(_line):
                raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Closed)
    assert run(interruption, "print('one'); print('two')").lines == ("one", "two")


def test_only_living_processes_are_alive():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert (is_alive(os.getpid()), is_alive(1), is_alive(ended.pid)) == (True, True, False)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have no /proc")
def test_a_killed_process_that_its_parent_has_not_seen_does_not_run():
    killed = subprocess.Popen(["sleep", "60"])
    assert is_alive(killed.pid)
    killed.kill()
    os.waitid(os.P_PID, killed.pid, os.WEXITED | os.WNOWAIT)
    os.kill(killed.pid, 0)  # its number is still taken
    assert not is_alive(killed.pid)
    killed.wait()
