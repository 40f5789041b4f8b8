"""The error that ends a preview or an update before anything is changed."""

from __future__ import annotations


class DeploymentError(Exception):
    """The deployment is refused. The message is one line a problem and holds no secret."""
