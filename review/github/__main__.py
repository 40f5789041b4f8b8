"""``python -m review.github``: the steps of the workflows that write to GitHub."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import click

from contract.version import VERSION
from review.github import client, event, retry
from review.github import diagnostics as engine_diagnostics
from review.github import issue as issues
from review.github import labels as pull_request_labels
from review.github import pull_request as comments
from review.sections.losses import ACKNOWLEDGED

FAILED, USAGE, REFUSED = 1, 2, 3  # exit codes
FILE = click.Path(exists=True, dir_okay=False, allow_dash=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="building-vitals")
def group() -> None:
    """Write the results of a workflow to GitHub, with GITHUB_TOKEN and the variables of GitHub Actions.

    Exit codes: 0 done, 1 GitHub refused or cannot be reached, 2 usage, 3 a loss is not acknowledged.
    """


@group.command(short_help="Create or replace the comment on the pull request.")
@click.option("--file", "path", type=FILE, required=True, help="The comment. Its first line is a hidden marker.")
def comment(path: Path) -> None:
    """Create the comment of this run's pull request, or replace the one with the same marker in place."""
    request = _require_pull_request()
    body, footer = _text(path), _footer(comments.describe_commit(request.head))
    with client.open_repository(os.environ) as repository:
        click.echo(retry.retry(lambda: comments.post_comment(repository, request.number, body, footer)))


@group.command(short_help="Set the labels of the pull request, and refuse a loss.")
@click.option("--file", "path", type=FILE, required=True, help="The labels of `python -m review --labels`, one a line.")
@click.option("--comment", "body", type=FILE, required=True, help="The comment of this preview, not posted yet.")
def labels(path: Path, body: Path) -> None:
    """Set the labels of this run's pull request. A loss is refused (exit 3) until a person sets `loss-acknowledged`.

    The posted comment must be about the same commit, because a person accepts only losses that were shown.
    """
    request, wanted, marker = _require_pull_request(), _text(path).splitlines(), comments.read_marker(_text(body))
    with client.open_repository(os.environ) as repository:
        accepted = retry.retry(lambda: _set_labels(repository, request, wanted, marker))
    click.echo(f"labels: {', '.join(wanted)}")
    if not accepted:
        _end(
            "this pull request would lose a binding or data (the comment lists it). To accept the loss, set the label "
            f"{ACKNOWLEDGED} on the pull request",
            REFUSED,
        )


@group.command(short_help="Open or close the issue about drift.")
@click.option("--open", "action", flag_value="open", help="Open it, or update the one that is open.")
@click.option("--close", "action", flag_value="close", help="Close it, when one is open.")
@click.option("--marker", metavar="MARKER", required=True, help="Identifies the issue. Hidden in its first line.")
@click.option("--title", metavar="TITLE", help="The title, with --open.")
@click.option(
    "--file", "paths", type=FILE, multiple=True, required=True, help="The text of the issue, or of the closing comment."
)
def issue(action: str | None, marker: str, title: str | None, paths: tuple[Path, ...]) -> None:
    """Keep exactly one issue open while there is drift, and close it when the drift is gone.

    Of several files (--open), one that does not fit into GitHub's limit is left out. The first must fit.
    """
    if action is None or (action == "open") == (title is None):
        raise click.UsageError("expected --open with --title, or --close without --title")
    parts, footer = [_text(path) for path in paths], _footer()
    with client.open_repository(os.environ) as repository:
        if title is not None:
            result = retry.retry(lambda: issues.open_issue(repository, marker, title, parts, footer))
        else:
            result = retry.retry(lambda: issues.close_issue(repository, marker, "\n\n".join(parts), footer))
    click.echo(result)


@group.command(short_help="Print the engine's warnings and errors.")
@click.option("--file", "path", type=FILE, required=True, help="The output of `pulumi preview --json`.")
def diagnostics(path: Path) -> None:
    """Print the engine's warnings and errors to the log, because --json puts them into the JSON only."""
    for line in engine_diagnostics.read_lines(path.read_bytes()):
        click.echo(line.encode("ascii", "backslashreplace").decode(), err=True)


@group.command(short_help="Print the origin of the code: branch, fork or bot.")
def origin() -> None:
    """Print the origin of this run's code: branch, fork or bot. Forks and bots get no secrets."""
    request = event.read_pull_request(os.environ)
    click.echo((event.Origin.BRANCH if request is None else request.origin).value)


def main(argv: list[str] | None = None, command: str = "python -m review.github") -> NoReturn:
    """Run the command and end the process. Every error is one line on standard error."""
    try:
        group.main(argv, prog_name=command, standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(USAGE)
    except click.ClickException as error:
        _end(error.format_message(), USAGE)
    except (client.VariableError, event.EventError, comments.BodyError) as error:
        _end(str(error), USAGE)
    except retry.GitHubError as error:
        _end(str(error), FAILED)
    except (KeyboardInterrupt, click.Abort):
        _end("interrupted", FAILED)
    sys.exit(0)


def _set_labels(repository: client.GitHub, request: event.PullRequest, wanted: list[str], marker: str) -> bool:
    shown = comments.shows_commit(repository, request.number, marker, request.head)
    return pull_request_labels.set_labels(repository, request.number, wanted, shown=shown)


def _require_pull_request() -> event.PullRequest:
    request = event.read_pull_request(os.environ)
    if request is None:
        raise click.UsageError("this run does not belong to a pull request (GITHUB_EVENT_PATH)")
    return request


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read ({type(error).__name__})") from None


def _footer(*parts: str) -> str:
    url = event.build_run_url(os.environ)
    known = [*parts, *([f"[run]({url})"] if url else [])]
    return f"\n\n<sub>{' · '.join(known)}</sub>\n" if known else ""


def _end(text: str, code: int) -> NoReturn:
    click.echo(f"error: {text}".encode("ascii", "backslashreplace").decode(), err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
