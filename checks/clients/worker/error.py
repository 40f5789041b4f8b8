"""An error that the worker reports in an answer, or in its run log."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerError:
    """An error that the worker reports. Without an error, code and message are empty."""

    code: str = ""
    message: str = ""

    @classmethod
    def read(cls, error: object) -> WorkerError:
        """Read an error from a part of an answer. Any other form is no error."""
        found = error if isinstance(error, dict) else {}
        code, message = (found.get(name) for name in ("code", "message"))
        return cls(
            code=code if isinstance(code, str) else "",
            message=message if isinstance(message, str) else "",
        )

    @property
    def shown(self) -> str:
        """Return a short description of the error."""
        return self.code + (f" ({self.message})" if self.message else "")
