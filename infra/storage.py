"""The bucket that the days are written to."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from infra.settings import Settings


class Bucket(pulumi.ComponentResource):
    """An R2 bucket that neither ``pulumi destroy`` nor a changed name can delete."""

    def __init__(self, name: str, *, settings: Settings) -> None:
        """Declare the bucket, or take over the existing one where the stack adopts."""
        super().__init__("building-vitals:storage:Bucket", name)
        existing = f"{settings.account_id}/{settings.bucket}/default" if settings.adopt else None
        cloudflare.R2Bucket(
            name,
            account_id=settings.account_id,
            name=settings.bucket,
            opts=pulumi.ResourceOptions(parent=self, protect=True, import_=existing),
        )
        self.register_outputs({})
