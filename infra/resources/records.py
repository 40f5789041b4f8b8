"""Records as inputs of components that create nothing: the manifest, the drift and the secrets.

The engine's JSON has old and new inputs, but no new outputs, so the review reads these. A record is registered after
the resources that it describes, so that a failed update leaves the old one in the state.
"""

from __future__ import annotations

import pulumi

from contract.drift.record import Drift
from contract.manifest import Manifest


class ManifestComponent(pulumi.ComponentResource):
    """Holds the manifest of the uploaded worker."""

    def __init__(self, name: str, *, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        """Declare the manifest."""
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="building-vitals:edge:Promise")])
        options = pulumi.ResourceOptions.merge(opts, former)
        super().__init__("building-vitals:edge:Manifest", name, {"manifest": manifest.to_dict()}, options)
        self.register_outputs({})


class DriftComponent(pulumi.ComponentResource):
    """Holds the last drift that an update restored.

    While there is no new drift the state keeps its record, so that the preview after an update is empty.
    """

    def __init__(self, name: str, *, drift: Drift | None, opts: pulumi.ResourceOptions) -> None:
        """Declare the drift that this update restores."""
        record = {} if drift is None else drift.to_dict()
        kept = pulumi.ResourceOptions(ignore_changes=["record"] if drift is None else [])
        options = pulumi.ResourceOptions.merge(opts, kept)
        super().__init__("building-vitals:edge:Drift", name, {"record": record}, options)
        self.register_outputs({})


class SecretComponent(pulumi.ComponentResource):
    """Holds a value as a secret input: the preview shows that it changes, and never its value.

    The provider shows a script's bindings as one ``[secret]``, but the engine compares this value itself.
    """

    def __init__(self, name: str, *, text: str, opts: pulumi.ResourceOptions) -> None:
        """Declare the value of the binding ``name``."""
        super().__init__("building-vitals:edge:Secret", name, {"text": pulumi.Output.secret(text)}, opts)
        self.register_outputs({})
