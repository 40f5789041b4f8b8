"""``scripts/bench NAME`` runs one comparison. NAME is the stem of its file."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

import tests.benchmarks as bench

SEEDED = ("soak", "interleavings", "scale")


def _names() -> list[str]:
    modules = {module.name for module in pkgutil.iter_modules(bench.__path__) if not module.ispkg}
    return sorted(
        modules - {"__main__", "side_by_side", "chain", "program_without_drift", "large_day", "stored_volume"}
        | {"soak"}
    )


@click.command()
@click.argument("name", type=click.Choice(_names()))
@click.option(
    "--runs", type=click.IntRange(3), default=15, show_default=True, help="Number of pairs, systems or examples."
)
@click.option("--seed", type=int, default=1, show_default=True, help=f"Seed ({', '.join(SEEDED)}).")
@click.option("--before", default="e88c5ea", show_default=True, help="The earlier commit (structure).")
@click.option("--after", default="", help="The later commit (structure). Not given: the working tree.")
def main(name: str, runs: int, seed: int, before: str, after: str) -> None:
    """Measure one thing, mostly side by side with the other way to do it. The exit code is 1 when it misses its aim."""
    package = "tests.soak" if name == "soak" else "tests.benchmarks"
    measure = getattr(importlib.import_module(f"{package}.{name}"), name)
    arguments = {**dict.fromkeys(SEEDED, (runs, seed)), "structure": (before, after)}.get(name, (runs,))
    reached: bool = measure(*arguments)
    click.echo(f"aim: {'reached' if reached else 'MISSED'}")
    sys.exit(0 if reached else 1)


if __name__ == "__main__":
    main(prog_name="scripts/bench")
