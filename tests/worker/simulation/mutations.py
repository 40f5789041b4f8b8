"""Defects of the worker that the state machine must find: texts of its modules and their replacements."""

from __future__ import annotations

from typing import Any

MUTATIONS: dict[str, dict[str, Any]] = {
    "no lease": {
        "file": "control/lease.js",
        "edits": [
            ("const lease = await takeLease(target, day, ms, now);", "const lease = { release: async () => {} };")
        ],
    },
    "a held lease is taken": {
        "file": "control/lease.js",
        "edits": [("if (heldMs > 0) return { heldMs };", "")],
    },
    "a foreign lease is deleted": {
        "file": "control/lease.js",
        "edits": [("if (found?.etag === etag && now() < end - MARGIN_MS)", "if (found)")],
    },
    "control objects are put without an ETag": {
        "file": "control/objects.js",
        "edits": [("const options = { onlyIf, httpMetadata", "const options = { httpMetadata")],
    },
    "the plan is written after the days are sent": {
        "file": "queue/planner.js",
        "edits": [
            (
                "const etag = await writePlan(",
                "await sendDays(config, orders, { plan, progress, etag: `${known.etag}` });\n    const etag = await writePlan(",
            ),
            ("    await sendDays(config, orders, { plan, progress, etag });\n", ""),
        ],
    },
    "the plan has no limit": {
        "file": "queue/order.js",
        "edits": [("limits.outstanding - plan.size", "limits.outstanding")],
    },
    "the failure record of a stored day remains": {
        "file": "queue/planner.js",
        "edits": [("  await sweepFailures(config, survey, at);\n", "")],
    },
    "a day is put without a condition": {
        "file": "day/store.js",
        "edits": [("    onlyIf,\n    httpMetadata", "    httpMetadata")],
    },
    "a revision drops the rows that ACE has lost": {
        "file": "day/slices.js",
        "edits": [("entry.values.push(...surplus);", "")],
    },
}
