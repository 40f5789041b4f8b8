"""Another key than the declared one is live: everything looks attached."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault

_BY_HAND = {"name": "ACE_API_KEY", "text": "fake-key-put-by-hand", "type": "secret_text"}

FAULT = Fault(
    breaks="somebody put another value, as `wrangler secret put ACE_API_KEY` does, after the deployment",
    caught_by=("secrets", "deployed", "health", "key"),
    blame="configuration",
    apply=breaking.script("PUT", "/secrets", json=_BY_HAND),
)
