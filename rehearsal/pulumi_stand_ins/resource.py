"""The common base of the resource types. Each type is one module in `resources/`, and nothing else lists them."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pulumi.runtime.rpc import UNKNOWN

from rehearsal.pulumi_stand_ins import resources
from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props, are_equal

NOT_DELETED = (
    "Resource Destruction Considerations: Applying this resource destruction will remove the resource from the "
    "Terraform state but will not change it in the API. If you would like to destroy or reset this resource in the "
    "API, refer to the documentation for how to do it manually."
)
CANNOT_BE_DESTROYED = (
    "Resource Destruction Considerations: This resource cannot be destroyed from Terraform. If you create this "
    "resource, it will be present in the API until manually deleted."
)


class RefusedByPluginError(Exception):
    """A request that the official plugin refuses. The message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A live resource: its id and all outputs, which include its inputs."""

    id: str
    outputs: Props


class Resource(ABC):
    """One type of resource, between Pulumi's camelCase properties and the API."""

    token: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    name: ClassVar[str] = "scriptName"  # the input that is the id
    identity: ClassVar[frozenset[str]] = frozenset({"accountId"})  # a change of these replaces the resource
    kept: ClassVar[frozenset[str]] = frozenset()  # these keep their value if the program leaves them out
    computed: ClassVar[tuple[str, ...]] = ()
    left_to_api: ClassVar[tuple[str, ...]] = ()  # inputs that are unknown in every update of a program without them
    destroyable: ClassVar[bool] = True

    def check(self, new: Mapping[str, Any]) -> dict[str, str]:
        """Return the invalid inputs of a program: property -> reason."""
        return {} if "accountId" in new else {"accountId": 'The argument "account_id" is required'}

    def select_inputs(self, outputs: Mapping[str, Any]) -> Props:
        """Return the inputs in these outputs, without the fields that the API adds to them."""
        return {key: outputs[key] for key in self.inputs if key in outputs}

    def list_unknown(self, new: Mapping[str, Any]) -> list[str]:
        """Return the properties that an update may change without the program."""
        return [*self.computed, *(name for name in self.left_to_api if name not in new)]

    def find_changes(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
        """Return the inputs that differ from the state. An unknown value differs."""
        old = self.select_inputs(old)
        left_out = (key for key in self.inputs if key not in new and key not in self.kept and old.get(key) is not None)
        differ = (key for key in self.inputs if key in new and not are_equal(old.get(key), new[key]))
        return sorted({*left_out, *differ})

    def plan(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Props:
        """Return the outputs in a preview: the inputs, and unknown values for the properties that the API computes."""
        kept = {key: old[key] for key in self.kept if key in old}
        unknown = dict.fromkeys((*self.computed, *self.kept), UNKNOWN)
        return {**unknown, **kept, **new}

    async def create(self, api: ApiClient, new: Props) -> Found:
        """Create the resource, by the request of an update where a type has no other."""
        return Found(id=new[self.name], outputs=await self.update(api, Found(id="", outputs={}), new))

    @abstractmethod
    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Return the resource as a refresh by the official plugin reads it, or None if it does not exist."""

    @abstractmethod
    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:
        """Return the resource with an import id, or None if it does not exist."""

    @abstractmethod
    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:
        """Change the resource to the new inputs and return its outputs."""

    @abstractmethod
    async def delete(self, api: ApiClient, found: Found) -> None:
        """Delete the resource. A type that is not destroyable leaves it unchanged."""


def make_script_path(props: Mapping[str, Any], below: str = "") -> str:
    """Return the API's path of a script, or of something ``below`` it."""
    return f"accounts/{props['accountId']}/workers/scripts/{props['scriptName']}{below}"


def make_bucket_headers(props: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that name the jurisdiction of a bucket."""
    return {"cf-r2-jurisdiction": props.get("jurisdiction", "default")}


def split_import_id(import_id: str, shape: str) -> list[str]:
    """Split an import id of the documented shape, such as `<account_id>/<script_name>`. Raises RefusedByPluginError."""
    parts = import_id.split("/")
    if len(parts) != shape.count("/") + 1 or not all(parts):
        raise RefusedByPluginError(f'invalid ID: expected "{shape}", got "{import_id}"')
    return parts


def find_resources() -> dict[str, Resource]:
    """Return every type of resource by its Pulumi type token."""
    names = (module.name for module in pkgutil.iter_modules(resources.__path__, resources.__name__ + "."))
    modules = (importlib.import_module(name) for name in names)
    types = (each for module in modules for each in vars(module).values() if _is_resource_type(each, module.__name__))
    return {each.token: each() for each in types}


def _is_resource_type(candidate: Any, module: str) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, Resource) and candidate.__module__ == module
