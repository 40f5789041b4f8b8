"""The whole configuration of a stack, validated, as one frozen object."""

from __future__ import annotations

from dataclasses import dataclass, field

from contract.manifest.sites import DeclaredSite
from contract.setting_rules import DAYS_QUEUE, DEAD_LETTER_QUEUE
from infra.bindings import Binding


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a stack.

    ``query_worker_name`` is None where the stack deploys no query worker. ``query_url`` is None where there is none.
    ``derived_names`` are the settings of names that follow from the stack's name, because they are not set.
    ``adopts_other_stack`` allows to adopt a worker that another stack of this program deployed. Then ``adopt`` is true.
    ``not_secret`` are names of bindings and settings with a public value that looks like a secret.
    ``warnings`` are lines for every preview.
    """

    project: str
    stack: str
    account_id: str
    ace_api_key: str = field(repr=False)
    key_expiry_warning_days: int
    bucket: str
    worker_name: str
    derived_names: frozenset[str]
    worker_url: str
    sites: tuple[DeclaredSite, ...]
    ace_base_url: str
    page_size: int
    key_template: str
    schedule: str | None
    settle_hours: int
    recheck_days: int
    parallelism: int
    extra_bindings: tuple[Binding, ...]
    not_secret: frozenset[str]
    adopt: bool
    adopts_other_stack: bool
    etl_worker: str | None
    query_worker_name: str | None
    query_url: str | None
    api_url: str
    api_token: str = field(repr=False)
    warnings: tuple[str, ...]

    @property
    def queue_name(self) -> str:
        """Return the name of the queue of the days to copy."""
        return f"{self.worker_name}{DAYS_QUEUE}"

    @property
    def dead_letter_name(self) -> str:
        """Return the name of the queue of the days that failed."""
        return f"{self.worker_name}{DEAD_LETTER_QUEUE}"
