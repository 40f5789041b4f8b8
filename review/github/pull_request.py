"""The one comment of a pull request that this project writes and replaces in place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

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
    ours = _find_ours(github, number, me, marker)
    if ours:
        path = f"issues/comments/{ours[0]}"
        return f"comment replaced: {github.write('PATCH', path, content)}"
    created = f"comment created: {github.write('POST', f'issues/{number}/comments', content)}"
    ours = _find_ours(github, number, me, marker)
    if len(ours) < 2:
        return created
    replaced = github.write("PATCH", f"issues/comments/{ours[0]}", content)  # another job created one meanwhile
    for comment in ours[1:]:
        github.delete(f"issues/comments/{comment}")
    return f"comment replaced: {replaced}"


def describe_commit(head: str) -> str:
    """Return the text by which the footer of a comment names its commit."""
    return f"commit {head[:7]}"


def shows_commit(github: GitHub, number: int, marker: str, head: str) -> bool:
    """Return whether this account's comment with a marker is about a commit. Raises GitHubError."""
    found = github.list_items(f"issues/{number}/comments")
    ours = [str(item.get("body")) for item in _select_ours(found, github.fetch_login(), marker)]
    return any(f"<sub>{describe_commit(head)}" in body.rpartition("\n\n")[2] for body in ours)


def _find_ours(github: GitHub, number: int, me: str, marker: str) -> list[int]:
    """Return the ids of this account's comments with a marker, oldest first."""
    found = github.list_items(f"issues/{number}/comments")
    return sorted(item["id"] for item in _select_ours(found, me, marker))


def _select_ours(found: Iterable[Mapping[str, Any]], me: str, marker: str) -> Iterator[Mapping[str, Any]]:
    return (item for item in found if author(item) == me and first_line(item) == marker)


def read_marker(body: str) -> str:
    """Return the marker of a body. Raises BodyError for a body without a marker, or longer than GitHub allows."""
    marker = first_line({"body": body})
    if not MARKER.fullmatch(marker):
        raise BodyError("the first line is not a hidden marker (<!-- ... -->)")
    if len(body) > MAX_BODY:
        raise BodyError(f"{len(body):,} characters are more than GitHub's {MAX_BODY:,}")
    return marker
