"""Ctrl-C while a program starts or ends: one line and exit code 130, without a traceback of an import."""

from __future__ import annotations

import os
import signal
from types import FrameType

CODE = 128 + signal.SIGINT


def is_one_line(program: str) -> None:
    """From now on, SIGINT ends the process at once. Use it before work starts and after work ends."""

    def end(_number: int, _frame: FrameType | None) -> None:
        os.write(2, f"{program}: interrupted\n".encode())
        os._exit(CODE)  # an exception would appear at a random line of the program

    signal.signal(signal.SIGINT, end)
