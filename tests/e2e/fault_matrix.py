"""The fault matrix as a page: every fault, the checks that report it, and their causes."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.faults import ExpectedResult, Fault

_HEAD = """# Fault matrix

This page shows the faults that a rehearsal can apply, and the checks that report each.

`scripts/test` writes this page: `tests/e2e/test_faults.py` applies each fault to a deployed rehearsal, runs every check
and compares. Try one: `scripts/rehearse --fault secret-missing`.

{count} faults. A check with ● must report the fault, and one with ○ may report it. The cause is in the column `cause`, where
a cell names no other. No other check may fail, and no check may fail by an internal error. Each network
fault affected at least one request. The last column has the seconds that the checks took in the run that wrote this
page. `scripts/test` prints them each time, and writes the page again if anything else in it has changed.
"""
_PARTS = (
    (ExpectedResult.FAILED, "Checks must fail (exit code 1)"),
    (ExpectedResult.INCONCLUSIVE, "Checks must be inconclusive (exit code 3)"),
    (ExpectedResult.PASSED, "Checks must pass (exit code 0)"),
)


def write_matrix(faults: Mapping[str, Fault], seconds: Mapping[str, float]) -> str:
    """Return the page. ``seconds`` are the seconds that the checks took with each fault."""
    text = _HEAD.format(count=len(faults))
    for expected, title in _PARTS:
        rows = {name: fault for name, fault in sorted(faults.items()) if fault.expected is expected}
        text += f"\n## {title}\n\n{_write_table(rows, seconds)}"
    return text


def _write_table(rows: Mapping[str, Fault], seconds: Mapping[str, float]) -> str:
    checks = list(dict.fromkeys(check for fault in rows.values() for check in (*fault.caught_by, *fault.may_report)))
    head = ["fault", "description", *([*(f"`{check}`" for check in checks), "cause"] if checks else []), "seconds"]
    lines = [head, ["---"] * 2 + [":-:"] * len(checks) + ["---"] * bool(checks) + ["--:"]]
    for name, fault in rows.items():
        cells = [_write_cell(fault, check) for check in checks]
        lines.append(
            [f"`{name}`", fault.description, *cells, *([fault.cause] if checks else []), f"{seconds[name]:.1f}"]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _write_cell(fault: Fault, check: str) -> str:
    if check not in fault.caught_by and check not in fault.may_report:
        return ""
    sign, named = ("●", fault.other_causes) if check in fault.caught_by else ("○", fault.may_report)
    other = named.get(check, fault.cause)
    return sign if other == fault.cause else f"{sign} {other}"
