"""An upload by hand that does not know of the bucket: an upload replaces every binding that it does not name."""

from __future__ import annotations

import json

from rehearsal.faults import Fault
from rehearsal.local import ROOT, Local

_CONFIG = {"main": "worker.js", "compatibility_date": "2026-04-01", "keep_vars": True}


async def _apply(local: Local) -> None:
    folder = local.folder / "by-hand"
    folder.mkdir(exist_ok=True)
    (folder / "worker.js").write_bytes((ROOT / "workers" / "dist" / "backfill.js").read_bytes())
    (folder / "wrangler.json").write_text(json.dumps({"name": local.worker_name, **_CONFIG}))
    await local.wrangler("deploy", "--config", str(folder / "wrangler.json"))


FAULT = Fault(
    breaks="somebody ran `wrangler deploy` with a configuration that does not bind the bucket",
    caught_by=("secrets", "bindings", "deployed", "health", "r2"),
    blame="configuration",
    apply=_apply,
)
