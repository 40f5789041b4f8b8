"""The resources of a plan, in the order in which the engine creates them."""

from __future__ import annotations

import pulumi

from infra import policy
from infra.declarations.bucket import BUCKET
from infra.plan import Plan
from infra.resources.bucket import BucketComponent
from infra.resources.worker import WorkerComponent


def create(plan: Plan) -> None:
    """Declare the bucket and then the workers, which are bound to it."""
    policy.refuse_unprotected_buckets()
    bucket = BucketComponent(BUCKET, plan=plan.bucket)
    for worker in plan.workers:
        WorkerComponent(worker.name, plan=worker, opts=pulumi.ResourceOptions(depends_on=[bucket]))
