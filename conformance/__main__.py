"""``python -m conformance``: checks the facts that this project relies on against one Cloudflare account."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import click

from cloudflare_client.client import BASE_URL
from cloudflare_client.errors import ApiRefusedError, CloudflareError
from conformance.account.api import Api, connect, explain
from conformance.account.clean_up import clean_up
from conformance.account.ledger import LedgerError, read_ledger
from conformance.engine.stack import EngineError
from conformance.engine.versions import read_versions
from conformance.names import NameRefusedError, make_name, parse_name
from conformance.prepare import LEDGER, make_world
from conformance.run import Interrupted, refuse_existing_names, run
from conformance.statement import Result, Verdict
from conformance.transcript import Transcript
from contract.setting_rules import find_violation
from contract.version import VERSION

USAGE, UNKNOWN = 2, 3
TOKEN = "CLOUDFLARE_API_TOKEN"  # noqa: S105 - the name of a variable, not its value


class Ended(Exception):  # noqa: N818 - named for the event
    """The command ends with one line and an exit code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="building-vitals")
@click.option(
    "--name",
    metavar="NAME",
    envvar="REHEARSAL_CONFORMANCE_NAME",
    help="Name of the worker, the bucket and the stack. Default: bv-conformance-<date>-<random>.",
)
@click.option(
    "--account",
    metavar="ID",
    envvar="CLOUDFLARE_ACCOUNT_ID",
    help="Account, 32 hex digits. Default: CLOUDFLARE_ACCOUNT_ID.",
)
@click.option(
    "--worker-url",
    metavar="URL",
    envvar="REHEARSAL_CONFORMANCE_URL",
    help="Address of the worker. Default: the one under workers.dev.",
)
@click.option(
    "--output",
    metavar="FOLDER",
    default=".",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the transcript NAME.md and NAME.json. Default: the current one.",
)
@click.option("--clean-up", is_flag=True, help="Delete only what an earlier run of --name on this machine left.")
def main(*, name: str | None, account: str | None, worker_url: str | None, output: Path, clean_up: bool) -> None:
    """Check the facts that this project relies on against a Cloudflare account.

    Makes a worker, two buckets, a D1 database and a stack of a new name, probes every statement, and deletes all of it.
    Exits 0: all confirmed, 1: one is refuted, 3: one is unknown or something is left, 2: refused, nothing was made.

    \b
      CLOUDFLARE_API_TOKEN   may edit Workers Scripts, R2 Storage and D1
      CLOUDFLARE_BASE_URL    another API, for example the local Cloudflare
    """  # noqa: D301 - click reads the \b
    try:
        with _interruptible() as begin_clean_up, _connect(account) as api:
            if clean_up:
                sys.exit(_clean_up(api, name))
            sys.exit(_run(api, name, worker_url, output, begin_clean_up))
    except Interrupted as interruption:
        click.echo(f"conformance: {interruption}", err=True)
        sys.exit(UNKNOWN)
    except Ended as end:
        click.echo(f"conformance: {end}", err=True)
        sys.exit(end.code)
    except (NameRefusedError, LedgerError, EngineError) as error:
        click.echo(f"conformance: {error}", err=True)
        sys.exit(USAGE)
    except CloudflareError as error:
        refused = isinstance(error, ApiRefusedError) and error.is_unauthorised
        click.echo(f"conformance: {explain(error)}. Nothing was made", err=True)
        sys.exit(USAGE if refused else UNKNOWN)


@contextmanager
def _connect(account: str | None) -> Iterator[Api]:
    token = os.environ.get(TOKEN)
    if not token:
        raise Ended(f"{TOKEN} is not set. Next: export {TOKEN} (docs/conformance.md)", USAGE)
    if not account:
        raise Ended("the account is not set. Use --account or CLOUDFLARE_ACCOUNT_ID", USAGE)
    if violation := find_violation("accountId", account):
        raise Ended(f"--account or CLOUDFLARE_ACCOUNT_ID: {violation}", USAGE)
    base_url = os.environ.get("CLOUDFLARE_BASE_URL") or BASE_URL
    with connect(base_url=base_url, account_id=account, token=token) as api:
        yield api


def _run(api: Api, name: str | None, worker_url: str | None, output: Path, begin_clean_up: Callable[[], None]) -> int:
    now = datetime.now(tz=UTC)
    names = parse_name(name or make_name(now))
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Ended(f"--output: {output} cannot be made ({error.strerror})", USAGE) from None
    refuse_existing_names(api, names)
    world = make_world(api, names, environment=os.environ, worker_url=worker_url)
    click.echo(f"{names.run}: makes a worker, two buckets, a D1 database and a stack, and deletes them at the end")
    versions = read_versions(world.stack.environment, base_url=api.base_url)
    try:
        transcript = run(world, now=now, versions=versions, show=_show, begin_clean_up=begin_clean_up)
    except BaseException:
        for thing in world.ledger.things:
            click.echo(f"left: {thing.kind} {thing.name}. {_advise(names.run)}", err=True)
        raise
    _finish(transcript, world.stack.folder, output)
    return transcript.code


def _finish(transcript: Transcript, folder: Path, output: Path) -> None:
    file = output / f"{transcript.name}.md"
    file.write_text(transcript.to_markdown())
    file.with_suffix(".json").write_text(transcript.to_json())
    for item in transcript.left:
        click.echo(f"left: {item}. {_advise(transcript.name)}", err=True)
    if not transcript.left:
        shutil.rmtree(folder)
    counts = "  ".join(f"{verdict}={count}" for verdict, count in transcript.counts.items())
    click.echo(f"conformance: {counts}  (exit {transcript.code}). Transcript: {file}")


def _advise(name: str) -> str:
    return f"Run: scripts/conformance --clean-up --name {name}"


def _clean_up(api: Api, name: str | None) -> int:
    names = parse_name(name or "")
    folder = Path(tempfile.gettempdir(), names.run)
    ledger = read_ledger(folder / LEDGER, names, account=api.account_id)
    left = clean_up(api, ledger)
    for item in left:
        click.echo(f"left: {item}", err=True)
    if left:
        return UNKNOWN
    shutil.rmtree(folder)
    click.echo(f"conformance: everything that {names.run} left was deleted")
    return 0


def _show(result: Result) -> None:
    click.echo(f"{result.answer.verdict!s:<11}{result.id}")
    if result.answer.verdict is not Verdict.CONFIRMED:
        click.echo(f"           {result.answer.evidence}")


@contextmanager
def _interruptible() -> Iterator[Callable[[], None]]:
    """Let the first signal end the probes. A later one, and one during the deletion, is answered with a line."""

    def end(number: int, _frame: FrameType | None) -> None:
        begin_clean_up()
        raise Interrupted(f"{signal.Signals(number).name} arrived")

    def wait(_number: int, _frame: FrameType | None) -> None:
        os.write(2, b"conformance: deleting what the run made, please wait\n")

    def begin_clean_up() -> None:
        for number in former:
            signal.signal(number, wait)

    former = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield begin_clean_up
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    main(prog_name="python -m conformance")
