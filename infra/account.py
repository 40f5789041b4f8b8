"""The live account, as a plan reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from cloudflare_client.client import CloudflareClient
from cloudflare_client.errors import CloudflareError
from infra import live
from infra.errors import DeploymentError
from infra.settings.settings import Settings


class Account:
    """Reads workers and buckets of one account. Raises CloudflareError when the API refuses or cannot be reached."""

    def __init__(self, client: CloudflareClient) -> None:
        """Read through an open client."""
        self._client = client

    def read_worker(self, script: str, *, owner: str) -> live.LiveWorker | None:
        """Return a live worker, None where there is none. ``owner`` is the beginning of this stack's tags."""
        return live.read(self._client, script, ours=owner)

    def read_bindings(self, script: str, version: str) -> tuple[Mapping[str, Any], ...]:
        """Return the bindings of one version, a secret without its text."""
        return live.bindings(self._client, script, version)

    def has_bucket(self, name: str) -> bool:
        """Return whether the account has an R2 bucket of this name."""
        return self._client.has_bucket(name)


@contextmanager
def open_account(settings: Settings) -> Iterator[Account]:
    """Yield the account of a stack. Raises DeploymentError for every problem of the API."""
    try:
        with live.connect(
            base_url=settings.api_url, account_id=settings.account_id, token=settings.api_token
        ) as client:
            yield Account(client)
    except (CloudflareError, live.NotDeployedError) as error:
        raise DeploymentError(str(error)) from None
