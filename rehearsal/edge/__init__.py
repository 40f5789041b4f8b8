"""The data plane of the local Cloudflare: real workers in workerd, behind one small Node process."""

from __future__ import annotations

from rehearsal.edge.handle import Edge
from rehearsal.edge.link import OnTrace
from rehearsal.edge.model import EdgeError, RejectedUpload, Script

__all__ = ["Edge", "EdgeError", "OnTrace", "RejectedUpload", "Script"]
