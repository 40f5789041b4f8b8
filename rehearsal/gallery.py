"""The gallery of faults as a page: every fault, the checks that catch it, and whom they blame."""

from __future__ import annotations

from collections.abc import Mapping

from rehearsal.faults import Fault, Verdict

_HEAD = """# What can go wrong, and which check says so

Made by `python -m rehearsal faults --markdown`; `tests/e2e/test_faults.py` does each of these to a deployed
rehearsal, runs every check, and compares. Try one: `scripts/rehearse --fault secret-missing`.

{count} faults. ● must say so, and blame the one named; ○ may say so too. A check that is neither must not fail. Last
comes the time that the checks are given, in seconds; `scripts/test` prints at its end how long each took.
"""
_PARTS = (
    (Verdict.BROKEN, "Promises broken (exit code 1)"),
    (Verdict.NONE, "Nothing can be said (exit code 3)"),
    (Verdict.KEPT, "What must not fail (exit code 0)"),
)


def page(catalogue: Mapping[str, Fault]) -> str:
    """Return the page, the same for the same faults."""
    text = _HEAD.format(count=len(catalogue))
    for verdict, title in _PARTS:
        rows = {name: fault for name, fault in sorted(catalogue.items()) if fault.verdict is verdict}
        text += f"\n## {title}\n\n{_table(rows)}"
    return text


def _table(rows: Mapping[str, Fault]) -> str:
    checks = list(dict.fromkeys(check for fault in rows.values() for check in (*fault.caught_by, *fault.besides)))
    head = ["fault", "what is broken", *([*(f"`{check}`" for check in checks), "blame"] if checks else []), "seconds"]
    lines = [head, ["---"] * 2 + [":-:"] * len(checks) + ["---"] * bool(checks) + ["--:"]]
    for name, fault in rows.items():
        marks = ["●" if check in fault.caught_by else "○" if check in fault.besides else "" for check in checks]
        lines.append([f"`{name}`", fault.breaks, *marks, *([fault.blame] if checks else []), f"{fault.seconds:g}"])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
