"""The environment of a rehearsal's commands: no real account, the run's own addresses, and fake secrets."""

from __future__ import annotations

import functools
import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path

from contract import ace_key
from rehearsal import pulumi_stand_ins
from rehearsal.local_system import commands
from toolchain import engine, node

# Left out, because these could lead a command to a real account or to another rehearsal.
_FOREIGN = ("CLOUDFLARE_", "PULUMI_", "WRANGLER_", "ACE_", "OPERATOR_TOKEN", "CF_")


def make_environment(folder: Path, *, stack: str, account_id: str) -> dict[str, str]:
    """Return the environment of a run. Its engine keeps everything below the run's folder.

    ACE_API_KEY keeps its value if it is set and not empty. The other secrets are new. REHEARSAL_PULUMI_PATH is a folder
    with programs of Pulumi that replace the stand-ins. Raises CommandError when the engine is missing.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    for_node = node.make_environment(clean.get("PATH", os.defpath))
    path = os.pathsep.join([str(Path(sys.executable).parent), str(find_engine()), for_node["PATH"]])
    home = make_engine_home(folder / "pulumi-home")
    programs = pulumi_stand_ins.find_path_entries({**clean, "PATH": path, "PULUMI_HOME": str(home)})
    direct = ",".join(filter(None, [clean.get("NO_PROXY", clean.get("no_proxy")), "127.0.0.1,localhost"]))
    return {
        **clean,
        **for_node,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "PATH": os.pathsep.join([*programs, path]),
        "ACE_API_KEY": read_given_key() or make_fake_key(),
        "CLOUDFLARE_ACCOUNT_ID": account_id,
        "CLOUDFLARE_API_TOKEN": f"rehearsal-{secrets.token_hex(20)}",
        "WRANGLER_SEND_METRICS": "false",
        "WRANGLER_HIDE_BANNER": "true",
        "WRANGLER_LOG_PATH": str(folder / "wrangler-logs"),
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(16),
        "PULUMI_OPTION_CONFIG_FILE": str(folder / f"Pulumi.{stack}.yaml"),
        "PULUMI_STACK": stack,
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    }


def find_engine() -> Path:
    """Return the folder of the engine, first the folder that REHEARSAL_PULUMI_PATH names. Raises CommandError."""
    try:
        given = pulumi_stand_ins.find_given_folder(os.environ)
    except pulumi_stand_ins.GivenFolderError as error:
        raise commands.CommandError(str(error)) from None
    if given is not None and (given / pulumi_stand_ins.ENGINE).is_file():
        return given
    return _find_installed_engine()


@functools.cache  # the engine is started to ask for its version
def _find_installed_engine() -> Path:
    try:
        found = engine.find()
    except engine.EngineError as error:
        raise commands.CommandError(str(error)) from None
    if found is None:
        raise commands.CommandError("the Pulumi engine is missing. Run scripts/setup")
    return found


def read_given_key() -> str | None:
    """Return the key in this process's environment, None when the rehearsal makes a fake key."""
    key = os.environ.get("ACE_API_KEY")
    return key if key else None


def describe_key_problem() -> str | None:
    """Return one line without any part of the key if the program will refuse the key of this environment."""
    key = read_given_key()
    problem = None if key is None else ace_key.assess(key, now=datetime.now(tz=UTC)).problem
    if problem is None:
        return None
    return f"ACE_API_KEY of this environment was used, but it {problem}. Run `unset ACE_API_KEY` to use a fake key"


def make_engine_home(home: Path) -> Path:
    """Make the engine's own folder with the user's installed plugins, so that official plugins are used."""
    home.mkdir()
    plugins = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"), "plugins")
    if plugins.is_dir():
        (home / "plugins").symlink_to(plugins)
    return home


def make_fake_key(*, days: int = 365) -> str:
    """Return a new key in the form of ACE's keys that expires in ``days`` days."""
    return ace_key.make_fake_key(now=datetime.now(tz=UTC), days=days)
