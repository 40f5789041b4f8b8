import asyncio
import errno
import os
import signal
import tempfile

import pytest
from click.testing import CliRunner

from rehearsal import cli
from rehearsal.edge import EdgeError


@pytest.mark.parametrize("command", ["up", "serve"])
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/x"), "No space left on device (/tmp/x). Set TMPDIR"),
        (OSError(errno.EROFS, "Read-only file system"), "Read-only file system. Set TMPDIR"),
        (EdgeError("the local edge has died: start it"), "the local edge has died: start it"),
    ],
)
def test_a_failure_outside_the_program_is_one_line(monkeypatch, tmp_path, command, error, line):
    async def failing(*_):
        raise error

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cli, f"_{command}", failing)
    monkeypatch.setattr(cli.interrupt, "is_one_line", lambda _: None)
    result = CliRunner().invoke(cli.main, [command])
    assert result.exit_code == 3
    assert result.output.startswith(f"rehearsal: {line}")
    assert len(result.output.splitlines()) == 1


def test_a_second_signal_does_not_interrupt_the_stopping(monkeypatch, capsys):
    monkeypatch.setattr(cli.interrupt, "is_one_line", lambda _: None)
    stopped = []

    async def work():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.05)
            stopped.append(True)

    assert cli._run(work()) == 143
    assert stopped == [True]
    assert capsys.readouterr().err == "rehearsal: ended by SIGTERM\n"
