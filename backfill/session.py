"""One command's connection to a deployment: its manifest, its credentials, and its clients."""

from __future__ import annotations

import contextlib
import functools
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from backfill.errors import EXIT_INCONCLUSIVE, EXIT_USAGE, CommandError
from backfill.worker import OperatedWorker
from checks.clients import rehearsal_clock
from checks.clients.ace.client import Ace
from checks.clients.cloudflare.base_url import read_base_url
from checks.clients.cloudflare.transport import ApiTransport
from checks.clients.http.client import Http
from checks.clients.http.environment import UnusableEnvironmentError
from checks.model.credentials import CredentialError, Credentials, gather_credentials, list_secrets
from checks.model.deadline import Deadline
from checks.model.finding import Cause
from checks.model.redaction import Redactor
from checks.run.stack.deployed_manifest import read_manifest
from checks.run.stack.pulumi_cli import UnreadableError, UnusableError

if TYPE_CHECKING:
    from checks.clients.http.client import Transport
    from cloudflare_client.client import CloudflareClient
    from contract.manifest import Manifest
    from contract.manifest.sites import DeclaredSite

MAX_SECONDS = 86_400.0  # of a command. A long replacement is a command of hours
RETRY_SECONDS = 60.0  # in which one request is repeated
COMMAND = "python -m backfill"

T = TypeVar("T")


class PatientDeadline(Deadline):
    """The deadline of a command of hours: one request is repeated for RETRY_SECONDS at most."""

    __slots__ = ()

    def retry(self, function: Callable[[], T], *, keep: float = 0.0) -> T:
        """Call the function until it raises no TransientError, within RETRY_SECONDS."""
        return Deadline.retry(self.shorten(RETRY_SECONDS), function, keep=keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Everything outside the command. ``transport`` replaces the network. ``now`` is UTC.

    ``command`` starts this program and ``checks`` the checks, for the next commands of a message.
    """

    environ: Mapping[str, str]
    transport: Transport | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    command: str = COMMAND
    checks: str = "python -m checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A deployment that a command operates. ``option`` names it on the command line, as in ``--stack prod``."""

    manifest: Manifest
    stack: str
    option: str
    credentials: Credentials
    cloudflare: CloudflareClient
    worker: OperatedWorker
    ace: Http
    redactor: Redactor
    surroundings: Surroundings
    offset: timedelta

    @property
    def now(self) -> datetime:
        """Return the time (UTC), of the rehearsal where there is one."""
        return self.surroundings.now() + self.offset

    @property
    def token_source(self) -> str:
        """Return the source of the operator token, for a message."""
        source = self.credentials.operator_source
        return "no source" if source is None else source.value

    def find_site(self, name: str) -> DeclaredSite:
        """Return a declared site. Raises CommandError for any other name."""
        found = next((site for site in self.manifest.sites if site.name == name), None)
        if found is None:
            names = [site.name for site in self.manifest.sites]
            shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
            raise CommandError(f"no site {name!r} in {self.stack}. Declared: {shown}", EXIT_USAGE)
        return found

    def choose_sites(self, name: str | None) -> tuple[DeclaredSite, ...]:
        """Return one declared site, or all without a name."""
        return self.manifest.sites if name is None else (self.find_site(name),)

    def open_ace(self, site: str) -> Ace:
        """Return a client of one site at ACE."""
        return Ace(http=self.ace, site=site, key=self.credentials.ace_key)

    def name_command(self, *words: str) -> str:
        """Return a command of this program for this deployment, for a message."""
        return " ".join([self.surroundings.command, *words, self.option])

    def name_checks(self, *words: str) -> str:
        """Return a command of the checks for this deployment, for a message."""
        return " ".join([self.surroundings.checks, *words, self.option])


@contextlib.contextmanager
def open_session(
    stack: str | None, file: str | None, surroundings: Surroundings, *, planned: bool = False
) -> Iterator[Session]:
    """Yield the session of a deployment, and close its clients at the end.

    With ``planned`` the settings of a stack are the configured ones, which the next ``pulumi up`` deploys.
    Raises CommandError, in one line without a secret, where the deployment or the environment cannot be used.
    """
    if stack is None and file is None:
        raise CommandError("name the deployment with --stack NAME or --manifest FILE", EXIT_USAGE)
    for name, value in (("stack", stack), ("manifest", file)):
        if value is not None and not value.strip():
            raise CommandError(f"--{name}: the name is empty. Is a variable not set?", EXIT_USAGE)
    environ = surroundings.environ
    try:
        deployed = read_manifest(stack, file, planned=planned, key=True)
        own = {"stack_token": deployed.operator_token, "stack_key": deployed.ace_key}
        credentials = gather_credentials(environ, **own)
        base = read_base_url(environ)
        offset = rehearsal_clock.read_offset(environ, base)
    except (UnusableError, CredentialError, UnusableEnvironmentError) as error:
        raise CommandError(Redactor(list_secrets(environ)).redact_line(str(error)), EXIT_USAGE) from None
    except UnreadableError as error:
        raise CommandError(Redactor(list_secrets(environ)).redact_line(str(error)), EXIT_INCONCLUSIVE) from None
    manifest, secrets = deployed.manifest, list_secrets(environ, *own.values())
    deadline = PatientDeadline.starting_now(MAX_SECONDS, clock=surroundings.clock, sleep=surroundings.sleep)
    open_http = functools.partial(Http.open, deadline=deadline, secrets=secrets, transport=surroundings.transport)
    with ExitStack() as clients:
        try:
            worker, api, ace = (
                clients.enter_context(open_http(place, cause=cause, setting=setting))
                for place, cause, setting in (
                    (manifest.worker.url, Cause.WORKER, "workersSubdomain and workerUrl"),
                    (base, Cause.CLOUDFLARE, ""),
                    (manifest.ace.base_url, Cause.ACE, "aceBaseUrl"),
                )
            )
        except UnusableEnvironmentError as error:
            raise CommandError(str(error), EXIT_USAGE) from None
        transport = ApiTransport(http=api, account_id=manifest.account_id, token=credentials.cloudflare)
        yield Session(
            manifest=manifest,
            stack=manifest.stack if stack is None else stack,
            option=_name_option(stack, file),
            credentials=credentials,
            cloudflare=transport.create_client(),
            worker=OperatedWorker(http=worker, token=credentials.operator),
            ace=ace,
            redactor=Redactor(secrets),
            surroundings=surroundings,
            offset=offset,
        )


def _name_option(stack: str | None, file: str | None) -> str:
    parts = [("--stack", stack), ("--manifest", file)]
    return " ".join(f"{name} {shlex.quote(value)}" for name, value in parts if value is not None)
