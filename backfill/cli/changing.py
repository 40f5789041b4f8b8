"""The commands that change the deployment's data or its pause: retry, replace, pause and resume."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from backfill.cli.options import DAY, DayType, add_common_options, add_site_option, open_deployment, write_json
from backfill.cli.progress import show_progress
from checks.cli.standard_streams import is_terminal, write
from checks.cli.terminal import find_width

if TYPE_CHECKING:
    from backfill.operations.result import DayResult
    from backfill.session import Session
    from contract.control_objects import Pause


@click.command(short_help="Copy failed days now.")
@add_site_option
@click.option("--day", "days", multiple=True, type=DayType(), metavar=DAY, help="Only this day (repeatable).")
@add_common_options
def retry(**options: Any) -> int:
    """Copy failed days now, without waiting for their pause. With --site and --day, any missing day.

    The worker removes the failure of a day that it has stored. A stored day stays as it is.

    \b
    Exit codes:
      0  all are stored
      1  a day is not stored
      2  usage error
      3  inconclusive
    """  # noqa: D301 - click reads a backspace as the start of text that it must not wrap
    from backfill.operations.days import choose_days_to_copy
    from backfill.operations.retry import copy_days

    with open_deployment(options) as session:
        chosen = choose_days_to_copy(session, options["site"], options["days"])
        if not chosen and options["form"] == "text":
            write("no day has failed\n")
        results = _report(copy_days(session, chosen), len(chosen), options)
        return _end("retry", session, results, options)


@click.command(short_help="Compare stored days with ACE, and store the differences.")
@click.option("--site", metavar="NAME", required=True, help="The site.")
@click.option("--day", "days", multiple=True, type=DayType(), metavar=DAY, help="This day (repeatable).")
@click.option("--from", "first", type=DayType(), metavar=DAY, help="With --to: all days from this one")
@click.option("--to", "last", type=DayType(), metavar=DAY, help="to this one, both included.")
@click.option("--format-1", is_flag=True, help="All stored days in format 1.")
@click.option("--from-stored", is_flag=True, help="Rewrite the stored rows in format 2, without a request to ACE.")
@click.option("--dry-run", is_flag=True, help="Only show the rows that would be added, changed and kept.")
@click.option("--yes", is_flag=True, help="Replace without a question, for CI.")
@add_common_options
def replace(**options: Any) -> int:
    """Read stored days from ACE again, and store each difference as a new revision.

    No row is lost: rows that ACE no longer has are kept. On a terminal it shows the rows that would change first, and
    asks. Days without a difference stay as they are.

    \b
    Exit codes:
      0  done, or nothing to change
      1  a day is not done
      2  refused, because a day is not stored or not due, or usage error
      3  inconclusive
    """  # noqa: D301 - as above
    from backfill.errors import EXIT_OK, EXIT_USAGE, CommandError
    from backfill.operations.days import choose_days_to_replace

    if not (options["dry_run"] or options["yes"] or (is_terminal() and sys.stdin.isatty())):
        raise CommandError("this is not a terminal. Add --dry-run to look, or --yes to replace", EXIT_USAGE)
    if options["form"] == "json" and not (options["dry_run"] or options["yes"]):
        raise CommandError("--format json asks nothing. Add --dry-run to look, or --yes to replace", EXIT_USAGE)
    with open_deployment(options) as session:
        names = ("days", "first", "last", "format_1")
        days = choose_days_to_replace(session, options["site"], **{name: options[name] for name in names})
        if not days and options["form"] == "text":
            write(f"no stored day of {options['site']} is in format 1\n")
        if options["yes"] and not options["dry_run"]:
            return _end("replace", session, _replace(session, days, options, dry_run=False), options)
        looked = _replace(session, days, options, dry_run=True)
        code = _end("replace", session, looked, options, dry_run=True)
        changed = [result.day for result in looked if result.outcome == "revised"]
        if options["dry_run"] or not changed:
            return code
        if not click.confirm(f"Store {_name_revisions(len(changed), options['site'])}?", err=True):
            write("nothing was changed\n")
            return EXIT_OK
        return max(code, _end("replace", session, _replace(session, changed, options, dry_run=False), options))


@click.command(short_help="Pause the backfill.")
@click.option("--reason", metavar="REASON", required=True, help="The reason, which status and the checks show.")
@add_common_options
def pause(**options: Any) -> None:
    """Pause the planner and the queue. A pause of a paused backfill changes nothing.

    Stored days stay as they are. After 7 days the check fresh fails.
    """
    from backfill.operations.pause import pause as send_pause
    from backfill.picture.phrases import describe_pause

    with open_deployment(options) as session:
        found = send_pause(session, options["reason"])
        _tell_pause("pause", found, options, describe_pause(found))


@click.command(short_help="Resume the backfill.")
@add_common_options
def resume(**options: Any) -> None:
    """Resume the backfill. A backfill that is not paused stays as it is."""
    from backfill.operations.pause import resume as send_resume
    from backfill.picture.phrases import describe_pause

    with open_deployment(options) as session:
        resumed = send_resume(session)
        found = resumed.before
        text = "resumed" if not resumed.is_known else "the backfill was not paused"
        _tell_pause("resume", found, options, text if found is None else f"resumed. It was {describe_pause(found)}")


def _name_revisions(days: int, site: str) -> str:
    return f"1 day of {site} as a new revision" if days == 1 else f"{days:,} days of {site} as new revisions"


def _tell_pause(command: str, found: Pause | None, options: dict[str, Any], text: str) -> None:
    from backfill.picture.data import format_moment

    if options["form"] == "text":
        _write_lines(text)
        return
    entry = None if found is None else {"reason": found.reason, "by": found.by, "at": format_moment(found.at)}
    write_json(command, {"pause": entry})


def _replace(session: Session, days: Sequence[date], options: dict[str, Any], *, dry_run: bool) -> list[DayResult]:
    from backfill.operations.replace import replace_days

    made = replace_days(session, options["site"], days, from_stored=options["from_stored"], dry_run=dry_run)
    return _report(made, len(days), options, dry_run=dry_run)


def _report(
    results: Iterator[DayResult], total: int, options: dict[str, Any], *, dry_run: bool = False
) -> list[DayResult]:
    """Return the results. Each is shown as soon as it is there."""
    found: list[DayResult] = []
    is_text = options["form"] == "text"
    with show_progress("days", hidden=is_text and is_terminal()) as progress:  # the lines are its progress
        for result in results:
            found.append(result)
            progress(len(found), total)
            if is_text:
                _write_lines(result.describe(dry_run=dry_run))
    return found


def _end(
    command: str, session: Session, results: Sequence[DayResult], options: dict[str, Any], *, dry_run: bool = False
) -> int:
    """Show the sum of the results, and return the exit code."""
    from backfill.errors import EXIT_FAILED, EXIT_OK
    from backfill.operations.result import summarize

    if options["form"] == "json":
        write_json(command, {"dry_run": dry_run, "days": [result.to_dict() for result in results]}, session.now)
    elif results:
        _write_lines(summarize(results, dry_run=dry_run))
        if any(result.outcome == "failed" for result in results):
            _write_lines(f"To see the cause: {session.name_checks('run', 'token', 'failures')}")
    return EXIT_OK if all(result.is_done for result in results) else EXIT_FAILED


def _write_lines(text: str) -> None:
    """Write a text, wrapped at the width of the terminal."""
    from checks.reporters import wrap

    lines = wrap(text, find_width(os.environ, terminal=is_terminal()), rest=" " * 4)
    write("".join(f"{line}\n" for line in lines))
