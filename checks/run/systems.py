"""The systems of a run, opened as clients: workers, Cloudflare's API and ACE."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from datetime import timedelta

from checks.check import Check, Context
from checks.clients import rehearsal_clock
from checks.clients.ace.client import Ace
from checks.clients.cloudflare.base_url import read_base_url
from checks.clients.cloudflare.tails import Tails
from checks.clients.cloudflare.transport import ApiTransport
from checks.clients.http.client import Http
from checks.clients.http.environment import UnusableEnvironmentError
from checks.clients.http.leaks import SecretFinder
from checks.clients.query.client import QueryWorker
from checks.clients.tail.client import connect, open_tail
from checks.clients.tail.open_tails import OpenTails
from checks.clients.worker.client import BackfillWorker
from checks.diagnosis.worker_address import SETTINGS, create_judge
from checks.model.clock_readings import ClockReadings
from checks.model.credentials import Credentials
from checks.model.finding import Cause
from checks.model.report import EXIT_USAGE
from checks.model.urls import is_base_url
from checks.run.request import Request, RunRefused, Surroundings
from contract.manifest import Manifest

Open = Callable[..., AbstractContextManager[Http]]  # Http.open, with the arguments that all systems share


@contextlib.contextmanager
def open_context(
    request: Request,
    surroundings: Surroundings,
    checks: Collection[Check],
    manifest: Manifest,
    credentials: Credentials,
    secrets: Collection[str],
) -> Iterator[Context]:
    """Yield the context of a run, and close its clients at the end. Raises RunRefused for an unusable environment."""
    with ExitStack() as stack:
        deadline = surroundings.deadline(request.seconds)
        finder = SecretFinder.create(secrets, credentials)
        open_http = functools.partial(
            Http.open, deadline=deadline, secrets=secrets, finder=finder, transport=surroundings.transport
        )
        readings = ClockReadings()
        api_base, offset = _read_environment(surroundings.environ)
        worker, api, ace = _open_systems(stack, open_http, manifest, api_base, readings)
        etl = _open_related(stack, open_http, manifest.siblings.etl_worker, "etlWorker")
        query = _open_related(stack, open_http, manifest.siblings.query_url, "queryUrl")
        transport = ApiTransport(http=api, account_id=manifest.account_id, token=credentials.cloudflare)
        connector = connect if surroundings.connect is None else surroundings.connect
        tails = OpenTails(tails=Tails(transport=transport), script=manifest.worker.name)
        stack.callback(tails.close_all)  # also of a check that was abandoned, or of a run that was interrupted
        context = Context(
            manifest=manifest,
            stack=manifest.stack if request.stack is None else request.stack,
            worker=BackfillWorker(http=worker),
            cloudflare=transport.create_client(),
            ace=lambda site: Ace(http=ace, site=site, key=credentials.ace_key),
            credentials=credentials,
            deadline=deadline,
            now=surroundings.now() + offset,
            selected=frozenset(check.id for check in checks),
            thorough=request.thorough,
            clock_readings=readings,
            report_progress=surroundings.progress,
            command=surroundings.command,
            source=surroundings.source,
            open_tail=lambda within: open_tail(tails, connector, within=within, find_secret=finder.find),
            etl=None if etl is None else BackfillWorker(http=etl),
            query=None if query is None else QueryWorker(http=query),
        )
        judged = dataclasses.replace(context.worker, judge_unresolved=create_judge(context))
        yield dataclasses.replace(context, worker=judged)


def _open_systems(
    stack: ExitStack, open_http: Open, manifest: Manifest, base: str, readings: ClockReadings
) -> tuple[Http, Http, Http]:
    """Open the worker, Cloudflare's API, and ACE. The first two are at Cloudflare, so their clock counts."""
    places = (
        (manifest.worker.url, Cause.WORKER, SETTINGS, readings),
        (base, Cause.CLOUDFLARE, "", readings),
        (manifest.ace.base_url, Cause.ACE, "aceBaseUrl", None),
    )
    try:
        worker, api, ace = (
            stack.enter_context(open_http(place, cause=cause, setting=setting, clock_readings=clock))
            for place, cause, setting, clock in places
        )
    except UnusableEnvironmentError as error:
        raise RunRefused(str(error), EXIT_USAGE) from None
    return worker, api, ace


def _open_related(stack: ExitStack, open_http: Open, url: str | None, setting: str) -> Http | None:
    """Open a related worker. Return None where none is declared or its URL is unusable, which its check reports."""
    if url is None or not is_base_url(url):
        return None
    return stack.enter_context(open_http(url, cause=Cause.WORKER, setting=setting))


def _read_environment(environ: Mapping[str, str]) -> tuple[str, timedelta]:
    """Return the address of Cloudflare's API, and the offset of a rehearsal's clock."""
    try:
        base = read_base_url(environ)
        return base, rehearsal_clock.read_offset(environ, base)
    except UnusableEnvironmentError as error:
        raise RunRefused(str(error), EXIT_USAGE) from None
