"""The end of a command with one line and an exit code."""

from __future__ import annotations

from checks.model.finding import Failed, Stop
from checks.model.report import EXIT_INCONCLUSIVE, EXIT_USAGE

EXIT_OK, EXIT_FAILED = 0, 1
__all__ = ["EXIT_FAILED", "EXIT_INCONCLUSIVE", "EXIT_OK", "EXIT_USAGE", "CommandError", "convert_stop"]


class CommandError(Exception):
    """Ends the command. The text is one line: the problem, its place and the next command."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


def convert_stop(stop: Stop, *, stack: str, worker: str, checks: str, source: str) -> CommandError:
    """Return the error for a system that gave no usable answer. It is inconclusive unless the system is wrong."""
    finding = stop.finding
    command = finding.hint.format_command(stack=stack, worker=worker, checks=checks, source=source)
    text = f"{finding.subject}: expected {finding.expected}, found {finding.found}. Next: {command}"
    return CommandError(text, EXIT_FAILED if isinstance(stop, Failed) else EXIT_INCONCLUSIVE)
