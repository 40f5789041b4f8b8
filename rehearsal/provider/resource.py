"""What every kind of resource has in common; a kind is one module in `resources/`, found by walking that folder."""

import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from rehearsal.provider import resources
from rehearsal.provider.api import Api
from rehearsal.provider.values import UNKNOWN, Props, same

LEAVES_IT_BEHIND = (
    "Resource Destruction Considerations: Applying this resource destruction will remove the resource from the "
    "Terraform state but will not change it in the API. If you would like to destroy or reset this resource in the "
    "API, refer to the documentation for how to do it manually."
)
CANNOT_BE_DESTROYED = (
    "Resource Destruction Considerations: This resource cannot be destroyed from Terraform. If you create this "
    "resource, it will be present in the API until manually deleted."
)


class RefusedError(Exception):
    """What the official plugin would refuse, in one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A resource as it is: its id and all its outputs, inputs included."""

    id: str
    outputs: Props


class Resource(ABC):
    """One kind of resource, between Pulumi's camelCase properties and the API."""

    token: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    identity: ClassVar[frozenset[str]] = frozenset({"accountId"})  # a change of these is a replacement
    kept: ClassVar[frozenset[str]] = frozenset()  # left out of a program, these keep the value they have
    computed: ClassVar[tuple[str, ...]] = ()
    destroyable: ClassVar[bool] = True

    def check(self, new: Mapping[str, Any]) -> dict[str, str]:
        """Return what is wrong with a program's inputs: property -> reason."""
        return {} if "accountId" in new else {"accountId": 'The argument "account_id" is required'}

    def changed(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
        """Return the inputs that differ from the state; what is unknown differs."""
        left_out = (key for key in self.inputs if key not in new and key not in self.kept and old.get(key) is not None)
        differ = (key for key in self.inputs if key in new and not same(old.get(key), new[key]))
        return sorted({*left_out, *differ})

    def planned(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> Props:
        """Return the outputs as a preview knows them: inputs as they are, what the API computes as unknown."""
        kept = {key: old[key] for key in self.kept if key in old}
        unknown = dict.fromkeys((*self.computed, *self.kept), UNKNOWN)
        return {**unknown, **kept, **new}

    @abstractmethod
    async def create(self, api: Api, new: Props) -> Found:
        """Make it."""

    @abstractmethod
    async def read(self, api: Api, found: Found) -> Found | None:
        """Return what a refresh sees of it, with the official plugin's blind spots, or None when it is gone."""

    @abstractmethod
    async def adopt(self, api: Api, import_id: str) -> Found | None:
        """Return what exists under an import id, or None when nothing does."""

    @abstractmethod
    async def update(self, api: Api, found: Found, new: Props) -> Props:
        """Change it to the new inputs and return its outputs."""

    @abstractmethod
    async def delete(self, api: Api, found: Found) -> None:
        """Delete it; a kind that is not destroyable leaves it as it is."""


def import_parts(import_id: str, shape: str) -> list[str]:
    """Split an import id by its documented shape, `<account_id>/<script_name>`; RefusedError when it does not fit."""
    parts = import_id.split("/")
    if len(parts) != shape.count("/") + 1 or not all(parts):
        raise RefusedError(f'invalid ID: expected "{shape}", got "{import_id}"')
    return parts


def find_resources() -> dict[str, Resource]:
    """Return every kind of resource by its Pulumi type token."""
    names = (module.name for module in pkgutil.iter_modules(resources.__path__, resources.__name__ + "."))
    modules = (importlib.import_module(name) for name in names)
    kinds = (kind for module in modules for kind in vars(module).values() if _is_kind(kind, module.__name__))
    return {kind.token: kind() for kind in kinds}


def _is_kind(candidate: Any, module: str) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, Resource) and candidate.__module__ == module
