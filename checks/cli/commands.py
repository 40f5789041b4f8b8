"""The command. The only module that knows click; what is slow to import waits until it is needed."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

import click

from checks.cli.arguments import add_default_command, parse_duration, parse_targets
from checks.run.request import Request, RunRefused, Surroundings
from contract.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from checks.check import Check
    from checks.cli.progress_lines import ProgressLines

USAGE, INCONCLUSIVE = 2, 3  # exit codes; those of a verdict are the report's


class _OutputError(OSError):
    """Standard output takes nothing."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="building-vitals")
def group() -> None:
    """Verify that what is live is what was declared.

    Without a command, `run` is meant: python -m checks --stack prod

    Exit codes: 0 all checks passed, 1 a check failed, 2 usage error, 3 inconclusive.
    """


@group.command()
@click.argument("checks", nargs=-1, metavar="[CHECK]...")
@click.option("--stack", metavar="NAME", help="Read the promises from this Pulumi stack.")
@click.option("--manifest", metavar="FILE", help="Read them from a file, or from standard input (-).")
@click.option("--tag", multiple=True, help="Only checks with this tag, and what they need (repeatable).")
@click.option("--skip", multiple=True, metavar="CHECK|TAG", help="Leave these out (repeatable).")
@click.option("--read-only", is_flag=True, help="Leave out whatever changes anything (trigger).")
@click.option("--deadline", default="60s", show_default=True, help="For all checks together.")
@click.option(
    "--format",
    "formats",
    multiple=True,
    metavar="text|json|junit|markdown|github[=FILE]",
    help="Repeatable; text by default. junit is for CI; for GitHub, github annotates, markdown is a step summary.",
)
@click.option("--quiet", is_flag=True, help="Only what is not ok, and the recap.")
@click.option("--verbose", is_flag=True, help="All evidence, and how long each check took.")
@click.option("--no-color", is_flag=True, help="No colour on a terminal either (as NO_COLOR).")
@click.option("--thorough", is_flag=True, help="Look into every stored day, not only into a sample.")
@click.option("--strict", is_flag=True, help="A skipped check makes the run inconclusive.")
def run(**options: Any) -> int:
    """Run the checks (all, or those named and what they need) on a deployment.

    Credentials come from the environment: CLOUDFLARE_API_TOKEN; OPERATOR_TOKEN, or the stack's output, or derived
    from ACE_API_KEY. A check that lacks one is skipped, and says so.
    """
    from checks.reporters import list_formats
    from checks.run.execute import execute

    if (options["stack"] is None) == (options["manifest"] is None):
        raise RunRefused("say which deployment: --stack NAME, or --manifest FILE (one of them)", USAGE)
    empty = [name for name in ("stack", "manifest") if options[name] is not None and not options[name].strip()]
    if empty:
        raise RunRefused(f"--{empty[0]}: the name is empty (a variable that is not set?)", USAGE)
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
            strict=options["strict"],
            thorough=options["thorough"],
            quiet=options["quiet"],
            verbose=options["verbose"],
            color=_is_terminal() and not options["no_color"] and not os.environ.get("NO_COLOR"),
        )
    except ValueError as error:
        raise RunRefused(str(error), USAGE) from None
    with _show_progress(plain=options["quiet"] or options["no_color"]) as watch:
        return execute(request, Surroundings(environ=os.environ, write=_write, watch=watch))


@group.command("list")
def list_() -> None:
    """List the checks: id, tags and what each proves."""
    checks = _load_checks()
    width = max(map(len, checks))
    lines = [f"{check.id:<{width}}  {check.proves}  [{', '.join(sorted(check.tags))}]\n" for check in checks.values()]
    _write("".join(lines))


@group.command()
@click.argument("check", metavar="CHECK")
def explain(check: str) -> None:
    """Say what CHECK proves, why it fails and what to do; asks nobody."""
    from checks.cli.explanation import explain_check
    from checks.run.selection import SelectionError, select

    checks = _load_checks()
    try:
        select(checks, names=[check])
    except SelectionError as error:
        raise RunRefused(str(error), USAGE) from None
    _write(explain_check(checks[check]))


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command and end the process; whatever goes wrong is one line on standard error."""
    arguments = add_default_command(sys.argv[1:] if argv is None else argv, group.commands)
    try:
        code = group.main(arguments, prog_name="python -m checks", standalone_mode=False)
    except click.ClickException as error:
        _exit_with_error(error.format_message(), USAGE)
    except RunRefused as error:
        _exit_with_error(str(error), error.code)
    except OSError as error:  # the clients tell their own, and so does the report
        _exit_with_error(f"standard output: {error.strerror}", INCONCLUSIVE)
    except (KeyboardInterrupt, click.Abort):
        _exit_with_error("interrupted: inconclusive", INCONCLUSIVE)
    except Exception as error:  # noqa: BLE001 - the last line of defence against a traceback
        _exit_with_error(f"internal error: {type(error).__name__}: {error}. Please report it", INCONCLUSIVE)
    except SystemExit:  # click's own end, with 1, where nobody reads its help
        _exit_with_error("nobody reads the help", INCONCLUSIVE)
    sys.exit(code if isinstance(code, int) else 0)


def _load_checks() -> dict[str, Check]:
    from checks.catalog import load

    return load()


@contextlib.contextmanager
def _show_progress(*, plain: bool) -> Iterator[ProgressLines | None]:
    """Show on standard error what runs, where somebody can see it, and leave nothing of it there."""
    from checks.cli.progress_lines import ProgressLines, fits_terminal

    if plain or not fits_terminal(sys.stderr, os.environ):
        yield None
        return
    lines = ProgressLines(terminal=sys.stderr)
    try:
        yield lines
    finally:
        try:
            lines.clear()
        except OSError:  # the terminal is gone
            _silence(sys.stderr)


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _write(text: str) -> None:
    """Write to standard output, at once; raises OSError where it is closed, full or read by nobody."""
    if sys.stdout is None:  # it was closed before this process began
        raise _OutputError(errno.EBADF, "it is closed")
    encoding = sys.stdout.encoding or "utf-8"
    try:
        click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=False, color=True)
    except OSError as error:
        _silence(sys.stdout)
        text = "nobody reads the report" if isinstance(error, BrokenPipeError) else str(error.strerror)
        raise _OutputError(errno.EIO, text) from None  # at EPIPE click itself would end with 1, a verdict


def _exit_with_error(text: str, code: int) -> NoReturn:
    from checks.model.credentials import list_secrets
    from checks.model.redaction import Redactor

    line = Redactor(list_secrets(os.environ)).redact_line(text)
    try:
        click.echo(f"error: {line}".encode("ascii", "backslashreplace").decode(), err=True)
    except OSError:  # nobody listens there either: the exit code says it
        _silence(sys.stderr)
    sys.exit(code)


def _silence(stream: TextIO) -> None:
    """Lead a stream nowhere: what is left in it must not fail again at the end, where Python sets its own exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
