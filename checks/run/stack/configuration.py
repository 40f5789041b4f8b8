"""Reads the settings and the key of a stack from its configuration, with the defaults of Pulumi.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checks.catalog.config import list_settings
from checks.model.credentials import Secret
from checks.run.stack import pulumi_cli
from contract.manifest import Manifest
from contract.manifest.sites import read_sites

CONFIG = ("config", "--json", "--show-secrets")  # one question for the key and all settings
KEY, TOKEN = "aceApiKey", "apiToken"  # the second is the provider's


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The settings in the clear, by their names in Pulumi.yaml, the key, and the provider's own token."""

    settings: Mapping[str, str] = field(default_factory=dict)
    ace_key: Secret | None = None
    api_token: Secret | None = None

    def list_changes(self, deployed: Manifest) -> tuple[str, ...]:
        """Return the settings that are configured with another value than in a deployed manifest.

        A setting that is not a value of the manifest, such as the name of a subdomain, is compared by its result.
        """
        values = dict(list_settings(deployed))
        configured = {**self.settings, "workerUrl": self._build_url()}
        names = sorted((values.keys() | {"schedule"}) & configured.keys() - RELATED)
        return tuple(name for name in names if _unify(name, configured[name]) != _unify(name, values.get(name, "")))

    def _build_url(self) -> str:
        name, subdomain = (self.settings.get(setting, "") for setting in ("workerName", "workersSubdomain"))
        return self.settings.get("workerUrl") or f"https://{name}.{subdomain}.workers.dev"  # as infra/settings


def _unify(setting: str, value: str) -> object:
    """Return a value as it is compared: a list of sites by its meaning, not by its text."""
    try:
        return read_sites(value) if setting == "sites" else value
    except ValueError:
        return value


RELATED = frozenset({"etlWorker", "queryUrl"})  # no check that needs no deployment asks these workers


def read_configuration(stack: str) -> Configuration:
    """Return the configuration of a stack. Raises UnusableError or UnreadableError."""
    found = pulumi_cli.read_json(stack, *CONFIG)
    settings: dict[str, str] = {}
    key = token = None
    for name, item in (found if isinstance(found, dict) else {}).items():
        value = item.get("value") if isinstance(item, dict) else None
        setting = name.rpartition(":")[2]
        if not isinstance(value, str):
            continue
        if setting == KEY:
            key = Secret(value) if value else None
        elif setting == TOKEN:
            token = Secret(value) if value else None
        elif not item.get("secret"):
            settings[setting] = value
    return Configuration(settings=settings, ace_key=key, api_token=token)
