"""The version of the project, as `--version` prints it."""

from __future__ import annotations

VERSION = "0.5.0.dev0"  # with `.dev0` until CHANGELOG.md has a date for it
