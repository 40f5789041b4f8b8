"""Names the variables of the environment that differ from the stack's own values, which are used instead."""

from __future__ import annotations

from collections.abc import Iterator

from checks.check import Context
from checks.model.finding import Evidence


def warn_of_unused_variables(context: Context) -> Iterator[Evidence]:
    """Yield a warning for each such variable. It never shows a value."""
    for variable in context.credentials.unused:
        text = f"{variable} of the environment differs from the stack's own and was not used. Run: unset {variable}"
        yield Evidence(text, warning=True)
