"""The error that ends a preview or an update before anything is changed, and the stack in the commands of a message."""

from __future__ import annotations

import re

_COMMAND = re.compile(r"\bpulumi config (set|rm)\b")


class DeploymentError(Exception):
    """The deployment is refused. The message is one line a problem and holds no secret."""


def name_stack(text: str, stack: str) -> str:
    """Return a message whose commands change the settings of this stack, also where another one is selected."""
    return _COMMAND.sub(rf"\g<0> --stack {stack}", text)
