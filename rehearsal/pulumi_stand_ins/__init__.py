"""Stand-ins for Pulumi's Python language host and `cloudflare` plugin, for machines without the official ones."""

import importlib.metadata
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

STAND_IN = "stand-in for the official cloudflare plugin: rehearsals and tests only"
BIN = Path(__file__).resolve().parent / "bin"
LANGUAGE_HOST = "pulumi-language-python"
PLUGIN = "pulumi-resource-cloudflare"


def find_path_entries(env: Mapping[str, str]) -> list[str]:
    """Return the folders to put before the PATH in `env`: one for each official executable that is not installed.

    The engine prefers PATH to its own plugin cache, so an entry would hide an installed official executable.
    """
    entries = []
    if not _has_official_language_host(env):
        entries.append(str(BIN / "only-language"))
    if not _has_official_plugin(env):
        entries.append(str(BIN / "only-plugin"))
    return entries


def read_plugin_version() -> str:
    """Return the plugin version that the installed SDK requests from the engine, which is the SDK's own version."""
    return importlib.metadata.version("pulumi-cloudflare")


def _has_official_language_host(env: Mapping[str, str]) -> bool:
    engine = _find_on_path("pulumi", env)
    homes = [engine.resolve().parent] if engine else list(_find_home(env).glob("versions/*/bin"))
    return _find_on_path(LANGUAGE_HOST, env) is not None or any(_is_executable(home / LANGUAGE_HOST) for home in homes)


def _has_official_plugin(env: Mapping[str, str]) -> bool:
    folder = _find_home(env) / "plugins" / f"resource-cloudflare-v{read_plugin_version()}"
    half_installed = folder.with_name(folder.name + ".partial").exists()
    return _find_on_path(PLUGIN, env) is not None or (_is_executable(folder / PLUGIN) and not half_installed)


def _find_home(env: Mapping[str, str]) -> Path:
    return Path(env["PULUMI_HOME"]) if env.get("PULUMI_HOME") else Path(env.get("HOME", "~")).expanduser() / ".pulumi"


def _find_on_path(name: str, env: Mapping[str, str]) -> Path | None:
    found = shutil.which(name, path=os.pathsep.join(_list_foreign_folders(env)))
    return Path(found) if found else None


def _list_foreign_folders(env: Mapping[str, str]) -> Iterator[str]:
    for folder in env.get("PATH", "").split(os.pathsep):
        if folder and not Path(folder).resolve().is_relative_to(BIN):
            yield folder


def _is_executable(file: Path) -> bool:
    return file.is_file() and os.access(file, os.X_OK)
