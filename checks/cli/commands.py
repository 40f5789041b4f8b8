"""The commands of ``python -m checks``. Slow imports are inside the functions, so that the help is fast."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shlex
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from checks.cli.arguments import add_default_command, parse_duration, parse_targets
from checks.cli.standard_streams import exit_with_error, is_terminal, warn, write
from checks.cli.terminal import find_width, folds, wants_color
from checks.cli.workflow_commands import notify, preflight
from checks.model.hint import COMMAND
from checks.run.request import Request, RunRefused, Surroundings
from contract.version import VERSION

if TYPE_CHECKING:
    from checks.check import Check

USAGE, INCONCLUSIVE = 2, 3  # exit codes. The report decides 0, 1 and 3 of a run


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="building-vitals")
def group() -> None:
    """Verify that the live deployment is the declared one.

    The default command is run: python -m checks --stack prod

    \b
    Exit codes:
      0  all checks passed
      1  a check failed
      2  usage error
      3  inconclusive
    """  # noqa: D301 - click reads a backspace as the start of text that it must not wrap


def _complete_check(_context: click.Context, _parameter: click.Parameter, start: str) -> list[str]:
    return [name for name in _load_checks() if name.startswith(start)]


@group.command(short_help="Run the checks on a deployment.")
@click.argument("checks", nargs=-1, metavar="[CHECK]...", shell_complete=_complete_check)
@click.option("--stack", metavar="NAME", help="Read the manifest from this Pulumi stack.")
@click.option("--manifest", metavar="FILE", help="Read it from a file, or - (standard input). With --stack: its key.")
@click.option("--tag", metavar="TAG", multiple=True, help="Run the checks with this tag and their needs (repeatable).")
@click.option("--skip", multiple=True, metavar="CHECK|TAG", help="Leave out a check or tag (repeatable).")
@click.option("--read-only", is_flag=True, help="Leave out checks that change something (trigger).")
@click.option(
    "--deadline",
    metavar="DURATION",
    default="60s",
    show_default=True,
    help="Limit for all checks together, such as 60s or 2m.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="Report format (repeatable): text (default), json, junit (for CI), github (annotations), markdown (summaries)"
    " or prometheus (metrics).",
)
@click.option("--quiet", is_flag=True, help="Show the checks that are not ok, and the recap.")
@click.option("--verbose", is_flag=True, help="Show all evidence, and the duration of each check.")
@click.option("--no-color", is_flag=True, help="Use no colour, as with NO_COLOR.")
@click.option("--thorough", is_flag=True, help="Read every stored day, not only a sample.")
@click.option(
    "--allow-missing-credentials", is_flag=True, help="Skip a check without its credential, instead of inconclusive."
)
@click.option("--notify", is_flag=True, help="Require NOTIFY_URL, and tell each change of the state there.")
@click.option(
    "--state",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the state that was told. Default: below ~/.local/state/building-vitals.",
)
@click.option("--strict", is_flag=True, hidden=True)
def run(**options: Any) -> int:
    """Run all checks on a deployment, or the named ones and their needs.

    Credentials come from the stack, or else from the environment. A check without its credential is inconclusive.

    \b
      CLOUDFLARE_API_TOKEN  reads the Cloudflare API
      OPERATOR_TOKEN        if the stack has none. Default: made of ACE_API_KEY
      ACE_API_KEY           if the stack has no aceApiKey
      NOTIFY_URL            webhook for messages (Slack, Teams): red, green again
      HEARTBEAT_URL         called after each completed run
    """  # noqa: D301 - as above
    from checks.cli.progress_lines import show_progress
    from checks.reporters import list_formats
    from checks.run.execute import execute

    if options["stack"] is None and options["manifest"] is None:
        raise RunRefused("name the deployment with --stack NAME or --manifest FILE", USAGE)
    empty = [name for name in ("stack", "manifest") if options[name] is not None and not options[name].strip()]
    if empty:
        raise RunRefused(f"--{empty[0]}: the name is empty. Is a variable not set?", USAGE)
    if any("://" in name for name in options["checks"]):  # it may hold a token, so it is not shown
        raise RunRefused("a URL is not a check. The webhook of --notify is taken from NOTIFY_URL only", USAGE)
    if options["quiet"] and options["verbose"]:
        raise RunRefused("--quiet and --verbose exclude each other", USAGE)
    try:
        request = Request(
            stack=options["stack"],
            manifest=options["manifest"],
            names=options["checks"],
            tags=options["tag"],
            skip=options["skip"],
            read_only=options["read_only"],
            seconds=parse_duration(options["deadline"]),
            targets=parse_targets(options["formats"], list_formats()),
            allow_missing_credentials=options["allow_missing_credentials"],
            thorough=options["thorough"],
            quiet=options["quiet"],
            verbose=options["verbose"],
            color=wants_color(os.environ, terminal=is_terminal()) and not options["no_color"],
            width=find_width(os.environ, terminal=is_terminal()),
            fold=folds(os.environ),
            notify=options["notify"],
            state=options["state"],
        )
    except ValueError as error:
        raise RunRefused(str(error), USAGE) from None
    if options["strict"]:
        click.echo("note: --strict is the default now, and can be left out", err=True)
    with show_progress(plain=options["quiet"] or options["no_color"]) as watch:
        source = "" if request.manifest in (None, "-") else f"--manifest {shlex.quote(str(request.manifest))}"
        surroundings = Surroundings(
            environ=os.environ, write=write, watch=watch, warn=warn, command=_name_command(), source=source
        )
        if watch is not None:
            surroundings = dataclasses.replace(surroundings, progress=watch.advance)
        return execute(request, surroundings)


group.add_command(preflight)
group.add_command(notify)


@group.command("list")
def list_() -> None:
    """List the checks with their claims and tags."""
    from checks.cli.explanation import list_checks

    write(list_checks(_load_checks(), find_width(os.environ, terminal=is_terminal())))


@group.command(short_help="Explain a check, its causes of failure and their fixes.")
@click.argument("check", metavar="CHECK", shell_complete=_complete_check)
def explain(check: str) -> None:
    """Explain a check: its claim, its needs, and the next step for each failure.

    It sends no request.
    """
    from checks.cli.explanation import explain_check
    from checks.run.selection import SelectionError, select

    checks = _load_checks()
    try:
        select(checks, names=[check])
    except SelectionError as error:
        raise RunRefused(str(error), USAGE) from None
    text = explain_check(checks[check], find_width(os.environ, terminal=is_terminal()))
    write(text.replace(COMMAND, _name_command()))


def main(argv: list[str] | None = None, command: str = COMMAND) -> NoReturn:
    """Run the command and end the process. Every error is one line on standard error. SIGTERM is handled as Ctrl-C.

    ``command`` starts the checks, for the help and the next commands.
    """
    with contextlib.suppress(ValueError):  # not in the main thread, which alone gets signals
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    group.help = str(group.help).replace(COMMAND, command)
    arguments = add_default_command(sys.argv[1:] if argv is None else argv, group.commands)
    try:
        code = group.main(arguments, prog_name=command, standalone_mode=False)
    except click.ClickException as error:
        exit_with_error(error.format_message(), USAGE)
    except RunRefused as error:
        exit_with_error(str(error), error.code)
    except OSError as error:  # of standard output. The clients and the report handle their own
        exit_with_error(f"standard output: {error.strerror}", INCONCLUSIVE)
    except (KeyboardInterrupt, click.Abort):
        exit_with_error("interrupted: inconclusive", INCONCLUSIVE)
    except Exception as error:  # noqa: BLE001 - so that a defect shows one line instead of a traceback
        exit_with_error(f"internal error: {type(error).__name__}: {error}. Please report it", INCONCLUSIVE)
    except SystemExit:  # click exits with 1 where its help cannot be written
        exit_with_error("standard output: closed by its reader", INCONCLUSIVE)
    sys.exit(code if isinstance(code, int) else 0)


def _name_command() -> str:
    """Return the command that started the checks."""
    return str(click.get_current_context().find_root().info_name)


def _load_checks() -> dict[str, Check]:
    from checks.catalog import load

    return load()
