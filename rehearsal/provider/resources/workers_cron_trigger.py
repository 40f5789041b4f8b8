"""`cloudflare.WorkersCronTrigger`: a worker's schedules, sent when they change here and never looked at again."""

from collections.abc import Mapping
from typing import Any

from rehearsal.provider.api import Api
from rehearsal.provider.resource import Found, Resource, import_parts
from rehearsal.provider.values import Props


class WorkersCronTrigger(Resource):
    """The crons of one script; a refresh does not see them, a destroy leaves them."""

    token = "cloudflare:index/workersCronTrigger:WorkersCronTrigger"  # noqa: S105  # a type token is no secret
    inputs = ("scriptName", "accountId", "schedules")
    identity = frozenset({"scriptName", "accountId"})
    destroyable = False

    async def create(self, api: Api, new: Props) -> Found:
        """PUT all schedules, as a bare array."""
        return Found(id=new["scriptName"], outputs=await self.update(api, Found(id="", outputs={}), new))

    async def update(self, api: Api, found: Found, new: Props) -> Props:  # noqa: ARG002  # it is sent whole
        """PUT all schedules again."""
        await api.result("PUT", _path(new), json=[{"cron": each["cron"]} for each in new["schedules"]])
        return new

    async def read(self, api: Api, found: Found) -> Found | None:
        """See only whether the script still is there."""
        live = await api.found("GET", _path(found.outputs))
        return None if live is None else found

    async def adopt(self, api: Api, import_id: str) -> Found | None:
        """Return the live schedules."""
        account, name = import_parts(import_id, "<account_id>/<script_name>")
        props: Props = {"accountId": account, "scriptName": name}
        live = await api.found("GET", _path(props))
        schedules = [{"cron": each["cron"]} for each in (live or {}).get("schedules", [])]
        return None if live is None else Found(id=name, outputs=props | {"schedules": schedules})

    async def delete(self, api: Api, found: Found) -> None:
        """Leave the schedules: the API has no such request."""


def _path(props: Mapping[str, Any]) -> str:
    return f"accounts/{props['accountId']}/workers/scripts/{props['scriptName']}/schedules"
