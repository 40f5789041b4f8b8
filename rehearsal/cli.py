"""The command line of rehearsals: the main job, and its faults, on this machine alone."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import shlex
import signal
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import click

from contract.version import VERSION
from rehearsal import environment, faults, local, process
from rehearsal.edge import EdgeError
from rehearsal.folder import run_folder
from toolchain import interrupt

_NO_VERDICT = 3
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT}
_SECRETS = ("ACE_API_KEY", "CLOUDFLARE_API_TOKEN", "PULUMI_CONFIG_PASSPHRASE")
_EXPORTED = ("CLOUDFLARE_", "PULUMI_", "WRANGLER_", "ACE_", "REHEARSAL_", "PATH", "NO_PROXY", "no_proxy")


@click.group()
@click.version_option(VERSION, prog_name="building-vitals")
def main() -> None:
    """Rehearse a deployment against a local Cloudflare and a local ACE, without any account."""


@main.command()
@click.option("--days", type=click.IntRange(1, 365), default=3, show_default=True, help="How many days to copy.")
@click.option("--fault", metavar="NAME", help="What to break after the deployment; `faults` lists the names.")
@click.option("--keep", is_flag=True, help="Keep the run's folder (state, objects) for a look.")
def up(days: int, fault: str | None, keep: bool) -> None:
    """Deploy with the real engine, break what was asked for, and verify; exit with the checks' code."""
    known = faults.catalogue()
    if fault is not None and fault not in known:
        raise click.BadParameter(f"no fault {fault!r}; known: {', '.join(sorted(known))}", param_hint="--fault")
    with _one_line(), run_folder(keep=keep) as folder:
        code = _run(_up(folder, days, known[fault] if fault else None))
        if keep:
            click.echo(f"kept: {folder}")
    sys.exit(code)


@main.command()
@click.option("--days", type=click.IntRange(1, 365), default=3, show_default=True, help="How many days to copy.")
def serve(days: int) -> None:
    """Run the local Cloudflare and ACE, and print the environment for another terminal, until Ctrl-C."""
    with _one_line(), run_folder() as folder:
        sys.exit(_run(_serve(folder, days)))


@main.command(name="faults")
def list_faults() -> None:
    """List what `up --fault NAME` can break, and which check must catch it."""
    known = faults.catalogue()
    width = max(map(len, known)) + 2
    for name, fault in sorted(known.items()):
        caught = f"caught by: {', '.join(fault.caught_by)}; blame: {fault.blame}" if fault.caught_by else "must pass"
        click.echo(f"{name:<{width}}{fault.breaks}\n{'':<{width}}{caught}")


async def _up(folder: Path, days: int, fault: faults.Fault | None) -> int:
    async with local.running(folder, days=days, declared=fault.settings if fault else None) as world:
        click.echo(f"local Cloudflare {world.environment['CLOUDFLARE_BASE_URL']}, local ACE {world.ace.url}")
        return await world.while_alive(_deploy_and_verify(world, fault))


async def _deploy_and_verify(world: local.Local, fault: faults.Fault | None) -> int:
    code = await world.stream("pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive")
    if code != 0:
        problem = environment.given_key_problem()
        click.echo(f"rehearsal: {problem}" if problem else "the deployment failed: nothing to verify", err=True)
        return _NO_VERDICT
    if fault is not None:
        click.echo(f"fault: {fault.breaks}")
        await fault.apply(world)
        world = dataclasses.replace(world, environment={**world.environment, **fault.environment()})
    return await world.stream("python", "-m", "checks", "--stack", local.STACK)


async def _serve(folder: Path, days: int) -> int:
    async with local.running(folder, days=days) as world:
        for line in _exports(world):
            click.echo(line)
        problem = environment.given_key_problem()
        for line in (
            f"\n# The same lines: source {shlex.quote(str(folder / 'environment'))}",
            "# Then, for example: pulumi up --yes; python -m checks --stack rehearsal",
            f"# npx wrangler secret list; curl {world.worker_url}/health",
            f"# There, stack {local.STACK} alone: PULUMI_OPTION_CONFIG_FILE would give another one its file.",
            *([f"# {problem}"] if problem else []),
            "# Ctrl-C ends it.",
        ):
            click.echo(line, err=True)
        return await world.while_alive(_forever())


async def _forever() -> int:
    await asyncio.Event().wait()
    return 0


def _exports(world: local.Local) -> list[str]:
    """Return the lines to export; a secret stands in a file that only this user reads, never in the output."""
    lines = ["unset OPERATOR_TOKEN"]
    for name, value in sorted(world.environment.items()):
        if name in _SECRETS:
            file = world.folder / name.lower()
            file.touch(mode=0o600)
            file.write_text(value)
            lines.append(f'export {name}="$(cat {shlex.quote(str(file))})"')
        elif name.startswith(_EXPORTED):
            lines.append(f"export {name}={shlex.quote(value)}")
    (world.folder / "environment").write_text("\n".join(lines) + "\n")
    return lines


@contextlib.contextmanager
def _one_line() -> Iterator[None]:
    """Say in one line what has no traceback's worth: what failed outside, or a disk that is full or read-only."""
    try:
        yield
    except (process.CommandError, EdgeError) as error:
        click.echo(f"rehearsal: {error}", err=True)
    except OSError as error:
        if error.errno not in _DISK:
            raise
        where = f" ({error.filename})" if error.filename else ""
        click.echo(f"rehearsal: {error.strerror}{where}: point TMPDIR to a folder with room", err=True)
    else:
        return
    sys.exit(_NO_VERDICT)


def _run(work: Coroutine[Any, Any, int]) -> int:
    """Run to the end or to the first signal; everything is stopped in order either way."""
    received: list[signal.Signals] = []

    async def until_signal() -> int:
        task = asyncio.ensure_future(work)

        def end(number: signal.Signals) -> None:
            if not received:  # a second one must not break off the stopping
                received.append(number)
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
        try:
            return await task
        except asyncio.CancelledError:
            return 128 + received[0] if received else _NO_VERDICT

    try:
        code = asyncio.run(until_signal())
    finally:
        interrupt.is_one_line("rehearsal")  # asyncio left Python's own handler
    if received:
        how = "interrupted" if received[0] == signal.SIGINT else f"ended by {received[0].name}"
        with contextlib.suppress(BrokenPipeError):  # nobody reads any more: the exit code says it
            click.echo(f"rehearsal: {how}", err=True)
    return code
