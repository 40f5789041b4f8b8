"""The control plane of the local Cloudflare: the API that Pulumi, wrangler and the checks call."""

from __future__ import annotations

from rehearsal.cloudflare.server import LocalCloudflare

__all__ = ["LocalCloudflare"]
