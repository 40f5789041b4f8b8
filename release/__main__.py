"""The commands of ``building-vitals.pyz``. Each is imported only when it runs, so that the help is fast."""

from __future__ import annotations

import importlib
import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from contract.version import VERSION

COMPLETE = "_BUILDING_VITALS_COMPLETE"  # click's variable for the completion of a shell
USAGE = 2  # exit code
COMMANDS = {  # name -> module, command, and short help
    "check": ("checks.cli.commands", "group", "Verify a deployment."),
    "backfill": ("backfill.cli.commands", "group", "Plan, watch, repeat and pause the copying of days."),
    "review": ("review.__main__", "main", "Write a comment about a preview, which comes from standard input."),
    "review-github": ("review.github.__main__", "group", "Write the results of a workflow to GitHub."),
}


class _Commands(click.Group):
    """The commands, imported by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        return _load(cmd_name)[1] if cmd_name in COMMANDS else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.command(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"""\b
Completion of a shell, also with zsh_source or fish_source:
  eval "$({COMPLETE}=bash_source building-vitals.pyz)"
""",
)
@click.version_option(VERSION, prog_name="building-vitals")
def group() -> None:
    """Verify and operate deployments of Building Vitals, and review their previews, without a checkout."""


def start() -> NoReturn:
    """Run the command of this process. Every error is one line on standard error."""
    arguments = sys.argv[1:] if len(sys.argv) > 1 else ["--help"]
    if arguments[0] in COMMANDS and COMPLETE not in os.environ:
        _run(arguments[0], arguments[1:])
    try:
        group.main(arguments, prog_name=Path(sys.argv[0]).name, complete_var=COMPLETE, standalone_mode=False)
    except click.ClickException as error:
        click.echo(f"error: {error.format_message()}", err=True)
        sys.exit(USAGE)
    sys.exit(0)


def _run(name: str, arguments: list[str]) -> NoReturn:
    """Run one command with its own entry point, which decides its exit code."""
    module, command = _load(name)
    typed = f"{name_program(sys.argv[0])} {name}"
    if name == "review":
        command.main(arguments, prog_name=typed)
    else:
        module.main(arguments, typed)
    sys.exit(0)


def _load(name: str) -> tuple[Any, click.Command]:
    module = importlib.import_module(COMMANDS[name][0])
    command: click.Command = getattr(module, COMMANDS[name][1])
    return module, command


def name_program(path: str) -> str:
    """Return the word or words that start this program from a shell, for the next commands of a report."""
    name = Path(path).name
    found = shutil.which(name)
    if found is not None and Path(found).resolve() == Path(path).resolve():
        return shlex.quote(name)
    executable = os.sep in path and os.access(path, os.X_OK)
    return shlex.quote(path) if executable else f"python3 {shlex.quote(path)}"


if __name__ == "__main__":
    start()
