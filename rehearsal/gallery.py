"""The gallery of faults as a page: every fault, the checks that catch it, and whom they blame."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.faults import Fault, Verdict

_HEAD = """# What can go wrong, and which check says so

Written by `scripts/test`: `tests/e2e/test_faults.py` does each of these to a deployed rehearsal, runs every check,
and compares. Try one: `scripts/rehearse --fault secret-missing`.

{count} faults. ● must say so, and blame the one named; ○ may say so too (and blame somebody else, where one is named).
A check that is neither must not fail, nor may any blame the checker itself. Where there is trouble on a way, somebody
met it. Last come the seconds that the checks took, in the run that wrote this page: `scripts/test` measures and prints
them each time, and writes the page again when anything else in it has changed.
"""
_PARTS = (
    (Verdict.BROKEN, "Promises broken (exit code 1)"),
    (Verdict.NONE, "Nothing can be said (exit code 3)"),
    (Verdict.KEPT, "What must not fail (exit code 0)"),
)


def page(catalogue: Mapping[str, Fault], seconds: Mapping[str, float]) -> str:
    """Return the page; ``seconds`` are those that the checks took with each fault."""
    text = _HEAD.format(count=len(catalogue))
    for verdict, title in _PARTS:
        rows = {name: fault for name, fault in sorted(catalogue.items()) if fault.verdict is verdict}
        text += f"\n## {title}\n\n{_table(rows, seconds)}"
    return text


def _table(rows: Mapping[str, Fault], seconds: Mapping[str, float]) -> str:
    checks = list(dict.fromkeys(check for fault in rows.values() for check in (*fault.caught_by, *fault.besides)))
    head = ["fault", "what is broken", *([*(f"`{check}`" for check in checks), "blame"] if checks else []), "seconds"]
    lines = [head, ["---"] * 2 + [":-:"] * len(checks) + ["---"] * bool(checks) + ["--:"]]
    for name, fault in rows.items():
        marks = [_mark(fault, check) for check in checks]
        lines.append([f"`{name}`", fault.breaks, *marks, *([fault.blame] if checks else []), f"{seconds[name]:.1f}"])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _mark(fault: Fault, check: str) -> str:
    if check in fault.caught_by:
        return "●"
    if check not in fault.besides:
        return ""
    other = fault.besides[check]
    return "○" if other == fault.blame else f"○ {other}"
