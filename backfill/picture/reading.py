"""Reads the picture: the list of the bucket, the control objects, the versions of the worker, and the key.

Every request reads. Without the list of the bucket there is no picture. It names each other part that cannot be read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from backfill.picture.days import Rules, judge_site
from backfill.picture.listing import list_failures, list_sites
from backfill.picture.model import Key, PastRun, Picture, Version
from checks.clients.worker.run_log import Run, read_run_log
from checks.model.background import run_in_background
from checks.model.finding import ShapeError, Stop
from contract import ace_key
from contract.control_objects import PAUSE_KEY, RUN_LOG_KEY, ControlObjectError, Pause, parse_pause

if TYPE_CHECKING:
    from backfill.picture.site import Site
    from backfill.session import Session
    from checks.model.redaction import Redactor

MAX_RUNS = 20  # of the run log, in the picture
MAX_VERSIONS = 10  # that wrote days, in the picture
Progress = Callable[[int, int], None]  # gets the number of sites that are read, and of all

T = TypeVar("T")


def read_picture(session: Session, site: str | None, progress: Progress, *, may_be_new: bool = False) -> Picture:
    """Return the picture of one site, or of all. Raises Stop where the bucket cannot be listed.

    With ``may_be_new`` a bucket that does not exist is an empty one.
    """
    unread: list[str] = []
    chosen = session.choose_sites(site)
    progress(0, len(chosen))
    runs = run_in_background(lambda: _read_runs(session), 1)
    pause = run_in_background(lambda: read_pause(session), 2)
    ace, now = session.manifest.ace, session.now
    rules = Rules(settle_hours=ace.settle_hours, recheck_days=ace.recheck_days, now=now)
    listed = list_failures(session, unread.append, may_be_new=may_be_new)
    failures = [replace(failure, code=session.redactor.redact_line(failure.code)) for failure in listed]
    sites: list[Site] = []
    for declared, stored in list_sites(session, chosen, may_be_new=may_be_new):
        own = [failure for failure in failures if failure.site == declared.name]
        dates = (declared.start_date, declared.end_date)
        sites.append(judge_site(declared.name, *dates, stored=stored, failures=own, rules=rules))
        progress(len(sites), len(chosen))
    return Picture(
        stack=session.stack,
        worker=session.manifest.worker.name,
        bucket=session.manifest.storage.bucket,
        at=now,
        sites=tuple(sites),
        recheck_days=rules.recheck_days,
        runs=_attempt(f"the run log {RUN_LOG_KEY}", runs, (), unread),
        pause=_attempt(f"the pause {PAUSE_KEY}", pause, None, unread),
        key=_read_key(session),
        versions=_attempt("the worker's versions", lambda: _read_versions(session, sites), (), unread),
        unread=tuple(session.redactor.redact_line(text) for text in unread),
    )


def _attempt(name: str, read: Callable[[], T], default: T, unread: list[str]) -> T:
    """Return a part of the picture, or the default where it cannot be read, which is noted."""
    try:
        return read()
    except Stop as stop:
        unread.append(f"{name}: {stop.finding.found}")
    except (ShapeError, ControlObjectError) as error:
        unread.append(f"{name}: {error}")
    return default


def read_pause(session: Session) -> Pause | None:
    """Return the pause without secrets, None where the backfill is not paused. Raises Stop or ControlObjectError."""
    storage = session.manifest.storage
    answer = session.cloudflare.read_object(storage.bucket, PAUSE_KEY, jurisdiction=storage.jurisdiction)
    return None if answer.status == 404 else redact_pause(parse_pause(answer.body), session.redactor)


def redact_pause(pause: Pause, redactor: Redactor) -> Pause:
    """Return a pause without secrets and control characters, because another person may have written it."""
    return replace(pause, reason=redactor.redact_line(pause.reason), by=redactor.redact_line(pause.by))


def _read_runs(session: Session) -> tuple[PastRun, ...]:
    log = read_run_log(session.cloudflare, session.manifest.storage)[:MAX_RUNS]
    return tuple(_shorten(run, session.redactor) for run in log)


def _shorten(run: Run, redactor: Redactor) -> PastRun:
    return PastRun(
        trigger=run.trigger,
        started=run.started,
        ended=run.ended,
        version=redactor.redact_line(run.version),
        planned=run.planned,
        queued=run.queued,
        failed=run.failed,
        stored=run.stored,
        rechecked=run.rechecked,
        kept=run.kept,
        error="" if run.error is None else redactor.redact_line(run.error.shown),
    )


def _read_versions(session: Session, sites: Iterable[Site]) -> tuple[Version, ...]:
    """Return the live versions, then those that wrote most of the days."""
    written = Counter(day.version for site in sites for day in site.days if day.version)
    worker = session.manifest.worker.name
    live = session.cloudflare.read_deployment(worker).ids
    wanted = list(dict.fromkeys([*sorted(live), *(name for name, _ in written.most_common(MAX_VERSIONS))]))
    found = session.cloudflare.list_versions(worker, lambda known: known.keys() >= set(wanted))
    redact = session.redactor.redact_line
    made = {version.id: redact(version.made) for version in found}
    return tuple(
        Version(
            id=redact(name), made=made.get(name, f"not a version of {worker}"), is_live=name in live, days=written[name]
        )
        for name in wanted
    )


def _read_key(session: Session) -> Key | None:
    key = session.credentials.ace_key
    if key is None:
        return None
    assessment = ace_key.assess(key.reveal(), now=session.now)
    return Key(source=session.credentials.ace_source, expires=assessment.expires)
