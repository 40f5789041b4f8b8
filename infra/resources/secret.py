"""A secret as an input of a component: the preview shows that it changes, and never its value."""

from __future__ import annotations

import pulumi


class SecretComponent(pulumi.ComponentResource):
    """Holds a value as a secret input, and creates nothing. Its name is the name of the binding.

    The provider shows a script's bindings as one ``[secret]``, but the engine compares this value itself. It is
    registered after the script, so that a failed upload leaves the old value in the state.
    """

    def __init__(self, name: str, *, text: str, opts: pulumi.ResourceOptions) -> None:
        """Declare the value of the binding ``name``."""
        super().__init__("building-vitals:edge:Secret", name, {"text": pulumi.Output.secret(text)}, opts)
        self.register_outputs({})
