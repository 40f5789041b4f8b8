"""The source of the settings: configuration of the stack and of the provider, environment and clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsSource:
    """Everything that the settings are read from. ``names`` are all settings that the stack has."""

    project: str
    stack: str
    names: Collection[str]
    get: Callable[[str], str | None]
    provider: Callable[[str], str | None]
    is_secret: Callable[[str], bool]
    environment: Mapping[str, str]
    now: datetime


def stack_source() -> SettingsSource:
    """Return the source of the running program."""
    config = pulumi.Config()
    prefix = config.full_key("")
    return SettingsSource(
        project=pulumi.get_project(),
        stack=pulumi.get_stack(),
        names=[key.removeprefix(prefix) for key in CONFIG.get() if key.startswith(prefix)],
        get=config.get,
        provider=pulumi.Config("cloudflare").get,
        is_secret=lambda key: is_config_secret(config.full_key(key)),
        environment=os.environ,
        now=datetime.now(tz=UTC),
    )
