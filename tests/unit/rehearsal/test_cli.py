import asyncio
import dataclasses
import errno
import os
import signal
import tempfile

import pytest
from click.testing import CliRunner

from rehearsal import cli, local
from rehearsal.edge import EdgeError


class Edge:
    """An edge that ends when it is told to."""

    def __init__(self):
        self.told = asyncio.Event()

    async def ended(self):
        await self.told.wait()
        raise EdgeError("the local edge has died")


def world(edge):
    names = {field.name for field in dataclasses.fields(local.Local)} - {"edge"}
    return local.Local(edge=edge, **dict.fromkeys(names))


def test_work_ends_with_the_edge_in_order():
    stopped = []

    async def work(edge):
        try:
            edge.told.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            stopped.append(True)

    async def go():
        edge = Edge()
        with pytest.raises(EdgeError, match="has died"):
            await world(edge).while_alive(work(edge))

    asyncio.run(go())
    assert stopped == [True]


def test_work_that_ends_first_gives_its_code():
    async def work():
        return 1

    async def go():
        return await world(Edge()).while_alive(work())

    assert asyncio.run(go()) == 1


@pytest.mark.parametrize("command", ["up", "serve"])
@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/x"), "No space left on device (/tmp/x): point TMPDIR"),
        (OSError(errno.EROFS, "Read-only file system"), "Read-only file system: point TMPDIR"),
        (EdgeError("the local edge has died: start it"), "the local edge has died: start it"),
    ],
)
def test_what_fails_outside_is_one_line(monkeypatch, tmp_path, command, error, line):
    async def failing(*_):
        raise error

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(cli, f"_{command}", failing)
    monkeypatch.setattr(cli.interrupt, "is_one_line", lambda _: None)
    result = CliRunner().invoke(cli.main, [command])
    assert result.exit_code == 3
    assert result.output.startswith(f"rehearsal: {line}")
    assert len(result.output.splitlines()) == 1


def test_a_second_interrupt_does_not_break_off_the_stopping(monkeypatch, capsys):
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
