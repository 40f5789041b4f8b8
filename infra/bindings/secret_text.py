"""The binding kind ``secret_text``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from contract.manifest import DeclaredBinding
from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretText(Binding):
    """A secret. The manifest holds its name only.

    Without a text the upload inherits the live secret, because no API returns its value.
    """

    type: ClassVar[str] = "secret_text"
    text: str | None = field(default=None, repr=False)

    def upload(self) -> Mapping[str, str]:
        """Return the fields that Cloudflare receives, the secret text among them."""
        if self.text is None:
            return {"name": self.name, "type": "inherit"}
        return {"name": self.name, "type": self.type, "text": self.text}

    def declare(self) -> DeclaredBinding:
        """Return the name and the kind."""
        return DeclaredBinding(name=self.name, type=self.type)
