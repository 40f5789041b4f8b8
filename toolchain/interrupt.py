"""Ctrl-C while a program starts or ends: one line and exit code 130, never a traceback out of some import."""

from __future__ import annotations

import os
import signal
from types import FrameType

CODE = 128 + signal.SIGINT


def is_one_line(program: str) -> None:
    """From now on end at once at SIGINT; for when nothing is running yet, or nothing any more."""

    def end(_number: int, _frame: FrameType | None) -> None:
        os.write(2, f"{program}: interrupted\n".encode())
        os._exit(CODE)  # an exception would surface wherever the program happens to be

    signal.signal(signal.SIGINT, end)
