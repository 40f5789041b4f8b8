"""One stored object as a check sees it: fetched, or a finding that says why it cannot be judged, and what to type."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from checks.check import Context
from checks.clients.cloudflare.transport import CloudflareInconclusive
from checks.model.finding import Cause, Finding, Inconclusive
from checks.stored_days import days
from checks.stored_days.gzip_reader import UnjudgedDayError
from cloudflare_client.errors import NO_BUCKET

if TYPE_CHECKING:
    from datetime import date

    from cloudflare_client.answers import StoredObject


def stored(context: Context) -> dict[date, StoredObject] | Finding:
    """Return the stored days of the declared range, or the finding that there is no bucket."""
    try:
        return days.stored(context)
    except CloudflareInconclusive as error:
        if NO_BUCKET not in error.codes:
            raise
        bucket = context.manifest.storage.bucket
        return Finding(
            subject=f"bucket {bucket}",
            expected="it exists",
            found="there is no such bucket",
            cause=Cause.STORAGE,
            hint=context.pulumi("up"),
        )


def fetch(context: Context, item: StoredObject) -> bytes | Finding:
    """Return an object as it lies there, or the finding that it cannot be read although it is listed."""
    storage = context.manifest.storage
    answer = context.cloudflare.read_object(storage.bucket, item.key, jurisdiction=storage.jurisdiction)
    if answer.status == 200:
        return answer.body
    return Finding(
        subject=item.key,
        expected="an object that can be read, as the list says",
        found=answer.shown,
        cause=Cause.STORAGE,
        hint=context.pulumi("up"),
    )


def rewrite(
    context: Context, subject: str, expected: str, actual: str, *, key: str, cause: Cause = Cause.WORKER, again: str
) -> Finding:
    """Return the finding for an object that has to be written again: deleted, and left to the worker."""
    bucket = context.manifest.storage.bucket
    hint = f"npx wrangler r2 object delete {bucket}/{key} --remote && {context.again('trigger', again)}"
    return Finding(subject=subject, expected=expected, found=actual, cause=cause, hint=hint)


def writer(item: StoredObject) -> Cause:
    """Return whose an object is that is not whole: one that carries nothing of ours was not written by the worker."""
    return Cause.WORKER if item.metadata else Cause.STORAGE


@contextmanager
def judging(context: Context, key: str, check: str) -> Iterator[None]:
    """Turn a day that is beyond this checker's own bounds into no verdict."""
    try:
        yield
    except UnjudgedDayError as error:
        raise Inconclusive(
            Finding(
                subject=key,
                expected="a day within this checker's bounds",
                found=str(error),
                cause=Cause.CHECKER,
                hint=context.again(check),
            )
        ) from None
