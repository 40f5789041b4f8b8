"""The command line of rehearsals on this machine: ``up``, ``serve``, ``clock`` and ``faults``."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import errno
import os
import shlex
import signal
import sys
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import click

from contract.version import VERSION
from rehearsal.clock import file as clock_file
from rehearsal.clock.control import move_clock, serve_control
from rehearsal.edge import EdgeError
from rehearsal.faults import Fault, load_faults
from rehearsal.local_system import STACK, LocalSystem, run_local_system
from rehearsal.local_system.commands import CommandError
from rehearsal.local_system.environment import describe_key_problem
from rehearsal.local_system.exports import write_exports
from rehearsal.local_system.program_code import select_manifest
from rehearsal.local_system.run_folder import open_run_folder
from toolchain import interrupt

_INCONCLUSIVE = 3
_DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT}
_DAYS = click.option(
    "--days",
    type=click.IntRange(1, 365),
    metavar="DAYS",
    default=3,
    show_default=True,
    help="Number of days to copy, 1 to 365.",
)


_SITES = click.option(
    "--sites",
    type=click.IntRange(1, 100),
    metavar="SITES",
    default=1,
    show_default=True,
    help="Number of sites to copy, 1 to 100.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="building-vitals")
def main() -> None:
    """Rehearse a deployment against a local Cloudflare and a local ACE, without an account."""


@main.command()
@_DAYS
@_SITES
@click.option("--fault", metavar="NAME", help="Fault to apply after the deployment. `faults` lists the names.")
@click.option("--keep", is_flag=True, help="Keep the run's folder (state and objects).")
def up(days: int, sites: int, fault: str | None, keep: bool) -> None:
    """Deploy with the real engine, apply the fault, and run the checks. Exits with the code of the checks.

    With several sites, time passes after the deployment, so that the queue's consumers copy the days.
    """
    known = load_faults()
    if fault is not None and fault not in known:
        names = ", ".join(sorted(known))
        raise click.BadParameter(f"no fault {fault!r}. Known faults: {names}", param_hint="--fault")
    with _report_in_one_line(), open_run_folder(keep=keep) as folder:
        code = _run(_up(folder, days, sites, known[fault] if fault else None))
        if keep:
            click.echo(f"kept: {folder}")
    sys.exit(code)


@main.command(short_help="Run the local Cloudflare and ACE until Ctrl-C.")
@_DAYS
@_SITES
def serve(days: int, sites: int) -> None:
    """Run the local Cloudflare and ACE until Ctrl-C, and print the environment for another terminal."""
    with _report_in_one_line(), open_run_folder() as folder:
        sys.exit(_run(_serve(folder, days, sites)))


@main.command(short_help="Show or move the time of the rehearsal that `serve` runs.")
@click.argument("by", required=False, metavar="[+DURATION]")
@click.option("--to", metavar="TIME", help="Move the clock to this time (ISO 8601, UTC), instead of by a duration.")
@click.option("--without-crons", is_flag=True, help="Fire no cron meanwhile, as if the crons were dead.")
def clock(by: str | None, to: str | None, without_crons: bool) -> None:
    """Show the time of the running rehearsal, or let time pass: +30m, +6h, +1d.

    Workers, the local Cloudflare, the local ACE and the checks have this time. The crons that become due fire, once for
    all due times of a day. Use the environment that `serve` prints.
    """
    if by and to:
        raise click.UsageError("give either a duration or --to")
    with _report_in_one_line():
        answer = move_clock(os.environ, by=by, to=to, with_crons=not without_crons)
        for line in answer["lines"]:
            click.echo(line)
        click.echo(f"the time of the rehearsal: {answer['now']}")


@main.command(name="faults", short_help="List the faults, and the checks that report each.")
def list_faults() -> None:
    """List the faults of `up --fault NAME` and the checks that must report each."""
    known = load_faults()
    width = max(map(len, known)) + 2
    for name, fault in sorted(known.items()):
        caught = f"caught by: {', '.join(fault.caught_by)}, cause: {fault.cause}"
        expected = caught if fault.caught_by else "all checks must pass"
        click.echo(f"{name:<{width}}{fault.description}\n{'':<{width}}{expected}")


async def _up(folder: Path, days: int, sites: int, fault: Fault | None) -> int:
    declared = fault.settings if fault else None
    async with run_local_system(folder, days=days, sites=sites, declared=declared) as local:
        click.echo(f"local Cloudflare {local.environment['CLOUDFLARE_BASE_URL']}, local ACE {local.ace.url}")
        return await local.run_while_alive(_deploy_and_verify(local, fault, days=days * sites if sites > 1 else 0))


async def _deploy_and_verify(local: LocalSystem, fault: Fault | None, *, days: int) -> int:
    """Return the exit code of the checks. So many days are copied through the queue first."""
    code = await local.stream("pulumi", "up", "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive")
    if code != 0:
        problem = describe_key_problem()
        click.echo(f"rehearsal: {problem}" if problem else "the deployment failed, so no check was run", err=True)
        return _INCONCLUSIVE
    source = ("--stack", STACK)
    if days:
        click.echo(f"time passes: the cron sends {days:,} days to the queue, which copies them")
        await local.copy_through_queue(days)
    if fault is not None:
        click.echo(f"fault: {fault.description}")
        await fault.apply(local)
        local = dataclasses.replace(local, environment={**local.environment, **fault.environment()})
        source = source if fault.keeps_digest else await select_manifest(local)
    return await local.stream("python", "-m", "checks", *source)


async def _serve(folder: Path, days: int, sites: int) -> int:
    async with run_local_system(folder, days=days, sites=sites) as local, serve_control(local) as control:
        clock_file.write_control(local.environment, control)
        for line in write_exports(local.folder, local.environment):
            click.echo(line)
        problem = describe_key_problem()
        for line in (
            f"\n# The same lines: source {shlex.quote(str(folder / 'environment'))}",
            "# Then, for example: pulumi up --yes && python -m checks --stack rehearsal",
            f"# npx wrangler secret list --name {local.worker_name}; curl {local.worker_url}/health",
            f"# Use only stack {STACK} in that terminal: PULUMI_OPTION_CONFIG_FILE names its settings file.",
            *([f"# {problem}"] if problem else []),
            "# Let time pass, and fire the crons: python -m rehearsal clock +1d",
            "# Ctrl-C ends it.",
        ):
            click.echo(line, err=True)
        return await local.run_while_alive(_fire_crons(local))


async def _fire_crons(local: LocalSystem) -> int:
    await local.crons.run()
    return 0


@contextlib.contextmanager
def _report_in_one_line() -> Iterator[None]:
    """Report failures outside this program in one line without a traceback: commands, the edge and the disk."""
    try:
        yield
    except (CommandError, EdgeError, clock_file.ClockError) as error:
        click.echo(f"rehearsal: {error}", err=True)
    except OSError as error:
        if error.errno not in _DISK_ERRORS:
            raise
        where = f" ({error.filename})" if error.filename else ""
        click.echo(f"rehearsal: {error.strerror}{where}. Set TMPDIR to a writable folder with free space", err=True)
    else:
        return
    sys.exit(_INCONCLUSIVE)


def _run(work: Coroutine[Any, Any, int]) -> int:
    """Run to the end or to the first signal. Everything is stopped in order in both cases."""
    received: list[signal.Signals] = []

    async def run_until_signal() -> int:
        task = asyncio.ensure_future(work)

        def end(number: signal.Signals) -> None:
            if not received:  # a second signal must not interrupt the stopping
                received.append(number)
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, end, number)
        try:
            return await task
        except asyncio.CancelledError:
            return 128 + received[0] if received else _INCONCLUSIVE

    try:
        code = asyncio.run(run_until_signal())
    finally:
        interrupt.is_one_line("rehearsal")  # asyncio restored Python's own handler
    if received:
        how = "interrupted" if received[0] == signal.SIGINT else f"ended by {received[0].name}"
        with contextlib.suppress(BrokenPipeError):  # no reader is left, and the exit code says it
            click.echo(f"rehearsal: {how}", err=True)
    return code
