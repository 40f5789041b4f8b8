"""Cloudflare's API is out."""

from __future__ import annotations

from rehearsal import breaking
from rehearsal.faults import Fault, Verdict
from rehearsal.trouble import Kind, Trouble

FAULT = Fault(
    breaks="every request to Cloudflare's API is answered 502 by a proxy",
    caught_by=("secrets", "deployed", "bindings"),
    blame="cloudflare",
    verdict=Verdict.NONE,
    seconds=3.5,  # the API is asked for half of it, and the rest is for those who need no API
    besides={"r2": "cloudflare"},
    apply=breaking.to_api(Trouble(kind=Kind.STATUS)),
)
