from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime

import pytest
import yaml

from infra import settings

LOOP = asyncio.new_event_loop()  # never closed: loops of Pulumi's own threads would complain with it
KEY = "fake-ace-key-for-tests"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
NEEDED = {"accountId": "0123456789abcdef0123456789abcdef", "workersSubdomain": "example", "aceApiKey": KEY}


def defaults() -> dict[str, str]:
    with open("Pulumi.yaml") as file:
        schema = yaml.safe_load(file)["config"]
    return {key: as_config(item["default"]) for key, item in schema.items()}


def as_config(value: object) -> str:
    """The engine hands every value over as a string, what is no string as JSON."""
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)


def source_of(
    config: Mapping[str, str],
    environment: Mapping[str, str],
    provider: Mapping[str, str],
    *,
    secret: Collection[str] = ("aceApiKey",),
) -> settings.Source:
    config = {**defaults(), **config}
    return settings.Source(
        names=config.keys(),
        get=config.get,
        provider=provider.get,
        is_secret=lambda key: key in secret,
        environment=environment,
        now=NOW,
    )


@pytest.fixture
def read() -> Callable[..., settings.Settings]:
    def read(
        *,
        environment: Mapping[str, str] | None = None,
        provider: Mapping[str, str] | None = None,
        secret: Collection[str] = ("aceApiKey",),
        **config: str,
    ) -> settings.Settings:
        environment = (
            {"CLOUDFLARE_API_TOKEN": "fake-cloudflare-token-of-forty-characters"}
            if environment is None
            else environment
        )
        return settings.read(source_of({**NEEDED, **config}, environment, provider or {}, secret=secret))

    return read


@pytest.fixture(autouse=True)
def loop() -> None:
    """Pulumi's outputs want a current event loop, which another test's asyncio.run has taken away."""
    asyncio.set_event_loop(LOOP)
