"""``python -m ci``: the steps of the workflows that write on GitHub."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from review.github import client, event
from review.github import diagnostics as said_by_engine
from review.github import issue as issues
from review.github import pull_request as comments

FAILED, USAGE = 1, 2  # exit codes
FILE = click.Path(exists=True, dir_okay=False, allow_dash=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def group() -> None:
    """Write on GitHub what a workflow found: GITHUB_TOKEN and GitHub Actions' own variables say where.

    Exit codes: 0 done, 1 GitHub refused or cannot be reached, 2 usage.
    """


@group.command()
@click.option("--file", "path", type=FILE, required=True, help="The comment; its first line is a hidden marker.")
def comment(path: Path) -> None:
    """Create the comment of this run's pull request, or replace the one with the same marker in place."""
    request = event.pull_request(os.environ)
    if request is None:
        raise click.UsageError("this run is not a pull request's (GITHUB_EVENT_PATH)")
    body, footer = _text(path), _footer(f"commit {request.head[:7]}")
    with client.opened(os.environ) as repository:
        click.echo(client.patiently(lambda: comments.place(repository, request.number, body, footer)))


@group.command()
@click.option("--open", "action", flag_value="open", help="Open it, or update the one that is open.")
@click.option("--close", "action", flag_value="close", help="Close it, when one is open.")
@click.option("--marker", required=True, help="What tells this issue from others; hidden in its first line.")
@click.option("--title", help="With --open.")
@click.option("--file", "paths", type=FILE, multiple=True, required=True, help="Its text; with --close, a comment's.")
def issue(action: str | None, marker: str, title: str | None, paths: tuple[Path, ...]) -> None:
    """Keep exactly one issue open while something has drifted, and close it when that is healed.

    Of several files (--open), one that GitHub's limit leaves no room for is left out whole, but never the first.
    """
    if action is None or (action == "open") == (title is None):
        raise click.UsageError("say --open with a --title, or --close without")
    parts, footer = [_text(path) for path in paths], _footer()
    with client.opened(os.environ) as repository:
        if title is not None:
            said = client.patiently(lambda: issues.raise_(repository, marker, title, parts, footer))
        else:
            said = client.patiently(lambda: issues.close(repository, marker, "\n\n".join(parts), footer))
    click.echo(said)


@group.command()
@click.option("--file", "path", type=FILE, required=True, help="What `pulumi preview --json` wrote.")
def diagnostics(path: Path) -> None:
    """Say for the log what the engine warned of and what failed: with --json it says so in the JSON only."""
    for line in said_by_engine.lines(path.read_bytes()):
        click.echo(line.encode("ascii", "backslashreplace").decode(), err=True)


@group.command()
def origin() -> None:
    """Say whose code this run executes: branch, fork or bot. The last two are given no secrets."""
    request = event.pull_request(os.environ)
    click.echo((event.Origin.BRANCH if request is None else request.origin).value)


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command and end the process; whatever goes wrong is one line on standard error."""
    try:
        group.main(argv, prog_name="python -m ci", standalone_mode=False)
    except click.ClickException as error:
        _end(error.format_message(), USAGE)
    except (client.SetupError, event.EventError, comments.BodyError) as error:
        _end(str(error), USAGE)
    except client.GitHubError as error:
        _end(str(error), FAILED)
    except (KeyboardInterrupt, click.Abort):
        _end("interrupted", FAILED)
    sys.exit(0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path}: it cannot be read ({type(error).__name__})") from None


def _footer(*parts: str) -> str:
    url = event.run_url(os.environ)
    known = [*parts, *([f"[run]({url})"] if url else [])]
    return f"\n\n<sub>{' · '.join(known)}</sub>\n" if known else ""


def _end(text: str, code: int) -> NoReturn:
    click.echo(f"error: {text}".encode("ascii", "backslashreplace").decode(), err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
