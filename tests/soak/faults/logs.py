"""What only the live logs show, and what keeps them from showing anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.fakes.system import System
from tests.fakes.tail import Item
from tests.soak.fault import INCONCLUSIVE, Fault, fault

REFUSED = {"message": "[ACE API] Failed", "code": "upstream_auth", "reason": "ACE answered 401"}
RESULTS = ("[ACE API] Success", "[Backfill] Data written to R2")


def _shown(**changes: Any) -> Fault:
    """Return the fault that a batch's item is another one; it is the worker's."""

    def apply(system: System) -> None:
        system.cloudflare.tail.change = lambda item: item | changes if _is_batch(item) else item

    return fault(apply, "worker")


def _refused(system: System) -> None:
    """ACE refuses the key while the batch runs, and takes it again."""
    system.lack()
    line = {"message": [json.dumps(REFUSED)]}
    system.cloudflare.tail.change = lambda item: item | {"logs": [line, *item["logs"]]} if _is_batch(item) else item


def _silent(system: System) -> None:
    """The batch has something to do, and logs nothing of ACE or R2."""
    system.lack()
    system.cloudflare.tail.breaks = False
    system.cloudflare.tail.change = lambda item: item | {"logs": [log for log in item["logs"] if not _is_result(log)]}


def _lost(system: System) -> None:
    """The same, where the connection broke, so that the lines may have been lost on the way."""
    _silent(system)
    system.cloudflare.tail.breaks = True


def _cron(system: System) -> None:
    """A cron fails meanwhile."""
    cron: Item = {
        "event": {"cron": "*/5 * * * *"},
        "outcome": "exception",
        "logs": [{"message": [json.dumps(REFUSED)]}],
    }
    system.cloudflare.tail.beside = cron


def _blind(system: System) -> None:
    system.cloudflare.tail.change = lambda _item: None


def _closed(system: System) -> None:
    system.cloudflare.tail.refused = True


def _is_batch(item: Item) -> bool:
    return str(item["event"]["request"]["url"]).endswith("/trigger")


def _is_result(log: Item) -> bool:
    return str(json.loads(log["message"][0])["message"]).startswith(RESULTS)


FAULTS: Mapping[str, Fault] = {
    # ACE serves the checker with the same key: then the worker asks wrongly (docs/decisions.md).
    "the log shows that ACE refused the key": fault(_refused, "worker"),
    "the log shows neither ACE nor R2": fault(_silent, "worker"),
    "the batch throws": _shown(outcome="exception"),
    "the batch throws, and its outcome is ok": _shown(exceptions=[{"name": "TypeError", "message": "made up"}]),
    "a cron is refused by ACE meanwhile": fault(_cron, "worker"),
    # What a tail may have lost is no verdict (docs/decisions.md).
    "the log shows neither ACE nor R2, and it broke": fault(_lost, "cloudflare", codes=(INCONCLUSIVE,)),
    # Whether the batch logged well is unknown then, and the rest is well: nobody can say more.
    "the tail shows nothing": fault(_blind, "cloudflare", codes=(INCONCLUSIVE,)),
    "no tail may be opened": fault(_closed, "configuration", codes=(INCONCLUSIVE,)),
}
