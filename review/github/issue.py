"""The one open issue about drift. A drift that comes back after the issue was closed is a new issue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from review.github.client import MAX_BODY, GitHub, author, first_line
from review.github.pull_request import BodyError, read_marker

LEFT_OUT = "\n\n*A part is left out because of GitHub's limit. The run's summary has it.*"


def open_issue(github: GitHub, marker: str, title: str, parts: Sequence[str], footer: str) -> str:
    """Open the issue with this marker, or rewrite the open one, and return one line with its address.

    Raises BodyError and GitHubError.
    """
    content = {"title": title, "body": compose(marker, parts, footer)}
    for issue in _open(github, marker):
        path = f"issues/{issue['number']}"
        return f"issue updated: {github.write('PATCH', path, content)}"
    return f"issue opened: {github.write('POST', 'issues', content)}"


def close_issue(github: GitHub, marker: str, text: str, footer: str) -> str:
    """Close the issue with this marker, with a comment, and return one line. Do nothing when there is none.

    Raises BodyError and GitHubError.
    """
    body = compose(marker, [text], footer)
    closed = []
    for issue in list(_open(github, marker)):
        path = f"issues/{issue['number']}"
        github.write("POST", f"{path}/comments", {"body": body})
        closed.append(github.write("PATCH", path, {"state": "closed", "state_reason": "completed"}))
    return f"issue closed: {', '.join(closed)}" if closed else "no issue is open"


def compose(marker: str, parts: Sequence[str], footer: str) -> str:
    """Return a body of marker, parts and footer.

    The first part must fit (BodyError). Another part that does not fit is left out, and the body says so.
    """
    body, left_out = f"{_hidden(marker)}\n{parts[0].strip()}", False
    room = MAX_BODY - len(LEFT_OUT) - len(footer)
    if len(body) > room:
        raise BodyError(f"{len(body):,} characters are more than GitHub's {MAX_BODY:,}")
    for part in parts[1:]:
        longer = f"{body}\n\n{part.strip()}"
        body, left_out = (longer, left_out) if len(longer) <= room else (body, True)
    return body + (LEFT_OUT if left_out else "") + footer


def _hidden(marker: str) -> str:
    line = f"<!-- {marker} -->"
    return read_marker(line)


def _open(github: GitHub, marker: str) -> Iterator[Mapping[str, Any]]:
    """Yield the open issues with this marker and author, oldest first. GitHub lists pull requests as issues too."""
    me = github.fetch_login()
    for issue in github.list_items("issues", state="open", sort="created", direction="asc"):
        if "pull_request" not in issue and author(issue) == me and first_line(issue) == _hidden(marker):
            yield issue
