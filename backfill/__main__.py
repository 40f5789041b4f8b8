"""``python -m backfill``."""

import sys


def start() -> None:
    """Run the command. An interruption during the imports is one line too."""
    try:
        from backfill.cli.commands import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted: inconclusive\n")
        sys.exit(3)


if __name__ == "__main__":
    start()
