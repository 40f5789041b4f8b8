"""Questions about the stack's own state, asked of the engine while it runs the program."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pulumi

from infra.errors import DeploymentError

PAUSES = (0.1, 0.3, 1.0)  # seconds between tries, because the engine may be writing the state's file

_READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs"  # a function of the engine that needs no plugin


class StateError(DeploymentError):
    """The engine did not answer a question about the state. The message is one line."""


def read_state() -> dict[tuple[str, str], str]:
    """Return the resources in the state by type and name, each with its name at Cloudflare, or with an empty text.

    The answer holds the outputs of all resources, secrets among them, so nothing else is read. Raises StateError.
    """
    stack = f"{pulumi.get_organization()}/{pulumi.get_project()}/{pulumi.get_stack()}"
    for pause in (*PAUSES, None):
        try:
            found = pulumi.runtime.invoke(_READ_OUTPUTS, {"stackName": stack}).value["outputs"]
            break
        except Exception as error:  # noqa: BLE001 - the SDK raises a bare Exception with the engine's text
            if pause is None:
                reason = f"the engine did not list the resources in the state of {stack} ({type(error).__name__})"
                raise StateError(reason) from None
        time.sleep(pause)
    return {_read_urn(urn): _read_name(resource["outputs"]) for urn, resource in found.items()}


def _read_urn(urn: str) -> tuple[str, str]:
    """Return the type and the name of a resource. Before its own type a URN has the types of its parents."""
    *_, types, name = urn.split("::", 3)
    return types.rpartition("$")[2], name


def _read_name(outputs: Mapping[str, Any]) -> str:
    names = (outputs.get(key) for key in ("queueName", "scriptName", "name"))
    return next((name for name in names if isinstance(name, str)), "")
