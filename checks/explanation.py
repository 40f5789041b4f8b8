"""What a check proves, and what to do when it fails, in words; made from the check itself."""

from __future__ import annotations

from checks.model import Check


def explain(check: Check) -> str:
    """Return the explanation of a check, for a terminal."""
    facts = [
        ("proves", check.proves),
        ("instead of", f"the runbook's {check.runbook}"),
        ("needs", ", ".join(check.needs)),
        ("runs after", ", ".join(check.after)),
        ("credentials", " and ".join(check.wants)),
        ("tags", ", ".join(sorted(check.tags))),
    ]
    lines = [check.id, *(f"  {name + ':':<13}{text}" for name, text in facts if text), "  when it fails:"]
    for cause in check.causes:
        lines += [f"    - {cause.what}", f"      -> {cause.fix}"]
    return "\n".join(lines) + "\n"
