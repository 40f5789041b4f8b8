"""The Markdown of a deployment for the step's summary: its result, the workers, the changes, the rollback."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deployment.events import Update
from deployment.rollback import Live
from deployment.verification import Failure, Verification

MAX_ROWS = 50  # of changed resources
MAX_ERRORS = 10
_DONE = {"create": "created", "update": "updated", "delete": "deleted", "replace": "replaced", "same": "unchanged"}


def describe_deployed(stack: str, update: Update, lives: Sequence[Live] | None, verified: Verification) -> str:
    """Return the summary of a `pulumi up` that succeeded. ``lives`` is None where Cloudflare did not tell."""
    result = "deployed and verified" if verified.code == 0 else "deployed, and not verified"
    lines = [
        f"### Stack {_cell(stack)}: {result}",
        "",
        "| | |",
        "|---|---|",
        *_rows(update, lives),
        f"| Resources | {describe_counts(update)} |",
        f"| Checks | {describe_checks(verified)} |",
        "",
        *_list_changes(update),
    ]
    return "\n".join(lines)


def list_lines(stack: str, update: Update, lives: Sequence[Live] | None, verified: Verification) -> list[str]:
    """Return the same for the log, as plain lines."""
    result = "deployed and verified" if verified.code == 0 else "deployed, and not verified"
    workers = [f"  {live.worker.name}: {_describe_version(live)}" for live in lives or ()]
    return [f"Stack {stack}: {result}", *workers, f"  resources: {describe_counts(update)}"]


def describe_failed(stack: str, title: str, update: Update) -> str:
    """Return the summary of a `pulumi up` that did not succeed."""
    lines = [f"### Stack {_cell(stack)}: {title}", "", "Nothing was verified. The log has all of it.", ""]
    lines += [f"* {_cell(error)}" for error in update.errors[:MAX_ERRORS]]
    return "\n".join([*lines, "", *_list_changes(update)])


def describe_counts(update: Update) -> str:
    """Return the numbers of resources by operation, such as ``2 updated, 8 unchanged``."""
    counts = sorted(update.counts.items(), key=lambda item: item[0] == "same")
    return ", ".join(f"{count} {_DONE.get(name, name)}" for name, count in counts) or "unknown"


def describe_checks(verified: Verification) -> str:
    """Return the numbers of checks by result."""
    if not verified.passed and not verified.failures:
        return f"not run (exit code {verified.code})"
    names = {outcome: _names(verified.failures, outcome) for outcome in ("fail", "inconclusive")}
    failed = f", failed: {', '.join(names['fail'])}" if names["fail"] else ""
    unknown = f", inconclusive: {', '.join(names['inconclusive'])}" if names["inconclusive"] else ""
    return f"{verified.passed} passed{failed}{unknown}"


def _names(failures: Sequence[Failure], outcome: str) -> list[str]:
    return list(dict.fromkeys(failure.check for failure in failures if failure.outcome == outcome))


def _describe_version(live: Live) -> str:
    new = "uploaded now" if live.worker.is_uploaded else "unchanged"
    before = f", before: {live.target.version[:8]}" if live.target else ""
    return f"version {live.version[:8]}, {new}{before}"


def _rows(update: Update, lives: Sequence[Live] | None) -> Iterator[str]:
    for live in lives or ():
        yield f"| Worker `{_cell(live.worker.name)}` | {_cell(_describe_version(live))} |"
    if lives is None:
        yield "| Worker | its version could not be read |"
    worker = (update.manifest or {}).get("worker")
    if isinstance(worker, dict) and isinstance(worker.get("url"), str):
        yield f"| URL | {_cell(worker['url'])} |"


def _list_changes(update: Update) -> Iterator[str]:
    if not update.changes:
        return
    yield from ("| operation | resource | name |", "|---|---|---|")
    for change in update.changes[:MAX_ROWS]:
        yield f"| {_cell(change.operation)} | `{_cell(change.type.rpartition(':')[2])}` | {_cell(change.name)} |"
    if len(update.changes) > MAX_ROWS:
        yield f"| | and {len(update.changes) - MAX_ROWS} more | |"


def _cell(text: str) -> str:
    """Return a text that a table shows as it is."""
    text = "".join(char if char.isprintable() else " " for char in text)
    for char, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ("|", "&#124;"),
        ("`", "&#96;"),
        ("@", "&#64;"),
        ("[", "&#91;"),
    ):
        text = text.replace(char, entity)
    return text
