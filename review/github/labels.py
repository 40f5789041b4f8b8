"""The labels of a pull request: those of its preview, and the one by which a person acknowledges a loss."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from review.github.client import GitHub
from review.labels import LOSS, PREFIX
from review.sections.losses import ACKNOWLEDGED


def set_labels(github: GitHub, number: int, wanted: Sequence[str], *, shown: bool) -> bool:
    """Set the labels of the preview, remove former ones, and return whether a loss is absent or acknowledged.

    ``shown`` says that the comment of the pull request is about its present commit. An acknowledgement from before
    that comment, or from before its loss, is about something else, so it is removed. Labels of other tools and people
    stay. Raises GitHubError.
    """
    found = {str(item.get("name")) for item in github.list_items(f"issues/{number}/labels")}
    old = {name for name in found if name.startswith(PREFIX)}.difference(wanted)
    if not (shown and LOSS in found):
        old |= found & {ACKNOWLEDGED}
    for name in sorted(old):
        github.delete(f"issues/{number}/labels/{quote(name, safe='')}")
    new = [name for name in wanted if name not in found]
    if new:
        github.write("POST", f"issues/{number}/labels", {"labels": new})
    return LOSS not in wanted or ACKNOWLEDGED in found - old
