"""The manifest as an input of a component: the engine's JSON has old and new inputs, but no new outputs."""

from __future__ import annotations

import pulumi

from contract.manifest import Manifest


class ManifestComponent(pulumi.ComponentResource):
    """Holds the manifest and creates nothing. The review reads the changes from it.

    It is registered after the script, so that a failed upload leaves the old manifest in the state.
    """

    def __init__(self, name: str, *, manifest: Manifest, opts: pulumi.ResourceOptions) -> None:
        """Declare the manifest of the uploaded worker."""
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="building-vitals:edge:Promise")])
        options = pulumi.ResourceOptions.merge(opts, former)
        super().__init__("building-vitals:edge:Manifest", name, {"manifest": manifest.to_dict()}, options)
        self.register_outputs({})
