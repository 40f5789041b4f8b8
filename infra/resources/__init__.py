"""The resources of a plan, in the order in which the engine creates them."""

from __future__ import annotations

import pulumi

from infra import policy
from infra.declarations.bucket import BUCKET
from infra.declarations.queues import DAYS
from infra.plan import Plan
from infra.resources.bucket import BucketComponent
from infra.resources.queues import ConsumersComponent, QueuesComponent
from infra.resources.worker import WorkerComponent


def create(plan: Plan) -> None:
    """Declare the bucket and the queues, then the workers, which are bound to them, then the queues' consumers."""
    policy.refuse_unprotected_buckets()
    bucket = BucketComponent(BUCKET, plan=plan.bucket)
    queues = QueuesComponent(DAYS, plan=plan.queues)
    bound = pulumi.ResourceOptions(depends_on=[bucket, queues])
    workers = [WorkerComponent(worker.name, plan=worker, opts=bound) for worker in plan.workers]
    after = pulumi.ResourceOptions(depends_on=workers[:1])  # the backfill worker consumes
    ConsumersComponent(DAYS, plan=plan.queues, queues=queues, opts=after)
