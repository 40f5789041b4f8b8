from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from contract.manifest import Manifest
from infra.bindings import Binding
from infra.declarations import backfill
from infra.declarations.manifest import build_manifest
from infra.settings.reading import read_settings
from infra.settings.settings import Settings
from infra.settings.source import SettingsSource

LOOP = asyncio.new_event_loop()  # never closed: loops of Pulumi's own threads would complain with it
KEY = "fake-ace-key-for-tests"
NOW = datetime(2026, 11, 23, tzinfo=UTC)
NEEDED = {"accountId": "0123456789abcdef0123456789abcdef", "workersSubdomain": "example", "aceApiKey": KEY}


def defaults() -> dict[str, str]:
    return dict(_read_defaults())


@functools.cache
def _read_defaults() -> Mapping[str, str]:
    """Read the file once, because its parser takes 10 ms of CPU."""
    schema = yaml.safe_load(Path("Pulumi.yaml").read_text())["config"]
    return {key: as_config(item["default"]) for key, item in schema.items()}


def as_config(value: object) -> str:
    """The engine passes every value as a string, and other types as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def source_of(
    config: Mapping[str, str],
    environment: Mapping[str, str],
    provider: Mapping[str, str],
    *,
    secret: Collection[str] = ("aceApiKey",),
    stack: str = "prod",
) -> SettingsSource:
    config = {**defaults(), **config}
    return SettingsSource(
        project="building-vitals",
        stack=stack,
        names=config.keys(),
        get=config.get,
        provider=provider.get,
        is_secret=lambda key: key in secret,
        environment=environment,
        now=NOW,
    )


@pytest.fixture
def read() -> Callable[..., Settings]:
    def read(
        *,
        environment: Mapping[str, str] | None = None,
        provider: Mapping[str, str] | None = None,
        secret: Collection[str] = ("aceApiKey",),
        stack: str = "prod",
        **config: str,
    ) -> Settings:
        environment = (
            {"CLOUDFLARE_API_TOKEN": "fake-cloudflare-token-of-forty-characters"}
            if environment is None
            else environment
        )
        source = source_of({**NEEDED, **config}, environment, provider or {}, secret=secret, stack=stack)
        return read_settings(source)

    return read


def manifest_of(settings: Settings, bindings: Sequence[Binding] | None = None) -> Manifest:
    """The manifest of the backfill worker that the settings declare."""
    declaration = backfill.declare(settings)
    return build_manifest(settings, declaration, declaration.bindings if bindings is None else bindings)


@pytest.fixture(autouse=True)
def loop() -> None:
    """Pulumi's outputs need a current event loop, which another test's asyncio.run has removed."""
    asyncio.set_event_loop(LOOP)
