"""The provider of the plugin, which passes the engine's requests to the resource types."""

import os
import re
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from pulumi.provider.experimental import provider

from rehearsal.pulumi_stand_ins import STAND_IN
from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props, unwrap_map, wrap_map
from rehearsal.pulumi_stand_ins.resource import (
    CANNOT_BE_DESTROYED,
    NOT_DELETED,
    Found,
    RefusedByPluginError,
    Resource,
    find_resources,
)

Notify = Callable[[str, str, str], None]  # severity ("info", "warning" or "error"), urn or empty, message
_TOKEN = re.compile(r"[0-9A-Za-z_-]{40,80}")


class CloudflareProvider(provider.Provider):
    """A provider that sees and shows only the properties of the official plugin, and calls only this machine.

    As the official one, it takes no secrets from the engine. The engine then treats every value with a secret part as
    secret, for example the whole list of bindings, and hides it in diffs and state.
    """

    def __init__(self, *, notify: Notify, api: ApiClient | None = None) -> None:
        self._notify = notify
        self._api = api
        self._types = find_resources()

    async def configure(self, request: provider.ConfigureRequest) -> provider.ConfigureResponse:
        """Read address and token from the stack's configuration or the environment. Raises RefusedByPluginError.

        STAND_IN_RETRY_PAUSE is the first pause between retries, in seconds.
        """
        configured = unwrap_map(request.args)
        base = configured.get("baseUrl") or os.environ.get("CLOUDFLARE_BASE_URL", "")
        token = configured.get("apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN", "")
        if not _is_local(base):
            raise RefusedByPluginError(
                f"{STAND_IN}. It calls only this machine, so cloudflare:baseUrl must be a loopback address"
            )
        if not _TOKEN.fullmatch(token):
            raise RefusedByPluginError(
                "API tokens must be 40 to 80 characters long and only contain a-z, A-Z, 0-9, hyphens and underscores"
            )
        self._api = ApiClient(base=base, token=token, pause=float(os.environ.get("STAND_IN_RETRY_PAUSE", "0.02")))
        self._notify("info", "", STAND_IN)
        return provider.ConfigureResponse(supports_preview=True)

    async def check(self, request: provider.CheckRequest) -> provider.CheckResponse:
        """Return the unchanged inputs, and one failure per invalid property."""
        invalid = self._find_type(request.type).check(unwrap_map(request.new_inputs))
        failures = [provider.CheckFailure(property=name, reason=reason) for name, reason in invalid.items()]
        return provider.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def diff(self, request: provider.DiffRequest) -> provider.DiffResponse:
        """Name the changed properties and those that the API may compute, as the official plugin does. No details."""
        kind = self._find_type(request.type)
        ignored = {path.split(".")[0].split("[")[0] for path in request.ignore_changes}
        changed = [
            key
            for key in kind.find_changes(unwrap_map(request.old_state), unwrap_map(request.new_inputs))
            if key not in ignored
        ]
        replaces = [key for key in changed if key in kind.identity]
        named = sorted({*changed, *kind.list_unknown(unwrap_map(request.new_inputs))}) if changed else []
        return provider.DiffResponse(changes=bool(changed), replaces=replaces, diffs=named)

    async def create(self, request: provider.CreateRequest) -> provider.CreateResponse:
        """Create the resource, or plan it in a preview, where the id and the computed properties are unknown."""
        kind, new = self._find_type(request.type), unwrap_map(request.properties)
        if not kind.destroyable:
            self._notify("warning", request.urn, CANNOT_BE_DESTROYED)
        if request.preview:
            return provider.CreateResponse(properties=wrap_map(kind.plan({}, new)))
        found = await kind.create(self._require_api(), new)
        return provider.CreateResponse(resource_id=found.id, properties=wrap_map(found.outputs))

    async def update(self, request: provider.UpdateRequest) -> provider.UpdateResponse:
        """Update the resource, or plan the update in a preview."""
        kind, old, new = self._find_type(request.type), unwrap_map(request.olds), unwrap_map(request.news)
        if request.preview:
            return provider.UpdateResponse(properties=wrap_map(kind.plan(old, new)))
        outputs = await kind.update(self._require_api(), Found(id=request.resource_id, outputs=old), new)
        return provider.UpdateResponse(properties=wrap_map(outputs))

    async def read(self, request: provider.ReadRequest) -> provider.ReadResponse:
        """Refresh a resource of the state, or find one to import. The response has no id if it does not exist."""
        kind, state = self._find_type(request.type), unwrap_map(request.properties)
        if state:
            found = await kind.read(self._require_api(), Found(id=request.resource_id, outputs=state))
            names = set(request.inputs)
        else:
            found = await kind.adopt(self._require_api(), request.resource_id)
            names = set(kind.inputs)
        if found is None:
            return provider.ReadResponse()
        inputs = kind.select_inputs(found.outputs)
        return provider.ReadResponse(found.id, wrap_map(found.outputs), wrap_map(_select(names, inputs)))

    async def delete(self, request: provider.DeleteRequest) -> None:
        """Delete the resource, or warn if its type cannot be deleted."""
        kind = self._find_type(request.type)
        if not kind.destroyable:
            self._notify("warning", request.urn, NOT_DELETED)
        await kind.delete(self._require_api(), Found(id=request.resource_id, outputs=unwrap_map(request.properties)))

    def _find_type(self, qualified: str) -> Resource:
        # In a URN, the types of a component's children follow the type of the component.
        token = qualified.rpartition("$")[2]
        if token not in self._types:
            raise RefusedByPluginError(
                f"the {STAND_IN}. It has no {token}. Add it in rehearsal/pulumi_stand_ins/resources"
            )
        return self._types[token]

    def _require_api(self) -> ApiClient:
        if self._api is None:
            raise RefusedByPluginError("the provider is not configured")
        return self._api


def _is_local(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _select(names: set[str], props: Props) -> Props:
    return {key: value for key, value in props.items() if key in names}
