"""The warning about access: data or tokens that this deployment would show to more readers than before."""

from __future__ import annotations

from collections.abc import Iterator

from review import model
from review.markdown import quote
from review.model import Preview

_NO_READER = ("off", "none")  # of a script's logs


def find_openings(seen: Preview) -> list[str]:
    """Return a sentence for each new access: a public worker, an address that gets a secret, a reader of the logs."""
    return [*_find_public_workers(seen), *_find_new_addresses(seen), *_find_readers_of_logs(seen)]


def write_section(seen: Preview) -> Iterator[str]:
    """Yield one warning block, none where access stays as it is."""
    lines = find_openings(seen)
    if lines:
        yield "\n".join(("> [!WARNING]", "> **This deployment opens access.**", *(f"> - {line}" for line in lines)))


def _find_public_workers(seen: Preview) -> Iterator[str]:
    """Yield the query worker where it is new. One that is only created again was public before."""
    gone = {item.name for item in seen.refreshed if item.property == model.GONE}
    created = {step.name for step in seen.changes if step.type == model.SCRIPT and step.op == "create"}
    if model.QUERY in created - gone:
        yield (
            "The query worker is new. It is public: every stored sample can be read by anybody who knows its URL "
            "(docs/query-worker.md)."
        )


def _find_new_addresses(seen: Preview) -> Iterator[str]:
    """Yield the addresses that change and get a secret. A first deployment has no former address."""
    if seen.old is None or seen.new is None:
        return
    sent = {
        "aceBaseUrl": ("the ACE key", seen.old.ace.base_url, seen.new.ace.base_url),
        "workerUrl": ("the operator token, when the checks run", seen.old.worker.url, seen.new.worker.url),
        "etlWorker": (
            "the operator token, when the checks run",
            seen.old.siblings.etl_worker,
            seen.new.siblings.etl_worker,
        ),
    }
    for setting, (secret, before, after) in sent.items():
        if after is not None and after != before:
            yield f"`{setting}` is another address: {quote(after)} gets {secret}."


def _find_readers_of_logs(seen: Preview) -> Iterator[str]:
    """Yield the settings of the script that send its logs elsewhere than before."""
    old, new = (None if each is None else each.worker.settings for each in (seen.old, seen.new))
    if new is None:
        return
    for name, title in (("tail_consumers", "other workers"), ("logpush", "storage or a service")):
        value = getattr(new, name)
        if value not in (*_NO_READER, getattr(old, name, None)):
            yield f"{quote(name)} is {quote(value)}: the logs of the worker go to {title}."
