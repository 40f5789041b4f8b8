"""The commands of ``python -m backfill``. Slow imports are inside the functions, so that the help is fast."""

from __future__ import annotations

import contextlib
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import click

from backfill.cli.changing import pause, replace, resume, retry
from backfill.cli.reading import plan, status
from backfill.errors import EXIT_INCONCLUSIVE, EXIT_USAGE, CommandError
from checks.cli.standard_streams import exit_with_error
from contract.version import VERSION

if TYPE_CHECKING:
    from backfill.session import Surroundings

COMMAND = "python -m backfill"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="building-vitals")
def group() -> None:
    """Plan, watch, repeat and pause the copying of days. No command deletes a stored day.

    Credentials come from the stack, or else from the environment, as for the checks.

    \b
      CLOUDFLARE_API_TOKEN  reads the bucket
      OPERATOR_TOKEN        if the stack has none. Default: made of ACE_API_KEY
      ACE_API_KEY           if the stack has no aceApiKey

    \b
    Exit codes:
      0  done
      1  the worker refused it, or a day is not done
      2  usage error, or refused because data could be lost
      3  inconclusive: a system gave no usable answer
    """  # noqa: D301 - click reads a backspace as the start of text that it must not wrap


for command in (plan, status, retry, replace, pause, resume):
    group.add_command(command)


def main(argv: list[str] | None = None, command: str = COMMAND, surroundings: Surroundings | None = None) -> NoReturn:
    """Run the command and end the process. Every error is one line on standard error. SIGTERM is handled as Ctrl-C.

    ``surroundings`` replace those of this process, in a test.
    """
    with contextlib.suppress(ValueError):  # not in the main thread, which alone gets signals
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = (sys.argv[1:] if argv is None else argv) or ["--help"]
    try:
        code = group.main(arguments, prog_name=command, standalone_mode=False, obj=surroundings)
    except click.ClickException as error:
        exit_with_error(error.format_message(), EXIT_USAGE)
    except CommandError as error:
        exit_with_error(str(error), error.code)
    except OSError as error:  # of standard output. The clients handle their own
        exit_with_error(f"standard output: {error.strerror}", EXIT_INCONCLUSIVE)
    except (KeyboardInterrupt, click.Abort) as error:
        exit_with_error(_describe_interruption(error, arguments), EXIT_INCONCLUSIVE)
    except Exception as error:  # noqa: BLE001 - so that a defect shows one line instead of a traceback
        exit_with_error(f"internal error: {type(error).__name__}: {error}. Please report it", EXIT_INCONCLUSIVE)
    except SystemExit:  # click exits with 1 where its help cannot be written
        exit_with_error("standard output: closed by its reader", EXIT_INCONCLUSIVE)
    sys.exit(code if isinstance(code, int) else 0)


def _describe_interruption(error: BaseException, arguments: list[str]) -> str:
    """Return the text for Ctrl-C, and for the end of the input at a question, which comes before any change."""
    if isinstance(error, click.Abort) and error.__cause__ is None:
        click.echo(err=True)  # the question has no line end
        return "interrupted. Nothing was changed"
    is_change = bool({"retry", "replace"} & set(arguments)) and "--dry-run" not in arguments
    return "interrupted" + (". Each day that is shown as stored or revised is stored" if is_change else "")
