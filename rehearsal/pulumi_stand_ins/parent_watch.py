"""End a plugin together with its engine."""

import os
import select
import signal
import stat
import sys
import threading
import time

_POLL_SECONDS = 0.5


def end_with_parent() -> None:
    """End this process when its parent dies, also by `kill -9`, and at once when the engine interrupts it.

    The engine gives each plugin a pipe as standard input and never writes to it. The pipe ends with the engine.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_watch, args=(os.getppid(),), name="parent-watch", daemon=True).start()


def _watch(parent: int) -> None:
    stdin = sys.__stdin__.fileno() if sys.__stdin__ else -1
    piped = stdin >= 0 and stat.S_ISFIFO(os.fstat(stdin).st_mode)
    while os.getppid() == parent:
        if not piped:
            time.sleep(_POLL_SECONDS)
        elif select.select([stdin], [], [], _POLL_SECONDS)[0] and not os.read(stdin, 4096):
            break
    os._exit(0)
