"""The commands that read only: plan and status."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backfill.cli.options import add_common_options, add_site_option, make_style, open_deployment, write_json
from backfill.cli.progress import show_progress
from checks.cli.standard_streams import is_terminal, write

if TYPE_CHECKING:
    from backfill.picture.model import Picture
    from backfill.session import Session

WATCH_SECONDS = 30.0  # between two pictures
READING = "reading sites"
HOME = "\x1b[H\x1b[2J"  # clears the screen


@click.command(short_help="Show the rest of the backfill: time, size and cost.")
@add_site_option
@click.option("--measure", is_flag=True, help="Time three real pages of ACE with the key.")
@add_common_options
def plan(**options: Any) -> None:
    """Show the rest of the backfill before it is made. Nothing is changed.

    It lists the due, missing and failed days of each site, and estimates the requests to ACE, the time, the size in R2
    and the cost of a month. With --stack the settings are the configured ones, also before they are deployed.
    """
    from backfill.operations.plan import make_plan
    from backfill.operations.plan_text import build_data, render
    from backfill.picture.reading import read_picture

    with open_deployment(options, planned=True) as session:
        with show_progress(READING) as progress:
            picture = read_picture(session, options["site"], progress, may_be_new=True)
        made = make_plan(session, picture, measure=options["measure"])
        if options["form"] == "json":
            write_json("plan", build_data(made), made.at)
        else:
            write(render(made, make_style().width, session.name_command))


@click.command(short_help="Show the state of each day, as a calendar.")
@add_site_option
@click.option(
    "--html", metavar="FILE", type=click.Path(path_type=Path), help="Also write it as one page for a browser."
)
@click.option("--watch", is_flag=True, help=f"Show it again every {WATCH_SECONDS:g} s, until Ctrl-C.")
@add_common_options
def status(**options: Any) -> None:
    """Show the stored, empty, missing and failed days of each site, the pace of the backfill, and a calendar.

    It reads the bucket and changes nothing. It does not judge: python -m checks does.
    """
    from backfill.errors import EXIT_USAGE, CommandError

    if options["html"] is not None:
        from backfill.picture.page.file import check_page_file

        check_page_file(options["html"])
    if options["watch"] and (options["form"] == "json" or not is_terminal()):
        raise CommandError("--watch needs a terminal, and the format text", EXIT_USAGE)
    with open_deployment(options) as session:
        if not options["watch"]:
            _show(session, options, clear=False)
            return
        try:
            while True:
                _show(session, options, clear=True)
                time.sleep(WATCH_SECONDS)
        except KeyboardInterrupt:  # the end of --watch
            write("\n")


def _show(session: Session, options: dict[str, Any], *, clear: bool) -> None:
    from backfill.picture.data import build_data
    from backfill.picture.reading import read_picture
    from backfill.picture.text import render

    with show_progress(READING) as progress:
        picture = read_picture(session, options["site"], progress)
    html = options["html"]
    if html is not None:
        _write_page(html, picture)
    if options["form"] == "json":
        write_json("status", build_data(picture))
        return
    end = "" if html is None else f"\nThe page is in {html}\n"
    write((HOME if clear else "") + render(picture, make_style()) + end)


def _write_page(path: Path, picture: Picture) -> None:
    from backfill.picture.page.document import render_page
    from backfill.picture.page.file import write_page

    write_page(path, render_page(picture))
