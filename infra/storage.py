"""The bucket that the days are written to: created, taken over, or refused because it is somebody's already."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pulumi_cloudflare as cloudflare

from infra import recorded
from infra.settings import Settings

NAME = "timeseries"
_TYPE = "cloudflare:index/r2Bucket:R2Bucket"


class BucketExistsError(Exception):
    """A bucket of this name exists that this stack does not have, and the stack does not adopt."""


class Bucket(pulumi.ComponentResource):
    """An R2 bucket that neither ``pulumi destroy`` nor a changed name can delete."""

    def __init__(self, name: str, *, settings: Settings, taken_over: bool) -> None:
        """Declare the bucket, or take over the existing one.

        ``retain_on_delete`` from the first deployment on: an import into a stack that already has the bucket replaces
        the resource, and ``protect`` does not stop the deletion of what it replaces.
        """
        super().__init__("building-vitals:storage:Bucket", name)
        existing = f"{settings.account_id}/{settings.bucket}/default" if taken_over else None
        cloudflare.R2Bucket(
            name,
            account_id=settings.account_id,
            name=settings.bucket,
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True, import_=existing),
        )
        self.register_outputs({})


def takes_over(settings: Settings, *, ours: bool, there: Callable[[], bool]) -> bool:
    """Return whether the bucket is to be imported: it is ``there``, the stack adopts, and its state has it not yet.

    ``ours`` says that the live worker is this stack's: then nothing is asked unless the stack adopts, so that an
    ordinary preview costs no more. Raises BucketExistsError where the bucket is somebody's and the stack does not
    adopt, StateError, and what ``there`` raises.
    """
    if (ours and not settings.adopt) or not there() or recorded.has(_TYPE, NAME):
        return False
    if not settings.adopt:
        raise BucketExistsError(
            f"the bucket {settings.bucket!r} exists, and this stack does not have it: "
            "to take it over with its data, run: pulumi config set adopt true"
        )
    return True
