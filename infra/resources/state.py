"""Questions about the stack's own state, asked of the engine while it runs the program."""

from __future__ import annotations

import time

import pulumi

from infra.errors import DeploymentError

PAUSES = (0.1, 0.3, 1.0)  # seconds between tries, because the engine may be writing the state's file

_READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs"  # a function of the engine that needs no plugin


class StateError(DeploymentError):
    """The engine did not answer a question about the state. The message is one line."""


def state_has(kind: str, name: str) -> bool:
    """Return whether the state has a resource of this type and name.

    The answer holds the outputs of all resources, secrets among them, so only the URNs are read. Raises StateError.
    """
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for pause in (*PAUSES, None):
        try:
            urns = pulumi.runtime.invoke(_READ_OUTPUTS, {"stackName": stack}).value["outputs"].keys()
            break
        except Exception as error:  # noqa: BLE001 - the SDK raises a bare Exception with the engine's text
            if pause is None:
                reason = f"the engine did not list the resources in the state of {stack} ({type(error).__name__})"
                raise StateError(reason) from None
        time.sleep(pause)
    return any(urn.endswith(f"{kind}::{name}") for urn in urns)
