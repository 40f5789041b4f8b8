"""The exception of the checks for an unusable answer of Cloudflare's API. It loads no HTTP client."""

from __future__ import annotations

from checks.model.finding import Finding, Inconclusive


class CloudflareInconclusive(Inconclusive):
    """The API gave no usable answer. ``codes`` are the API's error codes."""

    def __init__(self, finding: Finding, codes: frozenset[int] = frozenset()) -> None:
        super().__init__(finding)
        self.codes = codes
