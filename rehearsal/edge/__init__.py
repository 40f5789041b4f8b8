"""The data plane of the local Cloudflare: real workers in workerd behind one Node process."""

from __future__ import annotations

from rehearsal.edge.control_client import OnTrace
from rehearsal.edge.edge import Edge
from rehearsal.edge.model import EdgeError, RejectedUpload, Script

__all__ = ["Edge", "EdgeError", "OnTrace", "RejectedUpload", "Script"]
