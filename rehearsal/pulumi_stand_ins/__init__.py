"""Stand-ins for Pulumi's Python language host and `cloudflare` plugin, for machines without the official ones."""

import importlib.metadata
import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

STAND_IN = "stand-in for the official cloudflare plugin: rehearsals and tests only"
BIN = Path(__file__).resolve().parent / "bin"
ENGINE = "pulumi"
LANGUAGE_HOST = "pulumi-language-python"
PLUGIN = "pulumi-resource-cloudflare"
GIVEN = "REHEARSAL_PULUMI_PATH"  # the variable with a folder of official programs, which replace the stand-ins
_FOLDERS = {LANGUAGE_HOST: BIN / "only-language", PLUGIN: BIN / "only-plugin"}


class GivenFolderError(Exception):
    """REHEARSAL_PULUMI_PATH is not a folder with one of the programs. The message is one line."""


def find_path_entries(env: Mapping[str, str]) -> list[str]:
    """Return the folders to put before the PATH in `env`: the given one, and those of the stand-ins that are needed.

    The engine prefers PATH to its own plugin cache, so a stand-in would hide an installed official executable.
    Raises GivenFolderError.
    """
    given = find_given_folder(env)
    return [*([] if given is None else [str(given)]), *(str(_FOLDERS[name]) for name in find_stand_ins(env))]


def find_stand_ins(env: Mapping[str, str]) -> list[str]:
    """Return the names of the programs that are stand-ins in `env`. Raises GivenFolderError."""
    given = find_given_folder(env)
    seen = env if given is None else {**env, "PATH": os.pathsep.join([str(given), env.get("PATH", "")])}
    official = {LANGUAGE_HOST: _has_official_language_host, PLUGIN: _has_official_plugin}
    return [name for name, is_installed in official.items() if not is_installed(seen)]


def find_given_folder(env: Mapping[str, str]) -> Path | None:
    """Return the folder that REHEARSAL_PULUMI_PATH names, None where it is not set. Raises GivenFolderError."""
    if not env.get(GIVEN):
        return None
    folder = Path(env[GIVEN]).absolute()
    programs = (ENGINE, LANGUAGE_HOST, PLUGIN)
    if not any(_is_executable(folder / name) for name in programs):
        raise GivenFolderError(f"{GIVEN}: expected a folder with {' or '.join(programs)}, found none in {folder}")
    return folder


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
