"""Explains a check on a terminal, and renders the reference of all checks, from the checks themselves."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping

from checks import reporters
from checks.check import Check
from checks.reporters import wrap

HEAD = """# The checks

Every check of `python -m checks`: its claim, its needs, and the next step for each cause of a failure.
`python -m checks explain CHECK` shows the same on a terminal. [Exit codes and reports](reports.md) has the rest.
`instead of` names the step of the [former runbook](runbook.md) that the check replaces.

This page is generated. Edit the checks, then run `UPDATE_GOLDEN=1 python -m pytest tests/contract/test_docs.py`.
"""
REQUESTS = """
## Requests

The checks of a run share one list of the stored days: a request for 1,000 of them, and at least one for each site
with many days. A second list is read where a batch stored days, or where the first contradicts a later state.

| run over 100 sites and 5 years (182,500 days) | requests to Cloudflare's API | of them lists | CPU time | memory |
|---|---|---|---|---|
| all days are stored | 406 | 202 | 31 s | 223 MB |
| a batch stores the last day | 609 | 402 | 49 s | 245 MB |

`scripts/bench many_sites` measured this on 28 November 2026 over a fake account, and includes its CPU time.
Cloudflare's limit is 1,200 requests in 5 minutes. The default deadline is 60 s, so give such a stack `--deadline 5m`.
"""
REPORTS = """
## Reports

`--format NAME`, or `--format NAME=FILE`, repeatable. One of them at most goes to standard output.

| format | content |
|---|---|
"""
SCHEMA = "\nThe schema of `json` is [report.schema.json](report.schema.json).\n"


def list_checks(checks: Mapping[str, Check], width: int | None = None) -> str:
    """Return the claim and the tags of each check, wrapped at a width."""
    column = max(map(len, checks)) + 2
    lines: list[str] = []
    for check in checks.values():
        text = f"{check.proves}  [{', '.join(sorted(check.tags))}]"
        lines += wrap(text, width, first=f"{check.id:<{column}}", rest=" " * column)
    return "\n".join(lines) + "\n"


def explain_check(check: Check, width: int | None = None) -> str:
    """Return the explanation of a check for a terminal, wrapped at a width."""
    lines = [check.id]
    for name, text in _list_facts(check):
        lines += wrap(text, width, first=f"  {name + ':':<13}", rest=" " * 15)
    lines.append("  when it fails:")
    for cause in check.causes:
        lines += wrap(cause.what, width, first="    - ", rest=" " * 6)
        lines += wrap(cause.fix, width, first="      -> ", rest=" " * 9)
    return "\n".join(lines) + "\n"


def render_page(checks: Mapping[str, Check]) -> str:
    """Return the reference of all checks and formats, as Markdown."""
    formats = {name: importlib.import_module(f"{reporters.__name__}.{name}") for name in reporters.list_formats()}
    rows = [
        f"| `{name}` | {_escape_cell(str(module.__doc__).partition(chr(10))[0])} |\n"
        for name, module in formats.items()
    ]
    sections = ["".join(_format_section(check)) for check in checks.values()]
    return "".join([HEAD, *sections, REQUESTS, REPORTS, *rows, SCHEMA])


def _list_facts(check: Check) -> list[tuple[str, str]]:
    facts = [
        ("proves", check.proves),
        ("instead of", f"the runbook's {check.runbook}"),
        ("needs", ", ".join(check.needs)),
        ("runs after", ", ".join(check.after)),
        ("includes", ", ".join(check.includes)),
        ("credentials", " and ".join(check.wants)),
        ("tags", ", ".join(sorted(check.tags))),
    ]
    return [(name, text) for name, text in facts if text]


def _format_section(check: Check) -> Iterator[str]:
    yield f"\n## {check.id}\n\n"
    for name, text in _list_facts(check):
        yield f"* {name}: {_escape_cell(text)}\n"
    yield "\n| when it fails | next step |\n|---|---|\n"
    for cause in check.causes:
        yield f"| {_escape_cell(cause.what)} | {_escape_cell(cause.fix)} |\n"


def _escape_cell(text: str) -> str:
    """Return a text for a table cell. A placeholder such as <name> is escaped, because it is not HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;")
