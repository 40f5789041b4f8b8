"""The labels of a preview: the result of a review in a few words, for a list of pull requests and for a gate."""

from __future__ import annotations

from collections.abc import Iterator

from review.model import Preview
from review.sections.losses import find_losses
from review.sections.openings import find_openings

PREFIX = "preview:"  # of every label that the job sets and removes
LOSS = f"{PREFIX}loss"


def list_labels(seen: Preview) -> list[str]:
    """Return the labels of a preview. A failed preview has one label only, because its facts are incomplete."""
    return [f"{PREFIX}failed"] if seen.failed else [f"{PREFIX}{name}" for name in _list_facts(seen)]


def _list_facts(seen: Preview) -> Iterator[str]:
    yield "changes" if seen.changes else "no-change"
    if seen.restores and seen.is_changed_outside:
        yield "drift"
    if seen.rotates:
        yield "key-changes"
    if find_openings(seen):
        yield "opens-access"
    if find_losses(seen):
        yield LOSS.removeprefix(PREFIX)
