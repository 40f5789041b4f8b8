"""Runs one command and ends it when the process that started the guard ends.

``python guard.py FD COMMAND...``: FD is the read end of a pipe. Only the starting process holds the write end. When
the pipe closes, the process group of the command gets SIGINT, and SIGKILL two seconds later. The guard is started as a
file and uses the standard library alone, because it must start fast.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

GRACE = 2.0  # seconds between SIGINT and SIGKILL


def main(lifeline: int, command: list[str]) -> int:
    """Runs the command in this process group and returns its exit code, 128 + n when signal n ended it."""
    try:
        child = subprocess.Popen(command)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ending = threading.Event()
    threading.Thread(target=_end_with, args=(lifeline, ending), daemon=True).start()
    code = child.wait()
    if ending.is_set():  # the command has ended, and its children may not have
        os.killpg(0, signal.SIGKILL)
    return 128 - code if code < 0 else code


def _end_with(lifeline: int, ending: threading.Event) -> None:
    while os.read(lifeline, 1):
        pass
    ending.set()
    os.killpg(0, signal.SIGINT)
    time.sleep(GRACE)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
