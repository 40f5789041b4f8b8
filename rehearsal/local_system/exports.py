"""The environment of a rehearsal as lines for another terminal."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

SECRETS = ("ACE_API_KEY", "CLOUDFLARE_API_TOKEN", "PULUMI_CONFIG_PASSPHRASE")
EXPORTED = ("CLOUDFLARE_", "PULUMI_", "WRANGLER_", "ACE_", "REHEARSAL_", "PATH", "NO_PROXY", "no_proxy")


def write_exports(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the lines to export, and write them to a file. Secrets have files that only this user can read."""
    lines = ["unset OPERATOR_TOKEN"]
    for name, value in sorted(environment.items()):
        if name in SECRETS:
            file = folder / name.lower()
            file.touch(mode=0o600)
            file.write_text(value)
            lines.append(f'export {name}="$(cat {shlex.quote(str(file))})"')
        elif name.startswith(EXPORTED):
            lines.append(f"export {name}={shlex.quote(value)}")
    (folder / "environment").write_text("\n".join(lines) + "\n")
    return lines
