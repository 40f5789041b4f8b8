"""``python -m rehearsal``, with one line instead of a traceback for an early Ctrl-C and for missing packages."""

from __future__ import annotations

import sys

from toolchain import interrupt

_INCONCLUSIVE = 3


def main() -> None:
    """Import the command line, which takes a while, and run it."""
    interrupt.is_one_line("rehearsal")
    try:
        from rehearsal import cli
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in {"rehearsal", "toolchain"}:
            raise
        sys.stderr.write(
            f"rehearsal: {sys.executable} has no package {error.name}. "
            f"Run scripts/setup, then .venv/bin/python -m rehearsal\n"
        )
        sys.exit(_INCONCLUSIVE)
    cli.main(prog_name="python -m rehearsal")


if __name__ == "__main__":
    main()
