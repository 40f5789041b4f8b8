"""The section on what was changed by hand: what, by whom, when, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator

from contract.drift import ADDED, CHANGED, DELETED, Supersession
from review import model
from review.markdown import Table, code
from review.model import KEY, Preview

_HOW = {
    "secret": "a secret of the live worker was changed",
    "upload": "another version was uploaded",
    "deployment": "another version was deployed",
    "rollback": "an older version was made live again",
    "split over several versions": "the traffic was split over several versions",
    "bindings": "the live bindings are not those that were uploaded",
    "crons": "the schedule (crons) was changed",
}
_WORDS = {DELETED: "deleted", ADDED: "added", CHANGED: "changed"}
_BY_REFRESH = {
    (model.BUCKET, model.GONE):
        "The R2 bucket was deleted. A new one is created, **without the data that was in it**.",
    (model.SCRIPT, model.GONE): "The {worker} was deleted. It is created again.",
    (model.SCRIPT, model.CODE): "The code of the live {worker} was replaced. The program's code is uploaded again.",
    (model.SUBDOMAIN, model.GONE): "The {its}workers.dev address was removed. It is created again.",
    (model.SUBDOMAIN, model.ENABLED): "The {its}workers.dev address was switched off. It is switched on again.",
    (model.SUBDOMAIN, model.PREVIEWS):
        "The {its}preview URLs on workers.dev were switched on. They are switched off again.",
    (model.CRONS, model.GONE): "The {its}schedule (crons) went with the worker. It is sent again.",
}  # fmt: skip


def section(seen: Preview) -> Iterator[str | Table]:
    """Yield what the section holds, nothing where nobody changed anything."""
    superseded = seen.superseded
    if not seen.heals and superseded is None:
        return
    yield "#### Changed by hand, outside this program" if not seen.adopts else "#### Taken over"
    if superseded is not None:
        yield _sentence(superseded, "the live version")
        if superseded.how == "secret" and _kept(seen):
            yield "Secrets of which only the name is declared stay as they are now."
        if superseded.changes:
            rows = [(code(item.name), _became(item.what), _after(seen, item.name)) for item in superseded.changes]
            yield Table(head=("binding", "by hand", "after `pulumi up`"), rows=rows)
        if superseded.crons is not None:
            live = ", ".join(map(code, superseded.crons)) if superseded.crons else "none"
            yield f"Live crons: {live}. After `pulumi up`: the declared ones."
    if seen.query is not None:
        yield _sentence(seen.query, "the query worker's live version") + _named(seen.query)
    for found in seen.by_hand:
        query = found.name == model.QUERY
        text = _BY_REFRESH.get((found.type, found.what), "A resource is not as it was left. It is put back.")
        yield text.format(worker="query worker" if query else "worker", its="query worker's " if query else "")


def _sentence(superseded: Supersession, subject: str) -> str:
    what = _HOW.get(superseded.how, "the live worker is not as it was left")
    who = f" by {code(superseded.by)} on {superseded.on} UTC" if superseded.by and superseded.on else ""
    version = code(superseded.version)
    if superseded.adopted:
        return f"{_capital(subject)} {version} was made by other means, last{who}. This deployment takes its place."
    if not who:
        who = "; Cloudflare does not record by whom"
    return f"{_capital(subject)} {version}: {what}{who}. This deployment puts back what is declared."


def _named(superseded: Supersession) -> str:
    """Return the bindings that somebody changed, as the end of a sentence's line."""
    changes = [f"{code(item.name)} {_WORDS.get(item.what, 'changed')}" for item in superseded.changes]
    more = [f"and {superseded.more} more"] if superseded.more else []
    return f" By hand: {', '.join([*changes, *more])}." if changes else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _became(what: str) -> str:
    return "its value was changed" if what == CHANGED else _WORDS.get(what, "changed")


def _after(seen: Preview, name: str) -> str:
    declared = {} if seen.promised is None else {item.name: item.type for item in seen.promised.bindings}
    if name in _kept(seen):
        return "kept as it is: nobody knows its value"
    return "the declared one again" if name in declared else "removed"


def _kept(seen: Preview) -> set[str]:
    """Return the secrets of which only the name is declared."""
    bindings = () if seen.promised is None else seen.promised.bindings
    return {item.name for item in bindings if item.type == "secret_text" and item.name != KEY}
