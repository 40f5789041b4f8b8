"""The comment: what a reviewer must know before this is deployed, for somebody who never saw the repository."""

from __future__ import annotations

from collections.abc import Iterator

from review import preview, promises
from review.markdown import Table, code, join
from review.preview import KEY, Change, Preview
from supersession import Supersession

_RESOURCES = {
    preview.SCRIPT: "the worker (code and all bindings)",
    preview.BUCKET: "the R2 bucket",
    preview.SUBDOMAIN: "the workers.dev address",
    "cloudflare:index/workersCronTrigger:WorkersCronTrigger": "the schedule (crons)",
}
_OPS = {
    "create": "created", "update": "changed", "replace": "replaced", "delete": "**deleted**", "import": "taken over",
}  # fmt: skip
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
    f"{preview.SUBDOMAIN} changed": "The workers.dev address was switched off. It is switched on again.",
    f"{preview.SCRIPT} changed": "The code of the live worker was replaced. The program's code is uploaded again.",
}


def marker(seen: Preview) -> str:
    """Return the hidden first line by which a later comment of the same project and stack replaces this one."""
    return f"<!-- building-vitals review: {seen.project}/{seen.stack} -->"


def render(seen: Preview) -> str:
    """Return the whole comment, at most 65,536 characters, ending in a line end."""
    head = f"{marker(seen)}\n### Preview of {code(f'{seen.project}/{seen.stack}')}: {_verdict(seen)}"
    blocks: list[str | Table] = [head, *_subject(seen), *_failure(seen), *_by_hand(seen), *_lost(seen)]
    if seen.changes or seen.failed:
        blocks += [f"**`{KEY}`: value changes: {_rotation(seen)}**"]
    return join([*blocks, *_resources(seen), *_settings(seen), _footer(seen)])


def _subject(seen: Preview) -> Iterator[str]:
    promise = seen.promised if seen.new is None else seen.new
    if promise is not None:
        worker, bucket = code(promise.worker.name), code(promise.storage.bucket)
        yield f"The worker {worker} copies building sensor data from ACE IoT into the R2 bucket {bucket}."


def _verdict(seen: Preview) -> str:
    if seen.failed:
        return "it failed, nothing can be deployed"
    if not seen.changes:
        return "no change"
    if _adopts(seen):
        return "an existing worker is taken over"
    if seen.old is None and seen.new is not None:
        return "a first deployment"
    if seen.superseded is not None or seen.by_hand:
        return "what was changed by hand is put back"
    return f"the value of `{KEY}` changes" if seen.rotates else "changes"


def _failure(seen: Preview) -> Iterator[str]:
    if not seen.failed:
        return
    yield "The engine reported an error, so what stands below may be a part only. The job's log has the error's text."
    if seen.refused:
        yield f"Settings to correct: {', '.join(code(name) for name in seen.refused)}."
    if seen.broken:
        yield f"It failed at: {', '.join(_resource(kind) for kind in seen.broken)}."
    if preview.BUCKET in seen.broken and _loses_bucket(seen):
        yield "The bucket is protected: it is neither deleted nor replaced by another one."


def _by_hand(seen: Preview) -> Iterator[str | Table]:
    superseded = seen.superseded
    if superseded is None and not seen.by_hand:
        return
    yield "#### Changed by hand, outside this program" if not _adopts(seen) else "#### Taken over"
    if superseded is not None:
        yield _sentence(superseded)
        if superseded.changes:
            rows = [(code(item.name), _became(item.what), _after(seen, item.name)) for item in superseded.changes]
            yield Table(head=("binding", "by hand", "after `pulumi up`"), rows=rows)
        if superseded.crons is not None:
            live = ", ".join(map(code, superseded.crons)) if superseded.crons else "none"
            yield f"Live crons: {live}. After `pulumi up`: the declared ones."
    for finding in seen.by_hand:
        yield _BY_REFRESH.get(finding, "A resource is not as it was left. It is put back.")


def _adopts(seen: Preview) -> bool:
    return seen.superseded is not None and seen.superseded.adopted


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
    promise = seen.promised if seen.new is None else seen.new
    declared = set() if promise is None else {item.name for item in promise.bindings}
    return "the declared one again" if name in declared else "removed"


def _lost(seen: Preview) -> Iterator[str | Table]:
    bindings = [(item.name, item.type) for item in promises.dropped(seen.old, seen.new)]
    if seen.superseded is not None:
        bindings += [(item.name, item.type) for item in seen.superseded.lost]
    why = "nothing declares it" if _adopts(seen) else "nothing declares it any more"
    rows = [(code(name), code(kind), why) for name, kind in bindings]
    if _loses_bucket(seen):
        rows.append(("the R2 bucket", code("r2_bucket"), "another one takes its place, without its data"))
    if not rows:
        return
    yield "#### Would be lost"
    yield Table(head=("what", "kind", "why"), rows=rows)
    if seen.superseded is not None and seen.superseded.more:
        yield f"… and {seen.superseded.more} more bindings."
    if bindings:
        yield "To keep a binding, declare it in `extraBindings` (docs/adopt-an-existing-worker.md)."


def _loses_bucket(seen: Preview) -> bool:
    return any(step.type == preview.BUCKET and step.op in {"replace", "delete"} for step in seen.changes)


def _rotation(seen: Preview) -> str:
    if seen.rotates is None:
        return "unknown"
    by_hand = seen.superseded is not None and KEY in {item.name for item in seen.superseded.changes}
    same = "no: the declared value stays, and is put back" if by_hand else "no"
    return "yes" if seen.rotates else same


def _resources(seen: Preview) -> Iterator[str | Table]:
    shown = [step for step in seen.changes if not step.type.startswith("building-vitals:")]
    if shown:
        yield "#### What happens"
        yield Table(
            head=("resource", "what happens"), rows=[(_resource(step.type), _happens(step, seen)) for step in shown]
        )


def _happens(step: Change, seen: Preview) -> str:
    if step.op == "replace" and "CronTrigger" in step.type:
        return "sent again"
    if step.type == preview.SCRIPT and step.op == "create" and _adopts(seen):
        return "uploaded in place of the live one"
    if step.type == preview.SCRIPT and step.op == "update":
        return "uploaded again: " + ("the code changes" if seen.code_changes else "the code is the same")
    return _OPS[step.op]


def _resource(kind: str) -> str:
    return _RESOURCES.get(kind, code(kind))


def _settings(seen: Preview) -> Iterator[str | Table]:
    rows = promises.changed(seen.old, seen.new)
    if rows:
        yield "#### Settings" if seen.old is None else "#### Settings that change"
        cells = [
            (code(row.name), *("-" if value is None else code(value) for value in (row.old, row.new))) for row in rows
        ]
        yield Table(head=("setting", "now", "after"), rows=cells)


def _footer(seen: Preview) -> str:
    what = "`pulumi up` does this" if seen.changes and not seen.failed else "Nothing was changed"
    return f"<sub>{what}. No secret can stand here: only listed fields pass (docs/pull-requests.md).</sub>"
