"""The record of drift as an input of a component, which the review reads from the engine's JSON."""

from __future__ import annotations

import pulumi

from contract.drift import Drift


class DriftComponent(pulumi.ComponentResource):
    """Holds the last drift that an update restored, and creates nothing.

    While there is no new drift the state keeps its record, so that the preview after an update is empty. The component
    is registered after the resources of the worker, so that a failed update leaves the old record in the state.
    """

    def __init__(self, name: str, *, drift: Drift | None, opts: pulumi.ResourceOptions) -> None:
        """Declare the record of the drift that this update restores."""
        record = {} if drift is None else drift.to_dict()
        kept = pulumi.ResourceOptions(ignore_changes=["record"] if drift is None else [])
        super().__init__(
            "building-vitals:edge:Drift", name, {"record": record}, pulumi.ResourceOptions.merge(opts, kept)
        )
        self.register_outputs({})
