"""The edge's Node process. Each process that it starts ends with it."""

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
from toolchain import node

_HERE = Path(__file__).parent
_INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ")  # nothing else, because the caller's environment may hold secrets
_MAX_START_SECONDS = 30.0
_MAX_CLOSE_SECONDS = 2.0
_MAX_SOCKET_PATH = 100  # characters. The system allows 104 to 108


class NodeProcess:
    """One running Node process, leader of its own process group. ``socket`` is the path of its control socket."""

    def __init__(self, process: Process, socket: Path) -> None:
        self.socket = socket
        self._process = process
        self._closing = False
        self._tasks = [asyncio.create_task(_drain(process.stderr)), asyncio.create_task(self._kill_children())]

    @classmethod
    async def start(cls, *, folder: Path, drain_limit: float) -> NodeProcess:
        """Start the process and wait until it is ready. ``drain_limit`` is in seconds.

        Raises EdgeError when Node or its packages are missing, or when it does not become ready.
        """
        program = _find_node()
        folder, temporary, socket = _make_folders(folder)
        process = await asyncio.create_subprocess_exec(
            *(program, str(_HERE / "node" / "main.mjs"), f"--folder={folder}", f"--socket={socket}"),
            f"--drain-limit={drain_limit * 1000:.0f}",
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            start_new_session=True,
            cwd=folder,
            env=_make_environment(temporary),
        )
        running = cls(process, socket)
        try:
            await running._ready()
        except BaseException:
            await running.close()
            raise
        return running

    def check(self) -> None:
        """Raise EdgeError if the process has ended."""
        code = self._process.returncode
        if self._closing:
            raise EdgeError("the local edge is closed")
        if code is not None:
            how = f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"
            raise EdgeError(f"the local edge has died (its Node process {how}). Start the rehearsal again")

    async def ended(self) -> None:
        """Wait until the process ends, and raise EdgeError."""
        await self._process.wait()
        self.check()

    async def close(self) -> None:
        """End the process and its children within two seconds."""
        self._closing = True
        if self._process.stdin is not None:
            self._process.stdin.close()  # it ends when its standard input closes
        try:
            await asyncio.wait_for(self._process.wait(), _MAX_CLOSE_SECONDS)
        except TimeoutError:
            _kill_group(self._process.pid)
        await asyncio.gather(*self._tasks)
        shutil.rmtree(self.socket.parent, ignore_errors=True)

    async def _ready(self) -> None:
        if self._process.stdout is None:
            raise EdgeError("the local edge has no standard output")
        try:
            line = await asyncio.wait_for(self._process.stdout.readline(), _MAX_START_SECONDS)
        except TimeoutError:
            raise EdgeError(f"the local edge did not start within {_MAX_START_SECONDS:.0f} s") from None
        if line != b"ready\n":
            output = await self._tasks[0]
            raise EdgeError(
                f"the local edge did not start: {_find_reason(output)}. If packages are broken, run scripts/setup"
            )

    async def _kill_children(self) -> bytes:
        """Kill the children of a Node process that was killed, because workerd does not notice its end."""
        await self._process.wait()
        _kill_group(self._process.pid)
        return b""


def _find_node() -> str:
    found = node.find()
    if found is None:
        minimum = node.describe(node.MIN_REHEARSAL)
        raise EdgeError(f"the local edge needs Node.js {minimum} or newer. Run scripts/setup")
    if not (_HERE / "node_modules" / "miniflare" / "package.json").is_file():
        raise EdgeError("the packages of the local edge are not installed. Run scripts/setup")
    return str(found)


def _make_environment(temporary: Path) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, **node.make_environment(os.environ.get("PATH", os.defpath)), "TMPDIR": str(temporary)}


def _make_folders(folder: Path) -> tuple[Path, Path, Path]:
    """Make and return the edge's folder, an empty folder for temporary files, and the path of a new control socket.

    Only this user may enter the socket's folder. It is below /tmp when its path would be too long for a socket.
    """
    folder = folder.absolute() / "edge"
    temporary = folder / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)  # files of an earlier process that was killed
    temporary.mkdir(parents=True)
    short = len(str(folder)) + len("/control-12345678/s") <= _MAX_SOCKET_PATH
    return folder, temporary, Path(tempfile.mkdtemp(prefix="control-", dir=folder if short else "/tmp")) / "s"  # noqa: S108 - mkdtemp: 0700


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


async def _drain(stream: asyncio.StreamReader | None, keep: int = 4096) -> bytes:
    """Read to the end, so that the writer never waits, and return the last bytes."""
    last = b""
    while stream is not None and (chunk := await stream.read(65536)):
        last = (last + chunk)[-keep:]
    return last


def _find_reason(output: bytes) -> str:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines()]
    errors = [line for line in lines if "Error" in line]
    return (errors or [line for line in lines if line] or ["it printed nothing"])[0][:200]
