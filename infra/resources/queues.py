"""The queues of the backfill worker, and the worker as their consumer."""

from __future__ import annotations

import pulumi
import pulumi_cloudflare as cloudflare

from contract import queue_limits
from contract.drift.record import DEAD_LETTER_QUEUE
from infra.declarations.queues import QueuePlan, QueuesPlan

MAX_WAIT_MS = 5_000  # Cloudflare's own, for a batch to fill
RETENTION_SECONDS = 345_600  # Cloudflare's own: four days. The planner sends a day again after 6 hours
_UNCHANGED = "as declared"


class QueuesComponent(pulumi.ComponentResource):
    """The queues, which exist before the script that binds them.

    ``ids`` are their ids by name of the resource. They stay known in an update, and other outputs may not.
    """

    ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, *, plan: QueuesPlan) -> None:
        """Declare the queues with all their settings, so that a refresh finds a paused one."""
        super().__init__("building-vitals:queues:Queues", name)
        self.ids = {queue.resource: self._queue(plan, queue).id for queue in plan.queues}
        self.register_outputs({})

    def _queue(self, plan: QueuesPlan, queue: QueuePlan) -> cloudflare.Queue:
        return cloudflare.Queue(
            queue.resource,
            account_id=plan.account_id,
            queue_name=queue.name,
            settings=cloudflare.QueueSettingsArgs(
                delivery_delay=0, delivery_paused=False, message_retention_period=RETENTION_SECONDS
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=None if queue.existing is None else f"{plan.account_id}/{queue.existing}",
                replace_on_changes=["queueName"],  # Cloudflare cannot rename a queue
            ),
        )


class ConsumersComponent(pulumi.ComponentResource):
    """The consumers, which need the script. A queue has one, so a replacement deletes the old one first."""

    def __init__(self, name: str, *, plan: QueuesPlan, queues: QueuesComponent, opts: pulumi.ResourceOptions) -> None:
        """Declare a consumer of each queue."""
        super().__init__("building-vitals:queues:Consumers", name, None, opts)
        for queue in plan.queues:
            self._consumer(plan, queue, queues.ids[queue.resource])
        self.register_outputs({})

    def _consumer(self, plan: QueuesPlan, queue: QueuePlan, queue_id: pulumi.Input[str]) -> None:
        cloudflare.QueueConsumer(
            queue.resource,
            account_id=plan.account_id,
            queue_id=queue_id,
            type="worker",
            script_name=plan.script,
            dead_letter_queue=queue.dead_letter_queue,
            settings=cloudflare.QueueConsumerSettingsArgs(
                batch_size=queue.batch_size,
                max_concurrency=queue.max_concurrency,
                max_retries=queue_limits.MAX_RETRIES,
                max_wait_time_ms=MAX_WAIT_MS,
                retry_delay=0,
            ),
            opts=pulumi.ResourceOptions(
                parent=self, delete_before_replace=True, replacement_trigger=_find_trigger(plan, queue)
            ),
        )


def _find_trigger(plan: QueuesPlan, queue: QueuePlan) -> str:
    """Replace a consumer whose dead-letter queue was changed outside Pulumi, because the provider never reads it.

    The message of the live upload keeps the trigger until the next upload. The trigger is never null, because the
    engine does not compare a new trigger with a missing one.
    """
    title = DEAD_LETTER_QUEUE.replace("_", " ")
    is_changed = queue.dead_letter_queue is not None and plan.message is not None and title in plan.message
    return str(plan.message) if is_changed else _UNCHANGED
