"""Stand-ins for Pulumi's Python language host and `cloudflare` plugin, where the official ones cannot be had."""

import importlib.metadata
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

STAND_IN = "stand-in for the official cloudflare plugin: rehearsals and tests only"
BIN = Path(__file__).resolve().parent / "bin"
LANGUAGE_HOST = "pulumi-language-python"
PLUGIN = "pulumi-resource-cloudflare"


def path_entries(env: Mapping[str, str]) -> list[str]:
    """Return the folders to put in front of `env`'s PATH: one for each official executable that is not installed.

    The engine prefers PATH to its own plugin cache, so an entry is given only where there is nothing to hide.
    """
    entries = []
    if not _official_language_host(env):
        entries.append(str(BIN / "only-language"))
    if not _official_plugin(env):
        entries.append(str(BIN / "only-plugin"))
    return entries


def plugin_version() -> str:
    """Return the version of the plugin that the installed SDK asks the engine for: its own."""
    return importlib.metadata.version("pulumi-cloudflare")


def _official_language_host(env: Mapping[str, str]) -> bool:
    engine = _on_path("pulumi", env)
    homes = [engine.resolve().parent] if engine else list(_home(env).glob("versions/*/bin"))
    return _on_path(LANGUAGE_HOST, env) is not None or any(_runs(home / LANGUAGE_HOST) for home in homes)


def _official_plugin(env: Mapping[str, str]) -> bool:
    folder = _home(env) / "plugins" / f"resource-cloudflare-v{plugin_version()}"
    half_installed = folder.with_name(folder.name + ".partial").exists()
    return _on_path(PLUGIN, env) is not None or (_runs(folder / PLUGIN) and not half_installed)


def _home(env: Mapping[str, str]) -> Path:
    return Path(env["PULUMI_HOME"]) if env.get("PULUMI_HOME") else Path(env.get("HOME", "~")).expanduser() / ".pulumi"


def _on_path(name: str, env: Mapping[str, str]) -> Path | None:
    found = shutil.which(name, path=os.pathsep.join(_foreign_folders(env)))
    return Path(found) if found else None


def _foreign_folders(env: Mapping[str, str]) -> Iterator[str]:
    for folder in env.get("PATH", "").split(os.pathsep):
        if folder and not Path(folder).resolve().is_relative_to(BIN):
            yield folder


def _runs(file: Path) -> bool:
    return file.is_file() and os.access(file, os.X_OK)
