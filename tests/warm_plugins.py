"""Start the stand-ins for Pulumi's plugins from one process with all imports, which saves 2 s of CPU per engine run.

The code and the protocol are those of the executables in rehearsal/pulumi_stand_ins/bin. Only the start differs. The
suite runs the engine about 200 times. test_language_host.py, and some tests of test_rehearse.py, start the executables.

``python -m tests.warm_plugins SOCKET`` forks one for each connection, until its standard input ends.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

Mains = Mapping[str, Callable[[list[str]], object]]

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ("cloudflare_client", "contract", "infra")  # the packages of the Pulumi program
CLIENT = """#!{python} -IS
import json, os, signal, socket, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
told = json.dumps([{name!r}, sys.argv[1:], dict(os.environ), os.getcwd()]).encode()
connection = socket.socket(socket.AF_UNIX)
connection.connect({socket!r})
socket.send_fds(connection, [len(told).to_bytes(4, "big")], [0, 1, 2])
connection.sendall(told)
connection.recv(1)
"""


@functools.cache
def folder() -> str:
    """Start the process once, and return its folder, which has a folder for each stand-in."""
    made = tempfile.mkdtemp(prefix="bv-warm-")
    place = f"{made}/socket"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_plugins", place],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, start_new_session=True,
    )  # fmt: skip
    atexit.register(_end, process, made)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return made


def entries(path: str) -> str:
    """Return PATH with a warm start for each stand-in on it, and for no official plugin."""
    from rehearsal.pulumi_stand_ins import BIN, LANGUAGE_HOST, PLUGIN

    found = {name: shutil.which(name, path=path) for name in (LANGUAGE_HOST, PLUGIN)}
    warm = [name for name, file in found.items() if file and Path(file).is_relative_to(BIN)]
    return os.pathsep.join([*(str(start_warm(name).parent) for name in warm), path])


def start_warm(name: str) -> Path:
    """Return the executable that starts this stand-in from the process with all imports."""
    file = Path(folder(), f"only-{name}", name)
    if not file.exists():
        file.parent.mkdir()
        file.write_text(CLIENT.format(python=sys.executable, name=name, socket=f"{folder()}/socket"))
        file.chmod(0o755)
    return file


def _end(process: subprocess.Popen[bytes], made: str) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait(10)
    shutil.rmtree(made)


def _serve(place: str, mains: Mains) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no process waits for them
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(16)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([listener.fileno(), 0], [], [])
            if 0 in ready:
                return
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _become(connection, mains)
            connection.close()


def _become(connection: socket.socket, mains: Mains) -> NoReturn:
    """Run the requested plugin with the descriptors, environment and folder of the connection, until it closes."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    length, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    name, arguments, environment, folder = json.loads(connection.makefile("rb").read(int.from_bytes(length, "big")))
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    threading.Thread(target=lambda: connection.recv(1) or os._exit(0), daemon=True).start()
    code = 1
    try:
        mains[name](arguments)
        code = 0
    finally:
        sys.stdout.flush()
        os._exit(code)


def main(place: str) -> None:
    import gc

    gc.disable()

    import anyio._backends._asyncio
    import anyio.streams.tls  # noqa: F401
    import grpc._channel  # type: ignore[import-untyped]
    import grpc._server  # type: ignore[import-untyped]
    import grpc.experimental  # type: ignore[import-untyped]  # noqa: F401
    import httpcore._backends.anyio  # noqa: F401
    import pulumi_cloudflare  # noqa: F401

    from cloudflare_client.httpx_transport import load_certificates
    from contract import secret_scan
    from infra import account, imports, plan, resources  # noqa: F401
    from infra.settings import reading, source  # noqa: F401
    from rehearsal.pulumi_stand_ins import LANGUAGE_HOST, PLUGIN, language_host, plugin, resource

    def run_language_host(arguments: list[str]) -> None:
        sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]  # the program's is its own
        if Path.cwd() != ROOT:  # another copy of the program
            for module in [name for name in sys.modules if name.partition(".")[0] in PROGRAM]:
                del sys.modules[module]
        language_host.main(arguments)

    secret_scan.has_secret_form("")  # imports every detector
    resource.find_resources()  # imports their modules
    load_certificates()
    gc.freeze()  # and no process collects, because each ends soon
    _serve(place, {LANGUAGE_HOST: run_language_host, PLUGIN: plugin.main})


if __name__ == "__main__":
    main(sys.argv[1])
