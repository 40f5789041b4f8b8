"""`cloudflare.Queue`.

Source: the Terraform provider (5.19). Its schema says that a refresh does not read the name. Assumption: a refresh
removes an absent queue from the state, as other resources.
"""

from collections.abc import Mapping
from typing import Any

from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props, drop_none, rename_to_camel, to_snake
from rehearsal.pulumi_stand_ins.resource import Found, Resource, split_import_id


class Queue(Resource):
    """A queue. A new name renames it. A refresh reads its settings, and a setting that is left out is not compared."""

    token = "cloudflare:index/queue:Queue"  # noqa: S105  # a type token is no secret
    inputs = ("queueName", "accountId", "settings")
    kept = frozenset({"settings"})
    computed = ("consumers", "consumersTotalCount", "createdOn", "modifiedOn", "producers", "producersTotalCount",
                "queueId")  # fmt: skip

    def find_changes(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
        """Compare only the declared settings."""
        return super().find_changes(keep_declared(old, new), new)

    async def create(self, api: ApiClient, new: Props) -> Found:
        """POST the queue. An existing name is refused with 11009."""
        shown = await api.fetch_result("POST", _path(new), json=_make_body(new))
        return Found(id=shown["queue_id"], outputs=_outputs(new, shown))

    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:
        """PUT name and settings."""
        return _outputs(new, await api.fetch_result("PUT", _path(new, found.id), json=_make_body(new)))

    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Read all properties except the name."""
        shown = await api.find_result("GET", _path(found.outputs, found.id))
        return None if shown is None else Found(id=found.id, outputs=_outputs(found.outputs, shown))

    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:
        """Return an existing queue."""
        account, queue_id = split_import_id(import_id, "<account_id>/<queue_id>")
        shown = await api.find_result("GET", _path({"accountId": account}, queue_id))
        if shown is None:
            return None
        return Found(id=queue_id, outputs=_outputs({"accountId": account, "queueName": shown["queue_name"]}, shown))

    async def delete(self, api: ApiClient, found: Found) -> None:
        """DELETE the queue. A missing one, and one that a worker binds, is an error."""
        await api.fetch_result("DELETE", _path(found.outputs, found.id))


def keep_declared(old: Mapping[str, Any], new: Mapping[str, Any]) -> Props:
    """Return the state with only the settings that the program declares, because the API computes the others."""
    declared, live = new.get("settings"), old.get("settings")
    if not isinstance(declared, Mapping) or not isinstance(live, Mapping):
        return dict(old)
    return {**old, "settings": {name: value for name, value in live.items() if name in declared}}


def _path(props: Mapping[str, Any], queue_id: str = "") -> str:
    return f"accounts/{props['accountId']}/queues" + (f"/{queue_id}" if queue_id else "")


def _make_body(props: Mapping[str, Any]) -> Props:
    body = {"queue_name": props["queueName"], "settings": to_snake(props.get("settings"))}
    return {name: value for name, value in body.items() if value is not None}


def _outputs(props: Mapping[str, Any], shown: Mapping[str, Any]) -> Props:
    live: Props = rename_to_camel(drop_none(shown))
    return {"accountId": props["accountId"], **live, "queueName": props["queueName"]}
