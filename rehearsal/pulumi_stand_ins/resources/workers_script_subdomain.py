"""`cloudflare.WorkersScriptSubdomain`: whether a worker answers on workers.dev."""

from collections.abc import Mapping
from typing import Any

from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props, to_snake
from rehearsal.pulumi_stand_ins.resource import Found, Resource, make_script_path, split_import_id


class WorkersScriptSubdomain(Resource):
    """The workers.dev switch of one script. A refresh reads it."""

    token = "cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain"  # noqa: S105  # a type token
    name = "accountId"  # the id of every switch, in the official plugin
    inputs = ("scriptName", "accountId", "enabled", "previewsEnabled")
    identity = frozenset({"scriptName", "accountId"})
    kept = frozenset({"previewsEnabled"})

    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:  # noqa: ARG002  # all values are sent
        """POST the switch."""
        body = to_snake({key: new[key] for key in ("enabled", "previewsEnabled") if key in new})
        return new | _select_switches(await api.fetch_result("POST", make_script_path(new, "/subdomain"), json=body))

    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Read both live switches."""
        live = await api.find_result("GET", make_script_path(found.outputs, "/subdomain"))
        return None if live is None else Found(id=found.id, outputs=found.outputs | _select_switches(live))

    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:
        """Return the switch of an existing script."""
        account, name = split_import_id(import_id, "<account_id>/<script_name>")
        return await self.read(api, Found(id=account, outputs={"accountId": account, "scriptName": name}))

    async def delete(self, api: ApiClient, found: Found) -> None:
        """DELETE the switch."""
        await api.fetch_result("DELETE", make_script_path(found.outputs, "/subdomain"))


def _select_switches(shown: Mapping[str, Any]) -> Props:
    names = {"enabled": "enabled", "previewsEnabled": "previews_enabled"}
    return {ours: shown[theirs] for ours, theirs in names.items() if theirs in shown}
