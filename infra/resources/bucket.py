"""The bucket of the stored days: created, or imported where it exists already."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from infra.declarations.bucket import BucketPlan


class BucketComponent(pulumi.ComponentResource):
    """An R2 bucket that neither ``pulumi destroy`` nor a changed name can delete."""

    def __init__(self, name: str, *, plan: BucketPlan) -> None:
        """Declare the bucket.

        ``retain_on_delete`` from the first deployment on: an import into a stack that already has the bucket replaces
        the resource, and ``protect`` does not stop the deletion of the replaced one.
        """
        super().__init__("building-vitals:storage:Bucket", name)
        existing = f"{plan.account_id}/{plan.name}/default" if plan.imported else None
        cloudflare.R2Bucket(
            name,
            account_id=plan.account_id,
            name=plan.name,
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True, import_=existing),
        )
        self.register_outputs({})
