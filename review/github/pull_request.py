"""The one comment of a pull request that this project writes and replaces in place."""

from __future__ import annotations

import re

from review.github.client import MAX_BODY, GitHub, author, first_line

MARKER = re.compile(r"<!-- [^<>]+ -->")


class BodyError(Exception):
    """A text cannot be posted as it is. The message is one line."""


def post_comment(github: GitHub, number: int, body: str, footer: str) -> str:
    """Create the pull request's comment, or replace the one with the same marker, and return one line with its address.

    The marker is the body's first line. It can be copied, so a comment of another account is never changed. The footer
    is left out where it does not fit. Raises BodyError and GitHubError.
    """
    marker = read_marker(body)
    text = body.rstrip() + footer
    content = {"body": text if len(text) <= MAX_BODY else body}
    me = github.fetch_login()
    for comment in github.list_items(f"issues/{number}/comments"):
        if author(comment) == me and first_line(comment) == marker:
            path = f"issues/comments/{comment['id']}"
            return f"comment replaced: {github.write('PATCH', path, content)}"
    path = f"issues/{number}/comments"
    return f"comment created: {github.write('POST', path, content)}"


def read_marker(body: str) -> str:
    """Return the marker of a body. Raises BodyError for a body without a marker, or longer than GitHub allows."""
    marker = first_line({"body": body})
    if not MARKER.fullmatch(marker):
        raise BodyError("the first line is not a hidden marker (<!-- ... -->)")
    if len(body) > MAX_BODY:
        raise BodyError(f"{len(body):,} characters are more than GitHub's {MAX_BODY:,}")
    return marker
