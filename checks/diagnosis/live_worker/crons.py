"""Reads the live crons, and why they are not the declared ones: never sent, or changed outside Pulumi."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from checks.check import Context
from checks.diagnosis.live_version import is_stack_upload
from checks.model.finding import Inconclusive
from cloudflare_client.versions import WorkerVersion
from contract.cron.digest import are_unsent, digest_crons, read_cron_digest

if TYPE_CHECKING:
    from cloudflare_client.versions import Schedule

NOT_FINISHED = "the last `pulumi up` did not finish"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCrons:
    """The live crons.

    ``unfinished`` says that the last `pulumi up` did not send the declared ones, ``outside`` that they were changed
    outside Pulumi since. Where neither is known, both are false.
    """

    crons: frozenset[str]
    unfinished: bool = False
    outside: bool = False

    @property
    def reason(self) -> str:
        """Return why the live crons are not the declared ones, to be put after a text, or an empty text."""
        return f": {NOT_FINISHED}" if self.unfinished else ""


def read_live_crons(context: Context) -> LiveCrons:
    """Return the live crons. The versions are read only where the crons are not the declared ones."""
    live = context.cloudflare.list_schedules(context.manifest.worker.name)
    crons = frozenset(item.cron for item in live)
    if crons == frozenset(context.manifest.schedules):
        return LiveCrons(crons=crons)
    with contextlib.suppress(Inconclusive):  # the difference is reported in any case
        return _explain(context, live, crons)
    return LiveCrons(crons=crons)


def _explain(context: Context, live: Sequence[Schedule], crons: frozenset[str]) -> LiveCrons:
    uploads, tag = _list_uploads(context), context.manifest.worker.tag
    if not uploads:
        return LiveCrons(crons=crons)
    last, *earlier = uploads
    if last.tag != tag:  # the manifest is not that of the last upload
        return LiveCrons(crons=crons, unfinished=read_cron_digest(last.tag) == digest_crons(crons))
    changed_on = max((item.changed_on for item in live), default="")
    tags = [version.tag for version in earlier]
    unfinished = are_unsent(crons, changed_on=changed_on, uploaded_on=last.created_on, earlier=tags)
    return LiveCrons(crons=crons, unfinished=unfinished, outside="" < last.created_on < changed_on and not unfinished)


def _list_uploads(context: Context) -> list[WorkerVersion]:
    """Return the known uploads of the stack, newest first. The first page of versions has the last one as a rule."""
    worker = context.manifest.worker

    def is_enough(found: Mapping[str, WorkerVersion]) -> bool:
        return any(is_stack_upload(version, worker.tag) for version in found.values())

    versions = context.cloudflare.list_versions(worker.name, is_enough)
    return [version for version in versions if is_stack_upload(version, worker.tag)]
