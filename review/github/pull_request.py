"""The one comment of a pull request that this project writes and replaces in place."""

from __future__ import annotations

import re

from review.github.client import LIMIT, GitHub, author, first_line

MARKER = re.compile(r"<!-- [^<>]+ -->")


class BodyError(Exception):
    """A text cannot be posted as it is; the message is one line."""


def place(github: GitHub, number: int, body: str, footer: str) -> str:
    """Create the pull request's comment, or replace the one with the same marker, and say which and where.

    The marker is the body's first line. Somebody else's comment is never touched, whatever it says: a marker can be
    copied. The footer is left out where it does not fit. Raises BodyError and GitHubError.
    """
    marker = checked(body)
    text = body.rstrip() + footer
    content = {"body": text if len(text) <= LIMIT else body}
    me = github.me()
    for comment in github.listed(f"issues/{number}/comments"):
        if author(comment) == me and first_line(comment) == marker:
            path = f"issues/comments/{comment['id']}"
            return f"comment replaced: {github.write('PATCH', path, content)}"
    path = f"issues/{number}/comments"
    return f"comment created: {github.write('POST', path, content)}"


def checked(body: str) -> str:
    """Return the marker of a body. Raises BodyError for one without, or longer than GitHub takes."""
    marker = first_line({"body": body})
    if not MARKER.fullmatch(marker):
        raise BodyError("the first line is no hidden marker (<!-- ... -->)")
    if len(body) > LIMIT:
        raise BodyError(f"{len(body):,} characters are more than GitHub's {LIMIT:,}")
    return marker
