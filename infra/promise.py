"""What is promised, as an input of its own: the engine then shows it old and new, which it does not do for outputs."""

from __future__ import annotations

import pulumi

from contract import manifest


class Promise(pulumi.ComponentResource):
    """Holds the manifest as an input, and makes nothing; ``review/`` reads from it what changes.

    Registered after the script, so that an upload that failed leaves the old promise in the state.
    """

    def __init__(self, name: str, *, promised: manifest.Manifest, opts: pulumi.ResourceOptions) -> None:
        """Declare what holds once the script is uploaded."""
        super().__init__("building-vitals:edge:Promise", name, {"manifest": promised.to_dict()}, opts)
        self.register_outputs({})
