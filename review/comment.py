"""The comment: what a reviewer must know before this is deployed, for somebody who never saw the repository."""

from __future__ import annotations

from collections.abc import Iterator

from review import by_hand, model, promises
from review.markdown import Table, code, join
from review.model import KEY, Change, Preview

_RESOURCES = {
    (model.SCRIPT, model.BACKFILL): "the worker (code and all bindings)",
    (model.SUBDOMAIN, model.BACKFILL): "the workers.dev address",
    (model.CRONS, model.BACKFILL): "the schedule (crons)",
    (model.SCRIPT, model.QUERY): "the query worker (code and all bindings)",
    (model.SUBDOMAIN, model.QUERY): "the query worker's workers.dev address",
    (model.CRONS, model.QUERY): "the query worker's schedule (crons)",
}
_OPS = {
    "create": "created", "update": "changed", "replace": "replaced", "delete": "**deleted**", "import": "taken over",
}  # fmt: skip


def marker(seen: Preview) -> str:
    """Return the hidden first line by which a later comment of the same project and stack replaces this one."""
    return f"<!-- building-vitals review: {seen.project}/{seen.stack} -->"


def render(seen: Preview) -> str:
    """Return the whole comment, at most 65,536 characters, ending in a line end."""
    head = f"{marker(seen)}\n### Preview of {code(f'{seen.project}/{seen.stack}')}: {_verdict(seen)}"
    blocks: list[str | Table] = [head, *_subject(seen), *_failure(seen), *by_hand.section(seen), *_lost(seen)]
    if seen.changes or seen.failed:
        blocks += [f"**`{KEY}`: value changes: {_rotation(seen)}**"]
    return join([*blocks, *_resources(seen), *_settings(seen), _footer(seen)])


def _subject(seen: Preview) -> Iterator[str]:
    if seen.promised is not None:
        worker, bucket = code(seen.promised.worker.name), code(seen.promised.storage.bucket)
        yield f"The worker {worker} copies building sensor data from ACE IoT into the R2 bucket {bucket}."


def _verdict(seen: Preview) -> str:
    if seen.failed:
        return "it failed, nothing can be deployed"
    if not seen.changes:
        return "no change"
    if seen.adopts:
        return "an existing worker is taken over"
    if seen.first:
        return "a first deployment"
    if seen.heals:
        return "what was changed by hand is put back"
    return f"the value of `{KEY}` changes" if seen.rotates else "changes"


def _failure(seen: Preview) -> Iterator[str]:
    if not seen.failed:
        return
    yield "The engine reported an error, so what stands below may be a part only. The job's log has the error's text."
    if seen.refused:
        yield f"Settings to correct: {', '.join(code(name) for name in seen.refused)}."
    if seen.broken:
        yield f"It failed at: {', '.join(dict.fromkeys(_resource(item.type, item.name) for item in seen.broken))}."
    if seen.loses_bucket and any(item.type == model.BUCKET for item in seen.broken):
        yield "The bucket is protected: it is neither deleted nor replaced by another one."


def _lost(seen: Preview) -> Iterator[str | Table]:
    gone = [(item.name, item.type) for item in promises.dropped(seen.old, seen.new)]
    gone += () if seen.superseded is None else [(item.name, item.type) for item in seen.superseded.lost]
    rows = [(code(name), code(kind), _why_lost(name, seen)) for name, kind in gone]
    if seen.superseded is not None:
        rows += [
            (code(item.name), code(item.type), "its value: the declared one takes its place")
            for item in seen.superseded.replaced
        ]
    if seen.loses_bucket:
        rows.append(("the R2 bucket", code("r2_bucket"), "another one takes its place, without its data"))
    if not rows:
        return
    yield "#### Would be lost"
    yield Table(head=("what", "kind", "why"), rows=rows)
    if seen.superseded is not None and seen.superseded.more:
        yield f"… and {seen.superseded.more} more bindings."
    if any(name not in _declared(seen) for name, _ in gone):
        yield "To keep a binding, declare it in `extraBindings` (docs/adopt-an-existing-worker.md)."


def _why_lost(name: str, seen: Preview) -> str:
    kind = _declared(seen).get(name)
    if kind is not None:
        return f"its name is declared as {code(kind)}"
    return "nothing declares it" if seen.adopts else "nothing declares it any more"


def _declared(seen: Preview) -> dict[str, str]:
    return {} if seen.promised is None else {item.name: item.type for item in seen.promised.bindings}


def _rotation(seen: Preview) -> str:
    if seen.rotates is None:
        return "unknown"
    if seen.rotates:
        return "yes"
    if seen.superseded is None or seen.superseded.how == "crons":
        return "no"
    if KEY in {item.name for item in seen.superseded.changes}:
        return "no: the declared value stays, and is put back"
    return "unknown: the declared value stays, and which one is live is not known"


def _resources(seen: Preview) -> Iterator[str | Table]:
    shown = [step for step in seen.changes if not step.type.startswith("building-vitals:")]
    if shown:
        yield "#### What happens"
        rows = [(_resource(step.type, step.name), _happens(step, seen)) for step in shown]
        yield Table(head=("resource", "what happens"), rows=rows)


def _happens(step: Change, seen: Preview) -> str:
    if step.op == "replace" and "CronTrigger" in step.type:
        return "sent again"
    if step.type == model.SCRIPT and step.name == model.BACKFILL and step.op == "create" and seen.adopts:
        return "uploaded in place of the live one"
    if step.type == model.SCRIPT and step.op == "update":
        return "uploaded again: " + ("the code changes" if step.new_code else "the code is the same")
    return _OPS[step.op]


def _resource(kind: str, name: str) -> str:
    return "the R2 bucket" if kind == model.BUCKET else _RESOURCES.get((kind, name), code(kind))


def _settings(seen: Preview) -> Iterator[str | Table]:
    rows = promises.changed(seen.old, seen.new)
    if rows and seen.old is None and not seen.first:
        yield "What was promised before cannot be read by this version: what is lost by this change is **not known**."
    if rows:
        yield "#### Settings" if seen.old is None else "#### Settings that change"
        cells = [
            (code(row.name), *("-" if value is None else code(value) for value in (row.old, row.new))) for row in rows
        ]
        yield Table(head=("setting", "now", "after"), rows=cells)


def _footer(seen: Preview) -> str:
    what = "`pulumi up` does this" if seen.changes and not seen.failed else "Nothing was changed"
    return f"<sub>{what}. No secret can stand here: only listed fields pass (docs/pull-requests.md).</sub>"
