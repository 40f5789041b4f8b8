"""The section on what was changed by hand: what, by whom, when, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator

from review import preview
from review.markdown import Table, code
from review.preview import KEY, Preview
from supersession import Supersession

_HOW = {
    "secret": "a secret of the live worker was changed",
    "upload": "other code and bindings were uploaded",
    "deployment": "another version was deployed",
    "rollback": "an older version was made live again",
    "split over several versions": "the traffic was split over several versions",
    "bindings": "the live bindings are not those that were uploaded",
    "crons": "the schedule (crons) was changed",
}
_BY_REFRESH = {
    f"{preview.BUCKET} gone": "The R2 bucket was deleted. A new one is created, **without the data that was in it**.",
    f"{preview.SCRIPT} gone": "The worker was deleted. It is created again.",
    f"{preview.SUBDOMAIN} gone": "The workers.dev address was removed. It is created again.",
    f"{preview.SUBDOMAIN} changed": "The workers.dev address was switched off, or its preview URLs on. It is put back.",
    f"{preview.CRONS} gone": "The schedule (crons) went with the worker. It is sent again.",
    f"{preview.SCRIPT} changed": "The code of the live worker was replaced. The program's code is uploaded again.",
}


def section(seen: Preview) -> Iterator[str | Table]:
    """Yield what the section holds, nothing where nobody changed anything."""
    superseded = seen.superseded
    if superseded is None and not seen.by_hand:
        return
    yield "#### Changed by hand, outside this program" if not seen.adopts else "#### Taken over"
    if superseded is not None:
        yield _sentence(superseded)
        if superseded.how == "secret" and _kept(seen):
            yield "Secrets of which only the name is declared stay as they are now."
        if superseded.changes:
            rows = [(code(item.name), _became(item.what), _after(seen, item.name)) for item in superseded.changes]
            yield Table(head=("binding", "by hand", "after `pulumi up`"), rows=rows)
        if superseded.crons is not None:
            live = ", ".join(map(code, superseded.crons)) if superseded.crons else "none"
            yield f"Live crons: {live}. After `pulumi up`: the declared ones."
    for finding in seen.by_hand:
        yield _BY_REFRESH.get(finding, "A resource is not as it was left. It is put back.")


def _sentence(superseded: Supersession) -> str:
    what = _HOW.get(superseded.how, "the live worker is not as it was left")
    who = f" by {code(superseded.by)} on {superseded.on} UTC" if superseded.by and superseded.on else ""
    version = code(superseded.version)
    if superseded.adopted:
        return f"The live version {version} was made by other means, last{who}. This deployment takes its place."
    if not who:
        who = "; Cloudflare does not record by whom"
    return f"In the live version {version} {what}{who}. This deployment puts back what is declared."


def _became(what: str) -> str:
    return {"deleted": "deleted", "added": "added", "changed": "its value was changed"}.get(what, "changed")


def _after(seen: Preview, name: str) -> str:
    declared = {} if seen.promised is None else {item.name: item.type for item in seen.promised.bindings}
    if name in _kept(seen):
        return "kept as it is: nobody knows its value"
    return "the declared one again" if name in declared else "removed"


def _kept(seen: Preview) -> set[str]:
    """Return the secrets of which only the name is declared."""
    bindings = () if seen.promised is None else seen.promised.bindings
    return {item.name for item in bindings if item.type == "secret_text" and item.name != KEY}
