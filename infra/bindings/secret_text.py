"""The binding kind ``secret_text``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import pulumi
import pulumi_cloudflare as cloudflare

from contract import manifest
from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretText(Binding):
    """A secret: its text is uploaded as a Pulumi secret, and only its name is promised.

    Without a text the live one is kept: nobody can read it, so that only Cloudflare can carry it over.
    """

    type: ClassVar[str] = "secret_text"
    text: str | None = field(default=None, repr=False)

    def upload(self) -> cloudflare.WorkersScriptBindingArgs:
        """Return what the provider sends, the text marked secret."""
        if self.text is None:
            return cloudflare.WorkersScriptBindingArgs(name=self.name, type="inherit")
        return cloudflare.WorkersScriptBindingArgs(name=self.name, type=self.type, text=pulumi.Output.secret(self.text))

    def promise(self) -> manifest.Binding:
        """Return the name alone."""
        return manifest.Binding(name=self.name, type=self.type)
