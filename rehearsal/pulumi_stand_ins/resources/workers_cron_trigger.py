"""`cloudflare.WorkersCronTrigger`: a worker's schedules, written when the program changes them and never read."""

from collections.abc import Mapping
from typing import Any

from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props
from rehearsal.pulumi_stand_ins.resource import Found, Resource, split_import_id


class WorkersCronTrigger(Resource):
    """The crons of one script. A refresh does not read them, and a destroy leaves them."""

    token = "cloudflare:index/workersCronTrigger:WorkersCronTrigger"  # noqa: S105  # a type token is no secret
    inputs = ("scriptName", "accountId", "schedules")
    identity = frozenset({"scriptName", "accountId"})
    destroyable = False

    async def create(self, api: ApiClient, new: Props) -> Found:
        """PUT all schedules, as a bare array."""
        return Found(id=new["scriptName"], outputs=await self.update(api, Found(id="", outputs={}), new))

    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:  # noqa: ARG002  # all schedules are sent
        """PUT all schedules again."""
        await api.fetch_result("PUT", _path(new), json=[{"cron": each["cron"]} for each in new["schedules"]])
        return new

    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Read only whether the script exists."""
        live = await api.find_result("GET", _path(found.outputs))
        return None if live is None else found

    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:
        """Return the live schedules."""
        account, name = split_import_id(import_id, "<account_id>/<script_name>")
        props: Props = {"accountId": account, "scriptName": name}
        live = await api.find_result("GET", _path(props))
        schedules = [{"cron": each["cron"]} for each in (live or {}).get("schedules", [])]
        return None if live is None else Found(id=name, outputs=props | {"schedules": schedules})

    async def delete(self, api: ApiClient, found: Found) -> None:
        """Leave the schedules, because the API cannot delete them."""


def _path(props: Mapping[str, Any]) -> str:
    return f"accounts/{props['accountId']}/workers/scripts/{props['scriptName']}/schedules"
