"""Whether this stack's own state has a resource, asked of the engine while it runs the program."""

from __future__ import annotations

import time

import pulumi

PAUSES = (0.1, 0.3, 1.0)  # seconds: the engine may be writing the state's file at the very moment

_STATE = "pulumi:pulumi:readStackResourceOutputs"  # the engine's own, under every backend; needs no plugin


class StateError(Exception):
    """The engine could not say what the state has; the message is one line."""


def has(kind: str, name: str) -> bool:
    """Return whether the state has a resource of this type and name.

    The answer holds the outputs of all resources, secrets among them: nothing but the URNs is looked at. Raises
    StateError.
    """
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for pause in (*PAUSES, None):
        try:
            urns = pulumi.runtime.invoke(_STATE, {"stackName": stack}).value["outputs"].keys()
            break
        except Exception as error:  # noqa: BLE001 - the SDK raises it bare, with the engine's text
            if pause is None:
                what = f"the engine did not say what the state of {stack} has ({type(error).__name__})"
                raise StateError(what) from None
        time.sleep(pause)
    return any(urn.endswith(f"{kind}::{name}") for urn in urns)
