"""The declared workers, one module with a function ``declare`` each, their bucket, and their manifest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contract.manifest import DeclaredQueue, RelatedWorkers
from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerDeclaration:
    """A worker that the settings declare.

    ``name`` is the name of the resource and of the folder in workers/, ``script`` the name at Cloudflare. ``version``
    is the program's own. ``bindings`` are in the order of the upload, ``reserved_names`` those that no other binding
    may have. ``advice`` is the next step where a worker of this name exists that the stack never uploaded, and
    ``advice_on_stack`` where another stack of this program deployed it. ``setting`` chooses another name.
    ``cpu_ms`` is the CPU time of one event, at most. ``queue`` is the queue that the worker consumes.
    """

    name: str
    script: str
    url: str
    service: str
    version: str
    bindings: tuple[Binding, ...]
    reserved_names: tuple[str, ...]
    schedules: tuple[str, ...]
    related: RelatedWorkers
    adopt: bool
    adopts_other_stack: bool
    cpu_ms: int
    queue: DeclaredQueue | None
    setting: str
    advice: str
    advice_on_stack: str

    @property
    def source(self) -> Path:
        """Return the module to upload, relative to the program."""
        return Path("workers", "dist", f"{self.name}.js")
