"""An HTTP answer, as every client of this repository reads it: the checks' clients of other systems use it as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """An answer with any status. ``request`` is its method and URL without the query, for messages."""

    request: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Mapping[str, Any] | None:
        """Return the body as a JSON object, None if it is anything else."""
        try:
            data = json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return None
        return data if isinstance(data, dict) else None

    @property
    def shown(self) -> str:
        """Return the status and the start of the body, for messages."""
        text = " ".join(self.body[:200].decode("utf-8", "replace").split())
        return f"{self.status} {text or '(empty)'}"

    @property
    def retry_after(self) -> float:
        """Return the seconds that the answer asks to wait, 0 if it does not say."""
        text = self.headers.get("retry-after", "")
        return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0.0


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
