"""The section on changes outside Pulumi: the change, its author and time, and the effect of ``pulumi up``."""

from __future__ import annotations

from collections.abc import Iterator

from contract.drift import record as drift
from contract.drift.record import Drift, EarlierChange
from contract.drift.rollback import CORRECT_FIRST
from contract.drift.sentence import NOT_FINISHED, NOT_OWN, UNRECORDED, action_of, describe_setting
from review import model
from review.markdown import Table, quote
from review.model import KEY, Preview

_BY_REFRESH = {
    (model.BUCKET, model.GONE):
        "The R2 bucket was deleted. A new one is created, **without the data of the old one**.",
    (model.SCRIPT, model.GONE): "The {worker} was deleted. It is created again.",
    (model.SCRIPT, model.CODE): "The code of the live {worker} was replaced. The program's code is uploaded again.",
    (model.SUBDOMAIN, model.GONE): "The {its}workers.dev address was removed. It is created again.",
    (model.SUBDOMAIN, model.ENABLED): "The {its}workers.dev address was switched off. It is switched on again.",
    (model.SUBDOMAIN, model.PREVIEWS):
        "The {its}preview URLs on workers.dev were switched on. They are switched off again.",
    (model.QUEUE_OF_DAYS, model.GONE): "A queue was deleted. It is created again. It held hints only, and no data.",
    (model.QUEUE_OF_DAYS, model.SETTINGS): "The settings of a queue were changed, or it was paused. They are restored.",
    (model.CONSUMER, model.GONE): "The consumer of a queue was removed. It is added again.",
    (model.CONSUMER, model.SCRIPT_NAME): "Another worker was made the consumer of a queue. The {worker} replaces it.",
    (model.CONSUMER, model.SETTINGS): "The settings of a queue's consumer were changed. They are restored.",
    (model.CRONS, model.GONE): "The {its}schedule (crons) was deleted with the worker. It is sent again.",
}  # fmt: skip


def write_section(seen: Preview) -> Iterator[str | Table]:
    """Yield the blocks of the section, none where there was no change outside Pulumi."""
    if not seen.restores and seen.drift is None:
        return
    if seen.adopts:
        yield "#### Taken over"
    else:
        yield "#### Changed outside Pulumi" if seen.is_changed_outside else "#### Not finished"
    if seen.drift is not None:
        yield from _write_blocks(seen, seen.drift)
    if seen.query_drift is not None:
        yield f"Query worker: {_write_sentence(seen.query_drift)}{_list_details(seen.query_drift)}"
    for found in seen.refreshed:
        query = found.name == model.QUERY
        text = _BY_REFRESH.get((found.type, found.property), "A resource was changed. It is restored.")
        yield text.format(worker="query worker" if query else "worker", its="query worker's " if query else "")


def _write_blocks(seen: Preview, found: Drift) -> Iterator[str | Table]:
    yield _write_sentence(found)
    if found.earlier:
        yield f"Before that: {', '.join(map(_write_earlier, found.earlier))}."
    if found.origin == drift.SECRET and _list_kept(seen):
        yield "A secret that is declared by its name only keeps its live value."
    if found.changes:
        rows = [
            (quote(item.name), _name_change(item.change), _describe_effect(seen, item.name)) for item in found.changes
        ]
        yield Table(head=("binding", "outside Pulumi", "after `pulumi up`"), rows=rows)
    if found.settings:
        rows = [(quote(item.title), quote(item.expected), quote(item.found)) for item in found.settings]
        owner = "consumer" if found.origin == drift.QUEUE_CONSUMER else "script"
        yield Table(head=(f"setting of the {owner}", "declared", "live"), rows=rows)
    if found.crons is not None:
        live = ", ".join(map(quote, found.crons)) if found.crons else "none"
        yield f"Live crons: {live}. `pulumi up` sends the declared ones."


def _write_sentence(found: Drift) -> str:
    version = quote(found.version[:8])
    when = f" on {quote(found.at)} UTC" if found.at else ""
    if found.adopted:
        last = f" (last changed by {quote(found.author)}{when})" if found.author else ""
        origin = f"an upload of another stack (its tag begins with {quote(found.stack)})" if found.stack else NOT_OWN
        return f"Live version {version} is {origin}{last}. This deployment replaces it."
    if not found.is_outside:
        return f"{_capitalize(NOT_FINISHED)} (live version {version}). `pulumi up` completes it."
    active, passive = action_of(found)
    action = f"{quote(found.author)} {active}{when}" if found.author else _capitalize(f"{passive}{when}")
    unknown = f" {UNRECORDED[found.origin]}." if found.origin in UNRECORDED else ""
    if found.origin == drift.PUT_BACK:
        return f"{action} (live version {version}). {CORRECT_FIRST}."
    return f"{action} (live version {version}).{unknown} `pulumi up` restores the declared state."


def _write_earlier(change: EarlierChange) -> str:
    when = f" on {quote(change.at)} UTC" if change.at else ""
    return f"{quote(change.author)} {action_of(change)[0]}{when} (version {quote(change.version[:8])})"


def _list_details(found: Drift) -> str:
    changes = [f"{quote(item.name)} {_name_change(item.change)}" for item in found.changes]
    crons = "" if found.crons is None else f" Live crons: {', '.join(map(quote, found.crons)) or 'none'}."
    settings = ", ".join(quote(describe_setting(item)) for item in found.settings)
    shown = {"Bindings": ", ".join(changes), "Settings": settings}
    return "".join(f" {title}: {text}." for title, text in shown.items() if text) + crons


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _name_change(change: str) -> str:
    return change if change in {drift.DELETED, drift.ADDED} else "changed"


def _describe_effect(seen: Preview, name: str) -> str:
    declared = set() if seen.manifest is None else {item.name for item in seen.manifest.bindings}
    if name in _list_kept(seen):
        return "kept, because no API returns its value"
    return "restored" if name in declared else "removed"


def _list_kept(seen: Preview) -> set[str]:
    """Return the secrets that are declared by their name only."""
    bindings = () if seen.manifest is None else seen.manifest.bindings
    return {item.name for item in bindings if item.type == "secret_text" and item.name != KEY}
