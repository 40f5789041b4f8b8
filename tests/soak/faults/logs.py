"""Faults that only the live logs show, and faults that keep them from showing a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.random_system import RandomSystem
from tests.fakes.tail import Item
from tests.soak.fault import INCONCLUSIVE, Fault, fault

REFUSED = {"message": "[ACE API] Failed", "code": "upstream_auth", "reason": "ACE answered 401"}
RESULTS = ("[ACE API] Success", "[Backfill] Data written to R2")


def _change_batch(**changes: Any) -> Fault:
    """Return the fault of the worker that a batch's item is changed."""

    def apply(system: RandomSystem) -> None:
        system.script.tail.change = lambda item: item | changes if _is_batch(item) else item

    return fault(apply, "worker")


def _refuse_key(system: RandomSystem) -> None:
    """ACE refuses the key during the batch, and accepts it again."""
    system.remove_first_day()
    line = {"message": [json.dumps(REFUSED)]}
    system.script.tail.change = lambda item: item | {"logs": [line, *item["logs"]]} if _is_batch(item) else item


def _log_nothing(system: RandomSystem) -> None:
    """The batch copies a day, and logs neither ACE nor R2."""
    system.remove_first_day()
    system.script.tail.breaks = False
    system.script.tail.change = lambda item: item | {"logs": [log for log in item["logs"] if not _is_result(log)]}


def _log_nothing_and_break(system: RandomSystem) -> None:
    """The same, where the connection broke, so that the lines may have been lost."""
    _log_nothing(system)
    system.script.tail.breaks = True


def _fail_cron(system: RandomSystem) -> None:
    """A cron fails during the batch."""
    cron: Item = {
        "event": {"cron": "*/5 * * * *"},
        "outcome": "exception",
        "logs": [{"message": [json.dumps(REFUSED)]}],
    }
    system.script.tail.beside = cron


def _show_nothing(system: RandomSystem) -> None:
    system.script.tail.change = lambda _item: None


def _refuse_tail(system: RandomSystem) -> None:
    system.script.tail.is_refused = True


def _is_batch(item: Item) -> bool:
    return str(item["event"]["request"]["url"]).endswith("/trigger")


def _is_result(log: Item) -> bool:
    return str(json.loads(log["message"][0])["message"]).startswith(RESULTS)


FAULTS: Mapping[str, Fault] = {
    # ACE serves the checker with the same key: then the worker's requests are wrong (docs/decisions.md).
    "the log shows that ACE refused the key": fault(_refuse_key, "worker", is_new=True),
    "the log shows neither ACE nor R2": fault(_log_nothing, "worker", is_new=True),
    "the batch throws": _change_batch(outcome="exception"),
    "the batch throws, and its outcome is ok": _change_batch(exceptions=[{"name": "TypeError", "message": "made up"}]),
    "a cron is refused by ACE meanwhile": fault(_fail_cron, "worker"),
    # Lines that a tail may have lost are inconclusive (docs/decisions.md).
    "the log shows neither ACE nor R2, and it broke": fault(
        _log_nothing_and_break, "cloudflare", codes=(INCONCLUSIVE,), is_new=True
    ),
    # The log of the batch is unknown then, and everything else is healthy.
    "the tail shows nothing": fault(_show_nothing, "cloudflare", codes=(INCONCLUSIVE,)),
    "no tail may be opened": fault(_refuse_tail, "configuration", codes=(INCONCLUSIVE,)),
}
