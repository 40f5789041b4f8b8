"""The section on losses: bindings and data that this deployment would remove. The gate uses the same list."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from review import manifest_changes
from review.markdown import Table, quote
from review.model import Preview

ACKNOWLEDGED = "loss-acknowledged"  # the label by which a person accepts the losses of a pull request
_HOW = (
    f"The job of this preview fails until a person sets the label `{ACKNOWLEDGED}` on the pull request. "
    "The next push removes the label."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A binding or data that would be removed. ``subject`` and ``kind`` are Markdown."""

    subject: str
    kind: str
    reason: str
    keepable: bool = False


def find_losses(seen: Preview) -> list[Loss]:
    """Return the losses. A former manifest that cannot be read is one, because its bindings are not known."""
    declared = {} if seen.manifest is None else {item.name: item.type for item in seen.manifest.bindings}
    gone = [(item.name, item.type) for item in manifest_changes.find_dropped(seen.old, seen.new)]
    gone += () if seen.drift is None else [(item.name, item.type) for item in seen.drift.lost]
    losses = [
        Loss(
            subject=quote(name),
            kind=quote(kind),
            reason=_explain(kind, declared.get(name), adopts=seen.adopts),
            keepable=name not in declared,
        )
        for name, kind in gone
    ]
    if seen.query_drift is not None:
        why = "the query worker does not declare it"
        losses += [Loss(subject=quote(item.name), kind=quote(item.type), reason=why) for item in seen.query_drift.lost]
    for drift in (seen.drift, seen.query_drift):
        why = "its value is replaced by the declared one"
        items = () if drift is None else drift.replaced
        losses += [Loss(subject=quote(item.name), kind=quote(item.type), reason=why) for item in items]
    if seen.loses_bucket:
        why = "it is replaced by another one, without its data"
        losses.append(Loss(subject="the R2 bucket", kind=quote("r2_bucket"), reason=why))
    if seen.hides_losses:
        why = "this version cannot read the former manifest"
        losses.append(Loss(subject="not known", kind="binding", reason=why))
    return losses


def write_section(seen: Preview) -> Iterator[str | Table]:
    """Yield the blocks of the section, none without a loss."""
    losses = find_losses(seen)
    if not losses:
        return
    yield "#### Would be lost"
    yield Table(head=("lost", "kind", "reason"), rows=[(item.subject, item.kind, item.reason) for item in losses])
    if any(item.keepable for item in losses):
        yield "To keep a binding, declare it in `extraBindings` (docs/adopt-an-existing-worker.md)."
    yield _HOW


def _explain(kind: str, declared: str | None, *, adopts: bool) -> str:
    if declared is not None and declared != kind:
        return f"its name is declared as {quote(declared)}"
    return "it is not declared" if adopts else "it is no longer declared"
