"""The one open issue that says that something drifted. A drift that comes back after it was healed is a new issue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from review.github.client import LIMIT, GitHub, author, first_line
from review.github.pull_request import BodyError, checked

LEFT_OUT = "\n\n*A part is left out here, for GitHub's limit: the run's summary holds it.*"


def raise_(github: GitHub, marker: str, title: str, parts: Sequence[str], footer: str) -> str:
    """Open the issue with this marker, or rewrite the one that is open, and say which and where.

    Raises BodyError and GitHubError.
    """
    content = {"title": title, "body": compose(marker, parts, footer)}
    for issue in _open(github, marker):
        path = f"issues/{issue['number']}"
        return f"issue updated: {github.write('PATCH', path, content)}"
    return f"issue opened: {github.write('POST', 'issues', content)}"


def close(github: GitHub, marker: str, text: str, footer: str) -> str:
    """Close the issue with this marker, with a comment, and say so; do nothing when there is none.

    Raises BodyError and GitHubError.
    """
    body = compose(marker, [text], footer)
    closed = []
    for issue in list(_open(github, marker)):
        path = f"issues/{issue['number']}"
        github.write("POST", f"{path}/comments", {"body": body})
        closed.append(github.write("PATCH", path, {"state": "closed", "state_reason": "completed"}))
    return f"issue closed: {', '.join(closed)}" if closed else "no issue is open: nothing to close"


def compose(marker: str, parts: Sequence[str], footer: str) -> str:
    """Return a body of marker, parts and footer.

    The first part must fit (BodyError); another that does not is left out whole, and the body says so.
    """
    body, left_out = f"{_hidden(marker)}\n{parts[0].strip()}", False
    room = LIMIT - len(LEFT_OUT) - len(footer)
    if len(body) > room:
        raise BodyError(f"{len(body):,} characters are more than GitHub's {LIMIT:,}")
    for part in parts[1:]:
        longer = f"{body}\n\n{part.strip()}"
        body, left_out = (longer, left_out) if len(longer) <= room else (body, True)
    return body + (LEFT_OUT if left_out else "") + footer


def _hidden(marker: str) -> str:
    line = f"<!-- {marker} -->"
    return checked(line)


def _open(github: GitHub, marker: str) -> Iterator[Mapping[str, Any]]:
    """Yield our open issues with this marker, oldest first; GitHub lists pull requests among the issues."""
    me = github.me()
    for issue in github.listed("issues", state="open", sort="created", direction="asc"):
        if "pull_request" not in issue and author(issue) == me and first_line(issue) == _hidden(marker):
            yield issue
