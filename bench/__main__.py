"""``scripts/bench NAME``: runs one comparison; its file's stem is its name."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

import bench


def _names() -> list[str]:
    return sorted({module.name for module in pkgutil.iter_modules(bench.__path__)} - {"__main__", "sidebyside"})


@click.command()
@click.argument("name", type=click.Choice(_names()))
@click.option("--runs", type=click.IntRange(3), default=15, show_default=True, help="How many pairs are timed.")
def main(name: str, runs: int) -> None:
    """Time one thing side by side with what a user would do otherwise; exit 1 when it misses its aim."""
    held: bool = getattr(importlib.import_module(f"bench.{name}"), name)(runs)
    click.echo(f"aim: {'held' if held else 'MISSED'}")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main(prog_name="scripts/bench")
