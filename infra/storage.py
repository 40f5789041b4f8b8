"""The bucket that the days are written to."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from infra.settings import Settings


class Bucket(pulumi.ComponentResource):
    """An R2 bucket that neither ``pulumi destroy`` nor a changed name can delete."""

    def __init__(self, name: str, *, settings: Settings, exists: bool) -> None:
        """Declare the bucket, or take over the existing one where the stack adopts.

        ``retain_on_delete`` from the first deployment on: an import into a stack that already has the bucket replaces
        the resource, and ``protect`` does not stop the deletion of what it replaces.
        """
        super().__init__("building-vitals:storage:Bucket", name)
        existing = f"{settings.account_id}/{settings.bucket}/default" if settings.adopt and exists else None
        cloudflare.R2Bucket(
            name,
            account_id=settings.account_id,
            name=settings.bucket,
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True, import_=existing),
        )
        self.register_outputs({})
