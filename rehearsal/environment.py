"""The environment that a rehearsal's commands see: nobody's real account, the run's own addresses and fake secrets."""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from contract import ace_key
from rehearsal import process, provider
from toolchain import engine

# Of this process's environment nothing that could lead a command to a real account, or to another rehearsal.
_FOREIGN = ("CLOUDFLARE_", "PULUMI_", "WRANGLER_", "ACE_", "OPERATOR_TOKEN", "CF_")


def of(folder: Path, *, stack: str, account_id: str) -> dict[str, str]:
    """Return a run's environment; its engine keeps everything below the run's folder.

    ACE_API_KEY is taken over where it is set and not empty; the other secrets are made anew. Raises CommandError
    without an engine.
    """
    try:
        found = engine.find()
    except engine.EngineError as error:
        raise process.CommandError(str(error)) from None
    if found is None:
        raise process.CommandError("the Pulumi engine is missing: run scripts/setup")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(_FOREIGN)}
    path = os.pathsep.join([str(Path(sys.executable).parent), str(found), clean.get("PATH", os.defpath)])
    home = _engine_home(folder)
    stand_ins = provider.path_entries({**clean, "PATH": path, "PULUMI_HOME": str(home)})
    direct = ",".join(filter(None, [clean.get("NO_PROXY", clean.get("no_proxy")), "127.0.0.1,localhost"]))
    return {
        **clean,
        "NO_PROXY": direct,
        "no_proxy": direct,
        "PATH": os.pathsep.join([*stand_ins, path]),
        "ACE_API_KEY": given_key() or fake_key(),
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


def given_key() -> str | None:
    """Return the key that this process's environment gives a rehearsal, None when it makes one of its own."""
    key = os.environ.get("ACE_API_KEY")
    return key if key else None


def given_key_problem() -> str | None:
    """Return one line, without any part of the key, when the program will refuse the key of this environment."""
    key = given_key()
    problem = None if key is None else ace_key.assess(key, now=datetime.now(tz=UTC)).problem
    if problem is None:
        return None
    return f"ACE_API_KEY of this environment was used, but it {problem}; `unset ACE_API_KEY`: a fake one will do"


def _engine_home(folder: Path) -> Path:
    """Make the engine's own folder, with the user's installed plugins in it, so that official ones are used."""
    home = folder / "pulumi-home"
    home.mkdir()
    plugins = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi"), "plugins")
    if plugins.is_dir():
        (home / "plugins").symlink_to(plugins)
    return home


def fake_key(*, days: int = 365) -> str:
    """Return a new key in the form of ACE's: a JWT that expires in so many days and that nobody signed."""

    def part(value: Mapping[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"sub": "rehearsal", "exp": int(time.time()) + days * 86_400}
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}.{secrets.token_urlsafe(32)}"
