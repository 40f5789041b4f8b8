"""`cloudflare.WorkersCronTrigger`: a worker's schedules, written when the program changes them and never read."""

from collections.abc import Mapping
from typing import Any

from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props, rename_to_camel
from rehearsal.pulumi_stand_ins.resource import Found, Resource, make_script_path, split_import_id


class WorkersCronTrigger(Resource):
    """The crons of one script. A refresh does not read them, and a destroy leaves them."""

    token = "cloudflare:index/workersCronTrigger:WorkersCronTrigger"  # noqa: S105  # a type token is no secret
    inputs = ("scriptName", "accountId", "schedules")
    identity = frozenset({"scriptName", "accountId"})
    destroyable = False

    def select_inputs(self, outputs: Mapping[str, Any]) -> Props:
        """Return the inputs, without the times of the schedules."""
        inputs = super().select_inputs(outputs)
        return inputs | {"schedules": _select_crons(outputs)} if "schedules" in inputs else inputs

    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:  # noqa: ARG002  # all schedules are sent
        """PUT all schedules, as a bare array. The outputs have the times that the API adds to each."""
        live = await api.fetch_result("PUT", make_script_path(new, "/schedules"), json=_select_crons(new))
        return new | {"schedules": rename_to_camel(live["schedules"])}

    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Read only whether the script exists."""
        live = await api.find_result("GET", make_script_path(found.outputs, "/schedules"))
        return None if live is None else found

    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:
        """Return the live schedules."""
        account, name = split_import_id(import_id, "<account_id>/<script_name>")
        props: Props = {"accountId": account, "scriptName": name}
        live = await api.find_result("GET", make_script_path(props, "/schedules"))
        schedules = rename_to_camel((live or {}).get("schedules", []))
        return None if live is None else Found(id=name, outputs=props | {"schedules": schedules})

    async def delete(self, api: ApiClient, found: Found) -> None:
        """Leave the schedules, because the API cannot delete them."""


def _select_crons(props: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"cron": each["cron"]} for each in props["schedules"]]
