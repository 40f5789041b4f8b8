"""The provider behind the plugin: the engine's requests, answered by the kinds of resource."""

import os
import re
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from pulumi.provider.experimental import provider

from rehearsal.provider import STAND_IN
from rehearsal.provider.api import Api
from rehearsal.provider.resource import (
    CANNOT_BE_DESTROYED,
    LEAVES_IT_BEHIND,
    Found,
    RefusedError,
    Resource,
    find_resources,
)
from rehearsal.provider.values import Props, plain_map, wrap_map

Notify = Callable[[str, str, str], None]  # severity ("info" or "warning"), urn or empty, message
_TOKEN = re.compile(r"[0-9A-Za-z_-]{40,80}")


class StandIn(provider.Provider):
    """As blind and as opaque as the official plugin, and for addresses on this machine only.

    Like the official one it takes no secrets from the engine: the engine then marks whatever a secret input touches,
    a whole list of bindings for instance, and keeps it out of diffs and state.
    """

    def __init__(self, *, notify: Notify, api: Api | None = None) -> None:
        self._notify = notify
        self._api = api
        self._kinds = find_resources()

    async def configure(self, request: provider.ConfigureRequest) -> provider.ConfigureResponse:
        """Take address and token from the stack's configuration or the environment; RefusedError when unusable.

        STAND_IN_RETRY_PAUSE is the first pause between retries, in seconds.
        """
        told = plain_map(request.args)
        base = told.get("baseUrl") or os.environ.get("CLOUDFLARE_BASE_URL", "")
        token = told.get("apiToken") or os.environ.get("CLOUDFLARE_API_TOKEN", "")
        if not _is_local(base):
            raise RefusedError(
                f"{STAND_IN}; it calls nothing but this machine, so cloudflare:baseUrl must be a loopback address"
            )
        if not _TOKEN.fullmatch(token):
            raise RefusedError(
                "API tokens must be 40 to 80 characters long and only contain a-z, A-Z, 0-9, hyphens and underscores"
            )
        self._api = Api(base=base, token=token, pause=float(os.environ.get("STAND_IN_RETRY_PAUSE", "0.02")))
        self._notify("info", "", STAND_IN)
        return provider.ConfigureResponse(supports_preview=True)

    async def check(self, request: provider.CheckRequest) -> provider.CheckResponse:
        """Return the inputs unchanged, or one failure a bad property."""
        wrong = self._kind(request.type).check(plain_map(request.new_inputs))
        failures = [provider.CheckFailure(property=name, reason=reason) for name, reason in wrong.items()]
        return provider.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def diff(self, request: provider.DiffRequest) -> provider.DiffResponse:
        """Name the changed properties and, like the official plugin, all computed ones beside them; no details."""
        kind = self._kind(request.type)
        ignored = {path.split(".")[0].split("[")[0] for path in request.ignore_changes}
        changed = [
            key
            for key in kind.changed(plain_map(request.old_state), plain_map(request.new_inputs))
            if key not in ignored
        ]
        replaces = [key for key in changed if key in kind.identity]
        return provider.DiffResponse(
            changes=bool(changed), replaces=replaces, diffs=[*changed, *kind.computed] if changed else []
        )

    async def create(self, request: provider.CreateRequest) -> provider.CreateResponse:
        """Create it, or foretell it: in a preview the id and what the API computes are unknown."""
        kind, new = self._kind(request.type), plain_map(request.properties)
        if not kind.destroyable:
            self._notify("warning", request.urn, CANNOT_BE_DESTROYED)
        if request.preview:
            return provider.CreateResponse(properties=wrap_map(kind.planned({}, new)))
        found = await kind.create(self._live(), new)
        return provider.CreateResponse(resource_id=found.id, properties=wrap_map(found.outputs))

    async def update(self, request: provider.UpdateRequest) -> provider.UpdateResponse:
        """Update it, or foretell it."""
        kind, old, new = self._kind(request.type), plain_map(request.olds), plain_map(request.news)
        if request.preview:
            return provider.UpdateResponse(properties=wrap_map(kind.planned(old, new)))
        outputs = await kind.update(self._live(), Found(id=request.resource_id, outputs=old), new)
        return provider.UpdateResponse(properties=wrap_map(outputs))

    async def read(self, request: provider.ReadRequest) -> provider.ReadResponse:
        """Refresh what the state holds, or look up what is to be imported; no id when it does not exist."""
        kind, state = self._kind(request.type), plain_map(request.properties)
        if state:
            found = await kind.read(self._live(), Found(id=request.resource_id, outputs=state))
            names = set(request.inputs)
        else:
            found = await kind.adopt(self._live(), request.resource_id)
            names = set(kind.inputs)
        if found is None:
            return provider.ReadResponse()
        inputs = _only(names, found.outputs)
        return provider.ReadResponse(found.id, wrap_map(found.outputs), wrap_map(inputs))

    async def delete(self, request: provider.DeleteRequest) -> None:
        """Delete it; what cannot be deleted is left with a warning."""
        kind = self._kind(request.type)
        if not kind.destroyable:
            self._notify("warning", request.urn, LEAVES_IT_BEHIND)
        await kind.delete(self._live(), Found(id=request.resource_id, outputs=plain_map(request.properties)))

    def _kind(self, qualified: str) -> Resource:
        token = qualified.rpartition("$")[2]  # in a URN the types of a component's children follow the component's
        if token not in self._kinds:
            raise RefusedError(
                f"the {STAND_IN}; it has no {token}, and rehearsal/provider/resources is where to add it"
            )
        return self._kinds[token]

    def _live(self) -> Api:
        if self._api is None:
            raise RefusedError("the provider is not configured")
        return self._api


def _is_local(base: str) -> bool:
    host = urlsplit(base).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _only(names: set[str], props: Props) -> Props:
    return {key: value for key, value in props.items() if key in names}
