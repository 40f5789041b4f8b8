"""``python -m toolchain [COMMAND...]``: set-up, and then, in its place, the command; called by scripts/setup."""

from __future__ import annotations

import sys

from toolchain import interrupt


def main() -> int:
    """Set everything up, become the command that was asked for, or return the exit code."""
    interrupt.is_one_line("set-up")  # before imports that take their time
    from toolchain import setup

    return setup.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
