"""Reads and changes one worker by the API, as the dashboard and wrangler do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cloudflare_client.client import script_path
from conformance.account.api import Api

Binding = dict[str, Any]

MODULE = "worker.js"
COMPATIBILITY_DATE = "2026-04-01"
TAG, MESSAGE, TRIGGER = "workers/tag", "workers/message", "workers/triggered_by"
CODE = b"""export default {
  fetch(_request, env) {
    return Response.json({ version: env.VERSION?.id ?? null, names: Object.keys(env).sort() });
  },
  scheduled() {},
  queue() {},
};
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One worker. Every method raises CloudflareError when the API gives no usable answer."""

    api: Api
    name: str

    @property
    def path(self) -> str:
        """Return the path of the worker below the account."""
        return script_path(self.name)

    def upload(self, bindings: Sequence[Binding], *, code: bytes = CODE, **metadata: Any) -> None:
        """Upload code with these bindings, and let it serve all requests."""
        self.api.call("PUT", self.path, files=_make_parts(bindings, code, metadata))

    def add_version(self, bindings: Sequence[Binding], *, code: bytes = CODE, **metadata: Any) -> str:
        """Upload a version that serves no request, and return its id."""
        made = self.api.call("POST", f"{self.path}/versions", files=_make_parts(bindings, code, metadata))
        return str(made["id"])

    def edit(self, bindings: Sequence[Binding], **more: Any) -> None:
        """Upload as the dashboard does: with these bindings, inherited secrets, live limits and placement."""
        kept = [{"name": item["name"], "type": "inherit"} if is_secret(item) else item for item in bindings]
        live = self.settings()
        mode = (live.get("placement") or {}).get("mode")
        settings = {"limits": live.get("limits"), "placement": {"mode": mode} if mode else None}
        given: dict[str, Any] = {name: value for name, value in settings.items() if value}
        self.upload(kept, **given, **more)

    def deploy(self, *shares: tuple[str, float], force: bool = False) -> None:
        """Give versions their shares of the requests in percent."""
        versions = [{"version_id": version, "percentage": share} for version, share in shares]
        query = {"force": "true"} if force else {}
        body = {"strategy": "percentage", "versions": versions}
        self.api.call("POST", f"{self.path}/deployments", params=query, json=body)

    def put_secret(self, name: str, text: str) -> None:
        """Set a secret."""
        self.api.call("PUT", f"{self.path}/secrets", json={"name": name, "text": text, "type": "secret_text"})

    def delete_secret(self, name: str) -> None:
        """Delete a secret."""
        self.api.call("DELETE", f"{self.path}/secrets/{name}", params={"url_encoded": "true"})

    def put_crons(self, *crons: str) -> None:
        """Replace the crons."""
        self.api.call("PUT", f"{self.path}/schedules", json=[{"cron": cron} for cron in crons])

    def switch_address(self, *, enabled: bool) -> None:
        """Switch the workers.dev address on or off."""
        self.api.call("POST", f"{self.path}/subdomain", json={"enabled": enabled, "previews_enabled": False})

    def change_settings(self, **settings: Any) -> None:
        """Change settings of the script, without a new version."""
        self.api.call("PATCH", f"{self.path}/script-settings", json=settings)

    def change_version(self, **settings: Any) -> None:
        """Change settings of the live version, which makes a new one."""
        parts = {"settings": (None, json.dumps(settings), "application/json")}
        self.api.call("PATCH", f"{self.path}/settings", files=parts)

    def settings(self) -> dict[str, Any]:
        """Return the settings of the live version and of the script."""
        return {**self.api.read(f"{self.path}/settings")}

    def bindings(self) -> dict[str, Binding]:
        """Return the live bindings by name."""
        return {item["name"]: item for item in self.settings()["bindings"]}

    def secrets(self) -> set[str]:
        """Return the names of the secrets."""
        return {item["name"] for item in self.api.read(f"{self.path}/secrets")}

    def crons(self) -> list[str]:
        """Return the crons."""
        return [item["cron"] for item in self.api.read(f"{self.path}/schedules")["schedules"]]

    def has_address(self) -> bool:
        """Return whether the workers.dev address is switched on."""
        enabled: object = self.api.read(f"{self.path}/subdomain")["enabled"]
        return enabled is True

    def versions(self) -> list[dict[str, Any]]:
        """Return the versions, newest first."""
        return sorted(self.api.read(f"{self.path}/versions", per_page="100")["items"], key=_number, reverse=True)

    def shares(self) -> list[tuple[str, float]]:
        """Return the live versions with their shares in percent."""
        live = self.api.read(f"{self.path}/deployments")["deployments"][0]
        return [(item["version_id"], item["percentage"]) for item in live["versions"]]

    def code(self) -> bytes:
        """Return the body that has the live code."""
        return self.api.read_bytes(f"{self.path}/content/v2")


def is_secret(item: Binding) -> bool:
    """Return whether the API never shows the value of a binding."""
    return bool(item["type"] == "secret_text")


def annotation_of(version: dict[str, Any], name: str) -> str:
    """Return an annotation of a version, an empty text where it has none."""
    return str((version.get("annotations") or {}).get(name) or "")


def _number(version: dict[str, Any]) -> int:
    return int(version["number"])


def _make_parts(bindings: Sequence[Binding], code: bytes, metadata: dict[str, Any]) -> dict[str, Any]:
    given = {
        "main_module": MODULE,
        "compatibility_date": COMPATIBILITY_DATE,
        "bindings": list(bindings),
        **metadata,
    }
    return {
        MODULE: (MODULE, code, "application/javascript+module"),
        "metadata": (None, json.dumps(given), "application/json"),
    }
