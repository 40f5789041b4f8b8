"""``python -m toolchain [COMMAND...]`` sets everything up and then becomes the command. scripts/setup calls it."""

from __future__ import annotations

import sys

from toolchain import interrupt


def main() -> int:
    """Sets everything up and becomes the requested command, or returns the exit code."""
    interrupt.is_one_line("set-up")  # before slow imports
    from toolchain import setup

    return setup.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
