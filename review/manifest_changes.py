"""Differences between two manifests: each setting and each binding, old and new, and the bindings that are lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from contract import secret_scan
from contract.manifest import DeclaredBinding, Manifest
from contract.manifest.setting_names import SETTING_NAMES
from contract.manifest.sites import is_sites_binding

HIDDEN = "(hidden: it looks like a secret)"
REMOVED = "removed: its days stay in the bucket, and are no longer copied, checked or served"
_SITE = "site "  # and its name: the begin of its row
PRECIOUS = {"secret_text", "kv_namespace", "d1", "r2_bucket", "queue"}  # kinds that hold data or a secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """One setting or binding: its name, and its value before and after, None where it is missing."""

    name: str
    old: str | None
    new: str | None


def find_changes(old: Manifest | None, new: Manifest | None) -> list[SettingChange]:
    """Return the differences, settings first.

    The tag is left out, because it follows from the rest. So is the code's digest, because the row of the script says
    it, and the texts that hold the sites, because each site has a row.
    """
    before, after = ({} if manifest is None else _flat(manifest) for manifest in (old, new))
    if new is not None:  # a site has a row, and its days outlive it
        after |= {name: REMOVED for name in before if name.startswith(_SITE) and name not in after}
    names = [*before, *(name for name in after if name not in before)]
    return [
        SettingChange(name=name, old=before.get(name), new=after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


def find_dropped(old: Manifest | None, new: Manifest | None) -> list[DeclaredBinding]:
    """Return the bindings that are no longer declared and that held data or a secret."""
    if old is None or new is None:
        return []
    kept = {(binding.name, binding.type) for binding in new.bindings}
    return [item for item in old.bindings if item.type in PRECIOUS and (item.name, item.type) not in kept]


def _flat(manifest: Manifest) -> dict[str, str]:
    """Return each setting by its name in Pulumi.<stack>.yaml, then the other promises, then the bindings."""
    data = manifest.to_dict()
    bindings = {f"binding {item.name}": _binding(item) for item in manifest.bindings if not _holds_sites(item)}
    del data["schema"], data["project"], data["stack"], data["bindings"], data["sites"]
    del data["worker"]["tag"], data["worker"]["code"]
    sites = {f"{_SITE}{_public(site.name, is_free=False)}": site.range for site in manifest.sites}
    leaves = dict(_leaves(data, ""))
    settings = {name: leaves.pop(path) for path, name in SETTING_NAMES.items() if path in leaves}
    values = (settings | sites | leaves).items()
    return {name: _public(text, is_free=secret_scan.is_free_text(name)) for name, text in values} | bindings


def _leaves(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        elif value is not None:
            text = ", ".join(value) if isinstance(value, list) else str(value)
            yield f"{prefix}{name}", text if text else "none"


def _holds_sites(item: DeclaredBinding) -> bool:
    return item.type == "plain_text" and is_sites_binding(item.name)


def _binding(item: DeclaredBinding) -> str:
    is_free = secret_scan.is_free_text(item.name, item.type)
    values = ", ".join(
        HIDDEN if secret_scan.has_secret_name(item.name) else _public(value, is_free=is_free)
        for value in item.properties.values()
    )
    return f"{item.type} {values}".rstrip()


def _public(text: str, *, is_free: bool) -> str:
    return HIDDEN if secret_scan.has_secret_form(text, is_free=is_free) else text
