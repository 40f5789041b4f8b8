"""A rule of the bucket that moves old objects to cheaper storage: they are there all the same."""

from __future__ import annotations

from rehearsal import hand
from rehearsal.faults import Fault, Verdict
from rehearsal.local import Local

_RULE = {
    "id": "archive",
    "enabled": True,
    "conditions": {"prefix": ""},
    "storageClassTransitions": [
        {"condition": {"type": "Age", "maxAge": 2_592_000}, "storageClass": "InfrequentAccess"}
    ],
}


async def _apply(local: Local) -> None:
    path = f"r2/buckets/{local.bucket}/lifecycle"
    rules = (await hand.call(local, "GET", path))["rules"]
    await hand.call(local, "PUT", path, json={"rules": [*rules, _RULE]})


FAULT = Fault(
    breaks="somebody added a lifecycle rule that moves objects to infrequent access after 30 days",
    verdict=Verdict.KEPT,
    apply=_apply,
)
