"""The comment of a preview, for a reviewer without knowledge of this repository."""

from __future__ import annotations

from collections.abc import Iterator

from contract.drift.record import CRONS, QUEUE_CONSUMER, SCRIPT_SETTINGS, UNFINISHED
from review import manifest_changes, model
from review.markdown import Table, join, quote
from review.model import KEY, Preview, ResourceChange
from review.sections import changed_outside_pulumi, losses, openings

_RESOURCES = {
    (model.BUCKET, model.BUCKET_NAME): "the R2 bucket",
    (model.SCRIPT, model.BACKFILL): "the worker (code and all bindings)",
    (model.SUBDOMAIN, model.BACKFILL): "the workers.dev address",
    (model.CRONS, model.BACKFILL): "the schedule (crons)",
    (model.QUEUE_OF_DAYS, model.DAYS): "the queue of the days to copy",
    (model.QUEUE_OF_DAYS, model.DEAD_DAYS): "the queue of the days that failed",
    (model.CONSUMER, model.DAYS): "the consumer of the days to copy",
    (model.CONSUMER, model.DEAD_DAYS): "the consumer of the days that failed",
    (model.SCRIPT, model.QUERY): "the query worker (code and all bindings)",
    (model.SUBDOMAIN, model.QUERY): "the query worker's workers.dev address",
    (model.CRONS, model.QUERY): "the query worker's schedule (crons)",
}
_OPS = {
    "create": "created", "update": "changed", "replace": "replaced", "delete": "**deleted**", "import": "taken over",
}  # fmt: skip


def write_marker(seen: Preview) -> str:
    """Return the hidden first line by which a later comment of the same project and stack replaces this one."""
    return f"<!-- building-vitals review: {seen.project}/{seen.stack} -->"


def render(seen: Preview) -> str:
    """Return the whole comment, at most 65,536 characters, ending in a line end."""
    head = f"{write_marker(seen)}\n### Preview of {quote(f'{seen.project}/{seen.stack}')}: {_summarize(seen)}"
    blocks: list[str | Table] = [
        head,
        *_write_subject(seen),
        *_write_failure(seen),
        *openings.write_section(seen),
        *changed_outside_pulumi.write_section(seen),
        *losses.write_section(seen),
    ]
    if seen.changes or seen.failed:
        blocks += [f"**`{KEY}`: value changes: {_describe_rotation(seen)}**"]
    return join([*blocks, *_write_resources(seen), *_write_settings(seen), _write_footer(seen)])


def _write_subject(seen: Preview) -> Iterator[str]:
    if seen.manifest is not None:
        worker, bucket = quote(seen.manifest.worker.name), quote(seen.manifest.storage.bucket)
        yield f"The worker {worker} copies building sensor data from ACE IoT into the R2 bucket {bucket}."


def _summarize(seen: Preview) -> str:
    if seen.failed:
        return "it failed, so nothing can be deployed"
    if not seen.changes:
        return "no change"
    if seen.adopts:
        return "an existing worker is taken over"
    if seen.first:
        return "a first deployment"
    if seen.restores:
        outside = "changes outside Pulumi are restored"
        return outside if seen.is_changed_outside else "a deployment that did not finish is completed"
    return f"the value of `{KEY}` changes" if seen.rotates else "changes"


def _write_failure(seen: Preview) -> Iterator[str]:
    if not seen.failed:
        return
    if not seen.readable:
        yield "There is no preview that can be read, so nothing is known. The job's log has the reason."
        return
    yield "The engine reported an error, so this comment may be incomplete. The job's log has the error's text."
    if seen.refused:
        yield f"Settings to correct: {', '.join(quote(name) for name in seen.refused)}."
    if seen.failed_at:
        names = dict.fromkeys(_name_resource(item.type, item.name) for item in seen.failed_at)
        yield f"It failed at: {', '.join(names)}."
    if seen.loses_bucket and any(item.type == model.BUCKET for item in seen.failed_at):
        yield "The bucket is protected, so it is neither deleted nor replaced."


def _describe_rotation(seen: Preview) -> str:
    if seen.rotates is None:
        return "unknown"
    if seen.rotates:
        return "yes"
    if seen.drift is None or seen.drift.origin in (CRONS, QUEUE_CONSUMER, SCRIPT_SETTINGS, UNFINISHED):
        return "no"
    if KEY in {item.name for item in seen.drift.changes}:
        return "no, the declared value stays and is restored"
    return "unknown, because no API returns the live value. The declared value stays"


def _write_resources(seen: Preview) -> Iterator[str | Table]:
    shown = [step for step in seen.changes if not step.type.startswith("building-vitals:")]
    if shown:
        yield "#### Resources"
        rows = [(_name_resource(step.type, step.name), _describe_change(step, seen)) for step in shown]
        yield Table(head=("resource", "change"), rows=rows)


def _describe_change(step: ResourceChange, seen: Preview) -> str:
    if step.op == "replace" and "CronTrigger" in step.type:
        return "sent again"
    if step.op == "replace" and step.type == model.CONSUMER:
        return "removed and added again"
    if step.type == model.SCRIPT and step.name == model.BACKFILL and step.op == "create" and seen.adopts:
        return "uploaded in place of the live one"
    if step.type == model.SCRIPT and step.op == "update":
        return "uploaded again: " + ("the code changes" if step.new_code else "the code is the same")
    return _OPS[step.op]


def _name_resource(kind: str, name: str) -> str:
    return _RESOURCES.get((kind, name), f"{quote(kind)} {quote(name)}")


def _write_settings(seen: Preview) -> Iterator[str | Table]:
    rows = manifest_changes.find_changes(seen.old, seen.new)
    if rows:
        yield "#### Settings" if seen.old is None else "#### Settings that change"
        cells = [
            (quote(row.name), *("-" if value is None else quote(value) for value in (row.old, row.new))) for row in rows
        ]
        yield Table(head=("setting", "now", "after"), rows=cells)


def _write_footer(seen: Preview) -> str:
    effect = "`pulumi up` makes these changes" if seen.changes and not seen.failed else "Nothing was changed"
    return f"<sub>{effect}. This comment shows listed fields only, never a secret (docs/pull-requests.md).</sub>"
