"""An upload by hand that knows of the bucket and of no setting: what an upload does not name, it wipes."""

from __future__ import annotations

import json

from rehearsal.faults import Fault
from rehearsal.local import ROOT, Local

_CONFIG = {"main": "worker.js", "compatibility_date": "2026-04-01", "keep_vars": False}


async def _apply(local: Local) -> None:
    folder = local.folder / "by-hand-with-bucket"
    folder.mkdir(exist_ok=True)
    (folder / "worker.js").write_bytes((ROOT / "workers" / "backfill" / "worker.js").read_bytes())
    bound = {"r2_buckets": [{"binding": "BUCKET", "bucket_name": local.bucket}]}
    (folder / "wrangler.json").write_text(json.dumps({"name": local.worker_name, **_CONFIG, **bound}))
    await local.wrangler("deploy", "--config", str(folder / "wrangler.json"))


FAULT = Fault(
    breaks="somebody ran `wrangler deploy` with a configuration that binds the bucket and holds no plain text",
    caught_by=("secrets", "bindings", "deployed", "health"),
    blame="config",
    apply=_apply,
)
