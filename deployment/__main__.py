"""``python -m deployment``: deploys a stack and verifies it, and makes an earlier version live again."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import click

from contract.operator_token import derive_operator_token
from contract.version import VERSION
from deployment.child import Interruption
from deployment.job import Job
from deployment.rollback import RollbackError, Target, roll_back
from deployment.workflow import Workflow

FAILED, USAGE = 1, 2  # exit codes
SECRETS = (  # the variables of review/github/environment.sh
    "CLOUDFLARE_API_TOKEN",
    "OPERATOR_TOKEN",
    "ACE_API_KEY",
    "GITHUB_TOKEN",
    "NOTIFY_URL",
    "HEARTBEAT_URL",
    "PULUMI_ACCESS_TOKEN",
    "PULUMI_CONFIG_PASSPHRASE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "VAULT_SERVER_TOKEN",
    "OP_SERVICE_ACCOUNT_TOKEN",
)
MIN_SECRET = 8  # characters. A shorter value would mask ordinary words


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="building-vitals")
def group() -> None:
    """Deploy a stack and verify it, or make an earlier version of a worker live again.

    Exit codes: 0 deployed and verified, 1 a check failed, 2 usage, 3 inconclusive, 130 or 143 cancelled.
    Any other code is the one of `pulumi up`.
    """


@group.command(short_help="Run `pulumi up` once, then the checks.")
@click.option("--stack", metavar="NAME", required=True, help="The stack.")
@click.option("--state", metavar="FILE", help="The file of the state that was told: docs/alerts.md.")
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="A report of the checks as JUnit.")
@click.option(
    "--rollback",
    type=click.Choice(["print", "auto"]),
    default="print",
    show_default=True,
    help="Print the command that puts back the version that served before, or run it.",
)
@click.option("--release-lock", is_flag=True, help="Release a lock of the state whose holder is not known to run.")
def deploy(stack: str, state: str | None, junit: Path | None, rollback: str, release_lock: bool) -> None:
    """Run `pulumi up` without a second preview, then the checks.

    SIGINT and SIGTERM reach the engine, which ends its running operation and releases the lock.
    """
    interruption = Interruption()
    interruption.listen()
    environ = dict(os.environ)
    values = _list_secrets(environ)
    with tempfile.TemporaryDirectory(prefix="deployment-", dir=environ.get("RUNNER_TEMP") or None) as folder:
        job = Job(
            stack=stack,
            folder=Path(folder),
            environ=environ,
            interruption=interruption,
            workflow=Workflow.of(environ, values),
            state=state,
            junit=junit,
            rolls_back=rollback == "auto",
            releases_lock=release_lock,
        )
        code = job.run()
    sys.exit(code)


@group.command(short_help="Make an earlier version live again.")
@click.option("--account", metavar="ID", required=True, help="The account.")
@click.option("--worker", metavar="NAME", required=True, help="The worker.")
@click.option("--version", metavar="ID", required=True, help="The version that will serve every request.")
@click.option("--failed", metavar="ID", default="", help="The version whose verification failed, for the record.")
def rollback(account: str, worker: str, version: str, failed: str) -> None:
    """Send all requests of a worker to an earlier version.

    Needs CLOUDFLARE_API_TOKEN. The next `pulumi up` deploys the program again, so correct it first.
    """
    if not os.environ.get("CLOUDFLARE_API_TOKEN"):
        raise click.UsageError("CLOUDFLARE_API_TOKEN is not set: export it with the permission Workers Scripts: Edit")
    try:
        roll_back(Target(account=account, worker=worker, version=version, failed=failed), environ=os.environ)
    except RollbackError as error:
        _end(str(error), FAILED)
    click.echo(f"version {version} of {worker} serves every request. Correct the program before the next `pulumi up`")


def main(argv: list[str] | None = None) -> NoReturn:
    """Run the command and end the process. Every error is one line on standard error."""
    try:
        group.main(argv, prog_name="python -m deployment", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(USAGE)
    except click.ClickException as error:
        _end(error.format_message(), USAGE)
    except (KeyboardInterrupt, click.Abort):
        _end("interrupted", FAILED)
    sys.exit(0)


def _list_secrets(environ: Mapping[str, str]) -> list[str]:
    """Return the secrets of the environment, and the operator token that is derived from the key."""
    values = [environ[name] for name in SECRETS if len(environ.get(name, "")) >= MIN_SECRET]
    key = environ.get("ACE_API_KEY")
    return [*values, derive_operator_token(key)] if key else values


def _end(text: str, code: int) -> NoReturn:
    click.echo(f"error: {text}".encode("ascii", "backslashreplace").decode(), err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
