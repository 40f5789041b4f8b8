"""The edge's Node process: started, watched, and never outlived by anything that it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import PIPE, Process
from pathlib import Path

from rehearsal.edge.model import EdgeError

_HERE = Path(__file__).parent
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")  # nothing else: the caller's environment may hold secrets
_START_LIMIT = 30.0
_CLOSE_LIMIT = 2.0
_SOCKET_PATH_LIMIT = 100  # the system's is 104 to 108, by system


class NodeProcess:
    """One running Node process, leader of its own process group; ``socket`` is where it takes orders."""

    def __init__(self, process: Process, socket: Path) -> None:
        self.socket = socket
        self._process = process
        self._closing = False
        self._tasks = [asyncio.create_task(_drain(process.stderr)), asyncio.create_task(self._bury())]

    @classmethod
    async def start(cls, *, folder: Path, drain_limit: float) -> NodeProcess:
        """Start it and wait until it is ready; ``drain_limit`` in seconds.

        Raises EdgeError when Node or its packages are missing, or when it does not come up.
        """
        node = _node()
        folder, temporary, socket = _folders(folder)
        process = await asyncio.create_subprocess_exec(
            *(node, str(_HERE / "main.mjs"), f"--folder={folder}", f"--socket={socket}"),
            f"--drain-limit={drain_limit * 1000:.0f}",
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
            cwd=folder,
            env={name: os.environ[name] for name in _INHERITED if name in os.environ} | {"TMPDIR": str(temporary)},
        )
        running = cls(process, socket)
        try:
            await running._ready()
        except BaseException:
            await running.close()
            raise
        return running

    def check(self) -> None:
        """Raise EdgeError if it has ended."""
        code = self._process.returncode
        if self._closing:
            raise EdgeError("the local edge is closed")
        if code is not None:
            how = f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"
            raise EdgeError(f"the local edge has died (its Node process {how}): start the rehearsal again")

    async def ended(self) -> None:
        """Wait until it ends, and raise EdgeError."""
        await self._process.wait()
        self.check()

    async def close(self) -> None:
        """End it, and whatever it started, within two seconds."""
        self._closing = True
        if self._process.stdin is not None:
            self._process.stdin.close()  # which it takes as its order to end
        try:
            await asyncio.wait_for(self._process.wait(), _CLOSE_LIMIT)
        except TimeoutError:
            _kill_group(self._process.pid)
        await asyncio.gather(*self._tasks)
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    async def _ready(self) -> None:
        if self._process.stdout is None:
            raise EdgeError("the local edge has no standard output")
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _START_LIMIT)
        except TimeoutError:
            raise EdgeError(f"the local edge did not start within {_START_LIMIT:.0f} s") from None
        if line != b"ready\n":
            said = await self._tasks[0]
            raise EdgeError(f"the local edge did not start: {_reason(said)}; if packages are broken: scripts/setup")

    async def _bury(self) -> bytes:
        """Kill what Node leaves behind if it is killed itself: workerd does not notice."""
        await self._process.wait()
        _kill_group(self._process.pid)
        return b""


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        raise EdgeError("the local edge needs Node.js 20 or newer: install it, then run scripts/setup")
    if not (_HERE / "node_modules" / "miniflare" / "package.json").is_file():
        raise EdgeError("the local edge's packages are not installed: run scripts/setup")
    return node


def _folders(folder: Path) -> tuple[Path, Path, Path]:
    """Make and return the edge's folder, an empty one for temporary files, and the path of a new control socket.

    Only this user may enter the socket's folder, which lies elsewhere where its path were too long for a socket.
    """
    folder = folder.absolute() / "edge"
    temporary = folder / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)  # what a killed predecessor left
    temporary.mkdir(parents=True)
    short = len(str(folder)) + len("/control-12345678/s") <= _SOCKET_PATH_LIMIT
    return folder, temporary, Path(tempfile.mkdtemp(prefix="control-", dir=folder if short else "/tmp")) / "s"  # noqa: S108 - mkdtemp: 0700


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


async def _drain(stream: asyncio.StreamReader | None, keep: int = 4096) -> bytes:
    """Read to the end, so that the writer never waits; return the last bytes."""
    last = b""
    while stream is not None and (chunk := await stream.read(65536)):
        last = (last + chunk)[-keep:]
    return last


def _reason(said: bytes) -> str:
    lines = [line.strip() for line in said.decode(errors="replace").splitlines()]
    errors = [line for line in lines if "Error" in line]
    return (errors or [line for line in lines if line] or ["it said nothing"])[0][:200]
