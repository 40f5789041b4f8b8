"""What a check proves, and what to do when it fails, in words; made from the check itself."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping

from checks import reporters
from checks.check import Check

HEAD = """# The checks

Made from the checks themselves: edit those, then `UPDATE_GOLDEN=1 python -m pytest tests/contract/test_docs.py`.
`python -m checks explain CHECK` says the same on a terminal.

A finding names what was expected, what is there, whom to look at first and the next command to type. Exit codes:
**0** every promise is kept, **1** one is broken, **2** usage, **3** no verdict. A broken promise outranks no verdict,
nothing passed is no verdict, and under `--strict` so is a check that was skipped for a lack.
"""
REPORTS = """
## Reports

`--format NAME`, or `--format NAME=FILE`, as often as you like; one of them to standard output.

| format | what |
|---|---|
"""
SCHEMA = "\nThe form of `json` is published: [report.schema.json](report.schema.json).\n"


def explain_check(check: Check) -> str:
    """Return the explanation of a check, for a terminal."""
    lines = [check.id, *(f"  {name + ':':<13}{text}" for name, text in _facts(check)), "  when it fails:"]
    for cause in check.causes:
        lines += [f"    - {cause.what}", f"      -> {cause.fix}"]
    return "\n".join(lines) + "\n"


def render_page(checks: Mapping[str, Check]) -> str:
    """Return the reference of all checks and formats, as Markdown."""
    formats = {name: importlib.import_module(f"{reporters.__name__}.{name}") for name in reporters.names()}
    rows = [f"| `{name}` | {_cell(str(module.__doc__).partition(chr(10))[0])} |\n" for name, module in formats.items()]
    return "".join([HEAD, *("".join(_section(check)) for check in checks.values()), REPORTS, *rows, SCHEMA])


def _facts(check: Check) -> list[tuple[str, str]]:
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


def _section(check: Check) -> Iterator[str]:
    yield f"\n## {check.id}\n\n"
    for name, text in _facts(check):
        yield f"* {name}: {_cell(text)}\n"
    yield "\n| when it fails | what to do |\n|---|---|\n"
    for cause in check.causes:
        yield f"| {_cell(cause.what)} | {_cell(cause.fix)} |\n"


def _cell(text: str) -> str:
    """Return a text that stands in a table as it is; what is a placeholder is no HTML."""
    return text.replace("|", "\\|").replace("<", "&lt;")
