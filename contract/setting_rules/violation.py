"""A value that breaks the rule of its setting, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A value that breaks a rule. ``found`` never shows a URL that may hold a password."""

    setting: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Return the violation as one line."""
        return f"{self.setting}: expected {self.expected}, found {self.found}"


def show(value: str) -> str:
    """Return a value as a message shows it: on one line, and without a URL that may hold a password."""
    if not value:
        return "nothing"
    return "a URL with '@' (not shown)" if "@" in value and "://" in value else repr(value)
