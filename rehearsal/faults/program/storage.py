"""Faults of the backfill worker's own code, as patches of its source: the objects that it stores."""

from __future__ import annotations

from rehearsal.faults import Fault
from rehearsal.faults.actions import patch_worker

_TIMES = "const all = new Float64Array(rows.length);"
_CONTENT_TYPE = 'httpMetadata: { contentType: "application/x-ndjson" },'

FAULTS = (
    Fault(
        # Some clients then decompress twice, and others not at all.
        name="encoding-declared",
        description="the worker's objects are named .gz and declare Content-Encoding: gzip too",
        caught_by=("r2",),
        cause="worker",
        apply=patch_worker(
            (_CONTENT_TYPE, 'httpMetadata: { contentType: "application/x-ndjson", contentEncoding: "gzip" },'),
        ),
    ),
    Fault(
        name="gzip-twice",
        description="the worker compresses each day twice",
        caught_by=("r2", "query"),
        cause="worker",
        apply=patch_worker(
            (
                "return { body: new Blob(this.#chunks), digest",
                'const twice = new Blob(this.#chunks).stream().pipeThrough(new CompressionStream("gzip"));\n'
                "return { body: await new Response(twice).blob(), digest",
            ),
        ),
    ),
    Fault(
        name="layout-changed",
        description="the worker writes its objects to other keys than keyTemplate declares",
        caught_by=("r2",),
        cause="worker",
        apply=patch_worker(
            ('keyTemplate.replace("{site}", site).replace("{date}", date);', "`data/${date}/${site}.ndjson.gz`;"),
        ),
    ),
    Fault(
        name="metadata-absent",
        description="the worker writes its objects without the number of their samples",
        caught_by=("r2", "query"),
        cause="worker",
        apply=patch_worker(("samples: `${samples}`,\n    points: `", "points: `")),
    ),
    Fault(
        name="rows-lost",
        description="the worker loses the first row of every page",
        caught_by=("proof",),
        cause="worker",
        apply=patch_worker((_TIMES, f"rows = rows.slice(1);\n{_TIMES}")),
    ),
    Fault(
        name="values-rounded",
        description="the worker rounds the values that it stores",
        caught_by=("proof",),
        cause="worker",
        apply=patch_worker(("= formatValue(value);", "= String(Math.round(Number(value)) + 1);")),
    ),
    Fault(
        name="write-swallowed",
        description="the worker ignores a failed write and counts the day as complete",
        caught_by=("r2",),
        may_report={"trigger": "worker"},  # it compares the totals of each site
        cause="worker",
        apply=patch_worker(
            ('SERVICE = "backfill-worker";', 'SERVICE = "backfill-worker";\nconst DONE = new Set();'),
            (
                "const missing = due.filter((date) => !stored.has(date));",
                "const missing = due.filter((date) => !stored.has(date) && !DONE.has(date));",
            ),
            (
                "const isStored = await createObject(config, day, object);",
                "DONE.add(day.date);\n"
                "const isStored = await createObject({ ...config, bucket: void 0 }, day, object).catch(() => false);",
            ),
        ),
    ),
)
