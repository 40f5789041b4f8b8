"""A secret's value as a line of its own in the preview: whether it changes, never what it is."""

from __future__ import annotations

import pulumi


class Secret(pulumi.ComponentResource):
    """Holds a value as a secret input, and makes nothing.

    The provider shows a script's bindings as one ``[secret]``; the engine compares this value itself. Named as the
    binding that carries it: ``review/`` reads from it whether the value changes. Registered after the script, so that
    an upload that failed leaves the old value in the state.
    """

    def __init__(self, name: str, *, text: str, opts: pulumi.ResourceOptions) -> None:
        """Declare the value that the binding ``name`` carries once the script is uploaded."""
        super().__init__("building-vitals:edge:Secret", name, {"text": pulumi.Output.secret(text)}, opts)
        self.register_outputs({})
