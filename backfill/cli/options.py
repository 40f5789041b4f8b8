"""The options that all commands share, and the opening of a session from them."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from checks.cli.standard_streams import is_terminal, warn, write
from checks.cli.terminal import find_width, wants_color

if TYPE_CHECKING:
    from backfill.picture.calendar import Style
    from backfill.session import Session, Surroundings

Command = TypeVar("Command", bound=Callable[..., Any])
SCHEMA = 1  # of the JSON
DAY = "YYYY-MM-DD"


class DayType(click.ParamType[date, str]):
    """A day as YYYY-MM-DD."""

    name = DAY

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day. A text of another form is a usage error."""
        from contract.schedule import parse_day

        day = value if isinstance(value, date) else parse_day(str(value))
        if day is None:
            self.fail(f"expected a day such as 2024-12-10, found {value!r}", param, ctx)
        return day


def add_common_options(command: Command) -> Command:
    """Add the options that name the deployment and the format."""
    for option in (
        click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Default: text."),
        click.option("--manifest", metavar="FILE", help="Read it from a file, or - (standard input)."),
        click.option("--stack", metavar="NAME", help="Read the manifest from this Pulumi stack."),
    ):
        command = option(command)
    return command


def add_site_option(command: Command) -> Command:
    """Add the option that names one site."""
    return click.option("--site", metavar="NAME", help="Only this site.")(command)


@contextlib.contextmanager
def open_deployment(options: dict[str, Any], *, planned: bool = False) -> Iterator[Session]:
    """Yield the session that the options name. An error of a system in the block is a CommandError."""
    from backfill.errors import convert_stop
    from backfill.session import open_session
    from checks.model.finding import Stop

    with open_session(options["stack"], options["manifest"], make_surroundings(), planned=planned) as session:
        for evidence in session.credentials.warn_of_unused_variables():
            warn(evidence.text)
        try:
            yield session
        except Stop as stop:
            error = convert_stop(
                stop,
                stack=session.stack,
                worker=session.manifest.worker.name,
                checks=session.surroundings.checks,
                source=session.option,
            )
            error.args = (session.redactor.redact_line(str(error)),)
            raise error from None


def make_surroundings() -> Surroundings:
    """Return the surroundings of this process. A test puts its own into the object of the context."""
    from backfill.session import Surroundings

    root = click.get_current_context().find_root()
    if isinstance(root.obj, Surroundings):
        return root.obj
    command = str(root.info_name)
    checks = command.removesuffix("backfill") + ("checks" if command.endswith("-m backfill") else "check")
    return Surroundings(environ=os.environ, command=command, checks=checks)


def make_style() -> Style:
    """Return the style of standard output: its width, its colours, and its characters."""
    from backfill.picture.calendar import Style

    terminal = is_terminal()
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    is_dumb = terminal and os.environ.get("TERM", "dumb") in ("", "dumb")
    return Style(
        width=find_width(os.environ, terminal=terminal),
        color=wants_color(os.environ, terminal=terminal),
        unicode=encoding == "utf8" and not is_dumb,
    )


def write_json(command: str, data: dict[str, Any], at: datetime | None = None) -> None:
    """Write the data of a command as JSON."""
    from backfill.picture.data import format_moment

    head: dict[str, Any] = {"schema": SCHEMA, "command": command} | ({"at": format_moment(at)} if at else {})
    write(json.dumps(head | data, indent=2, ensure_ascii=False) + "\n")
