"""`cloudflare.QueueConsumer`.

Source: the Terraform provider (5.19). Its schema says that a refresh does not read the dead-letter queue. It copies the
API's `script` to `script_name`. Assumption: the resource's id is the consumer's.
"""

from collections.abc import Mapping
from typing import Any

from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props, rename_to_camel, to_snake
from rehearsal.pulumi_stand_ins.resource import Found, RefusedByPluginError, Resource
from rehearsal.pulumi_stand_ins.resources.queue import keep_declared


class QueueConsumer(Resource):
    """A consumer of a queue. A refresh reads its worker and its settings, and never its dead-letter queue."""

    token = "cloudflare:index/queueConsumer:QueueConsumer"  # noqa: S105  # a type token is no secret
    inputs = ("queueId", "type", "accountId", "deadLetterQueue", "scriptName", "settings")
    identity = frozenset({"accountId", "queueId"})
    kept = frozenset({"scriptName", "settings"})
    computed = ("consumerId", "createdOn", "queueName")

    def find_changes(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
        """Compare only the declared settings."""
        return super().find_changes(keep_declared(old, new), new)

    async def create(self, api: ApiClient, new: Props) -> Found:
        """POST the consumer. A second one of a queue is refused with 11004."""
        shown = await api.fetch_result("POST", _path(new), json=_make_body(new))
        return Found(id=shown["consumer_id"], outputs=_outputs(new, shown))

    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:
        """PUT worker, dead-letter queue and settings."""
        return _outputs(new, await api.fetch_result("PUT", _path(new, found.id), json=_make_body(new)))

    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Read all properties except the dead-letter queue. A consumer of an absent queue is absent."""
        shown = await api.find_result("GET", _path(found.outputs, found.id))
        return None if shown is None else Found(id=found.id, outputs=_outputs(found.outputs, shown))

    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:  # noqa: ARG002  # no request is needed
        """Refuse, because the official plugin has no import of this type."""
        raise RefusedByPluginError(f'cloudflare_queue_consumer does not support import ("{import_id}")')

    async def delete(self, api: ApiClient, found: Found) -> None:
        """DELETE the consumer. A missing one is an error."""
        await api.fetch_result("DELETE", _path(found.outputs, found.id))


def _path(props: Mapping[str, Any], consumer_id: str = "") -> str:
    below = f"/{consumer_id}" if consumer_id else ""
    return f"accounts/{props['accountId']}/queues/{props['queueId']}/consumers{below}"


def _make_body(props: Mapping[str, Any]) -> Props:
    names = ("type", "scriptName", "deadLetterQueue", "settings")
    body: Props = to_snake({name: props[name] for name in names if props.get(name) is not None})
    return body


def _outputs(props: Mapping[str, Any], shown: Mapping[str, Any]) -> Props:
    """Merge the inputs and the live values, with the dead-letter queue of the inputs."""
    live: Props = rename_to_camel(shown)
    script = live.pop("script", None) or props.get("scriptName")
    unread = {name: props[name] for name in ("accountId", "queueId", "deadLetterQueue") if name in props}
    live.pop("deadLetterQueue", None)
    return {**live, **({} if script is None else {"scriptName": script}), **unread}
