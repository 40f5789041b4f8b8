import asyncio
import os
import signal
import subprocess
import sys
import time

import pytest

from rehearsal.local_system import commands
from tests import processes


def run(coroutine):
    return asyncio.run(coroutine)


def written(path):
    while not path.exists() or not path.read_text():
        time.sleep(0.01)


def test_output_and_input_pass_through(tmp_path):
    assert run(commands.capture(["cat", "-"], environment=os.environ, folder=tmp_path, given="fake")) == "fake"


def test_a_failure_repeats_the_output_of_the_command(tmp_path):
    with pytest.raises(commands.CommandError, match=r"(?s)sh -c ended with 3:\nboom"):
        run(commands.capture(["sh", "-c", "echo boom >&2; exit 3"], environment=os.environ, folder=tmp_path))


def test_a_code_is_returned_also_for_a_signal_and_a_missing_command(tmp_path):
    def code(*command):
        return run(commands.stream(command, environment=os.environ, folder=tmp_path))

    assert code("sh", "-c", "exit 7") == 7
    assert code("sh", "-c", "kill -9 $$") == 137
    assert code("no-such-command") == 127


def test_a_command_sees_only_the_given_environment(tmp_path):
    environment = {"PATH": os.environ["PATH"], "ONLY": "this"}
    assert "HOME" not in run(commands.capture(["env", "-0"], environment=environment, folder=tmp_path))


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_no_command_outlives_its_caller(tmp_path, end):
    program = (
        "import asyncio, os; from rehearsal.local_system import commands;"
        "asyncio.run(commands.stream(['sh', '-c', 'echo $$; sleep 60 & echo $!; wait'], environment=os.environ, folder='/'))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        pids = [int(parent.stdout.readline()) for _ in range(2)]
        assert processes.alive(pids) == set(pids)
        parent.send_signal(end)
    assert processes.gone(pids, seconds=5) == {}


def test_a_cancelled_wait_ends_the_command(tmp_path):
    async def cancelled():
        task = asyncio.create_task(
            commands.capture(
                ["sh", "-c", f"echo $$ > {tmp_path}/pid; sleep 60"], environment=os.environ, folder=tmp_path
            )
        )
        await asyncio.to_thread(written, tmp_path / "pid")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancelled())
    assert processes.gone([int((tmp_path / "pid").read_text())], seconds=5) == {}
