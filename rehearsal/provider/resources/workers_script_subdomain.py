"""`cloudflare.WorkersScriptSubdomain`: whether a worker answers on workers.dev."""

from collections.abc import Mapping
from typing import Any

from rehearsal.provider.api import Api
from rehearsal.provider.resource import Found, Resource, import_parts
from rehearsal.provider.values import Props, snake


class WorkersScriptSubdomain(Resource):
    """The switch of one script; a refresh sees both of its positions."""

    token = "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain"  # noqa: S105  # a type token
    inputs = ("scriptName", "accountId", "enabled", "previewsEnabled")
    identity = frozenset({"scriptName", "accountId"})
    kept = frozenset({"previewsEnabled"})

    async def create(self, api: Api, new: Props) -> Found:
        """POST the switch."""
        return Found(id=new["scriptName"], outputs=await self.update(api, Found(id="", outputs={}), new))

    async def update(self, api: Api, found: Found, new: Props) -> Props:  # noqa: ARG002  # it is sent whole
        """POST the switch again."""
        body = snake({key: new[key] for key in ("enabled", "previewsEnabled") if key in new})
        return new | _switches(await api.result("POST", _path(new), json=body))

    async def read(self, api: Api, found: Found) -> Found | None:
        """See both switches as they are."""
        live = await api.found("GET", _path(found.outputs))
        return None if live is None else Found(id=found.id, outputs=found.outputs | _switches(live))

    async def adopt(self, api: Api, import_id: str) -> Found | None:
        """Return the switch of an existing script."""
        account, name = import_parts(import_id, "<account_id>/<script_name>")
        return await self.read(api, Found(id=name, outputs={"accountId": account, "scriptName": name}))

    async def delete(self, api: Api, found: Found) -> None:
        """DELETE the switch."""
        await api.result("DELETE", _path(found.outputs))


def _path(props: Mapping[str, Any]) -> str:
    return f"accounts/{props['accountId']}/workers/scripts/{props['scriptName']}/subdomain"


def _switches(told: Mapping[str, Any]) -> Props:
    names = {"enabled": "enabled", "previewsEnabled": "previews_enabled"}
    return {ours: told[theirs] for ours, theirs in names.items() if theirs in told}
