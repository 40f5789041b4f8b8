"""Faults of the backfill worker's own code, as patches of its source: requests to ACE, and its endpoints."""

from __future__ import annotations

from rehearsal.ace.weather import Weather
from rehearsal.faults import Fault, actions
from rehearsal.faults.actions import patch_worker

_OTHER_SITE = "ses_elsewhere"
_SITE_IN_PATH = "/api/sites/${site}/timeseries/paginated`"
_KEY_HEADER = 'headers.set("Authorization", `Bearer ${key}`);'
_PAGE_SIZE = "page_size: config.pageSize, raw_data"

REQUESTS = (
    Fault(
        # ACE's cursor defect affects a worker that follows the cursor.
        name="cursor-trusted",
        description="the worker takes small pages and follows ACE's own cursor, which then sends rows again",
        caught_by=("proof",),
        cause="worker",
        apply=patch_worker(
            (_PAGE_SIZE, 'page_size: "10", raw_data'),
            ("nextCursor(cursor, page.next_cursor, times2)", "{ text: page.next_cursor }"),
        ),
    ),
    Fault(
        name="dates-ignored",
        description="the worker ignores the first day of SITES and uses a constant",
        caught_by=("trigger", "r2"),
        cause="worker",
        apply=patch_worker(
            ("=== 0 ? { name, start, end } :", '=== 0 ? { name, start: "2024-12-08", end } :'),
        ),
    ),
    Fault(
        name="envelope-misread",
        description="the worker reads `data` instead of `point_samples`, so that every page looks empty",
        caught_by=("r2",),
        cause="worker",
        apply=patch_worker(
            ("? readPage(text) :", "? { point_samples: JSON.parse(text).data ?? [], has_more: false } :"),
        ),
    ),
    Fault(
        name="header-misnamed",
        description="the worker sends its key in another header, so that ACE reads no key (401)",
        caught_by=("trigger", "logs"),
        cause="worker",
        apply=patch_worker((_KEY_HEADER, 'headers.set("X-Api-Key", key);')),
    ),
    Fault(
        name="key-undefined",
        description="the worker reads a binding that does not exist and sends `Bearer undefined` (ACE: 500)",
        caught_by=("trigger", "logs"),
        cause="worker",
        apply=patch_worker((_KEY_HEADER, 'headers.set("Authorization", `Bearer ${key.value}`);')),
    ),
    Fault(
        name="page-size-invented",
        description="the worker asks for a page_size that ACE refuses (400)",
        caught_by=("trigger", "logs"),
        cause="worker",
        apply=patch_worker((_PAGE_SIZE, 'page_size: "2000", raw_data')),
    ),
    Fault(
        name="site-ignored",
        description="the worker ignores SITES, uses a constant, and stores the data of that other site",
        caught_by=("r2",),
        may_report={"trigger": "worker"},  # it compares the totals of each site
        cause="worker",
        apply=actions.add_site(
            _OTHER_SITE,
            Weather(site=_OTHER_SITE),
            patch_worker(
                ("=== 0 ? { name, start, end } :", f'=== 0 ? {{ name: "{_OTHER_SITE}", start, end }} :'),
            ),
        ),
    ),
    Fault(
        name="site-mixed-up",
        description="the worker asks ACE for another site and stores its data under the declared site's name",
        caught_by=("r2",),
        cause="worker",
        apply=actions.add_site(
            _OTHER_SITE,
            Weather(site=_OTHER_SITE),
            patch_worker((_SITE_IN_PATH, f"/api/sites/{_OTHER_SITE}/timeseries/paginated`")),
        ),
    ),
    Fault(
        name="site-refused",
        description="the worker asks for a constant site that ACE refuses to the key",
        caught_by=("trigger", "logs"),
        cause="worker",
        apply=patch_worker((_SITE_IN_PATH, "/api/sites/ses_nowhere/timeseries/paginated`")),
    ),
)

ENDPOINTS = (
    Fault(
        name="counters-null",
        description="the worker never initialises its counters, so that they are null",
        caught_by=("trigger", "r2"),
        cause="worker",
        apply=patch_worker(
            ("makeCounters = () => ({ samples_fetched: 0, samples_written: 0 });", "makeCounters = () => ({});"),
        ),
    ),
    Fault(
        name="health-constant",
        description="the worker's /health is a constant that does not read its bindings",
        caught_by=("health",),
        cause="worker",
        apply=patch_worker(
            (
                'const [code, status] = problems.length > 0 ? [503, "unhealthy"] : [200, "healthy"];',
                'const [code, status] = [200, "healthy"];',
            ),
            (
                "return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });",
                "return json(code, { status, service: SERVICE, version: VERSION });",
            ),
        ),
    ),
    Fault(
        name="progress-cached",
        description="the worker's progress is in an eventually consistent store, so that /status differs from /trigger",
        caught_by=("trigger",),
        cause="worker",
        apply=patch_worker(
            (
                "const survey = await surveyDays(config, now());",
                "const survey = (globalThis.kept ??= await surveyDays(config, now()));",
            ),
        ),
    ),
    Fault(
        name="trigger-error-as-200",
        description="the worker's /trigger answers 200 with status `error`",
        caught_by=("trigger",),
        cause="worker",
        apply=patch_worker(
            ("return answer(batch, { failed,", 'return json(200, { status: "error", ...batch, failed,'),
        ),
    ),
    Fault(
        name="secret-in-answer",
        description="the worker's /health contains the ACE key",
        caught_by=("health",),
        cause="worker",
        may_report={"parity": "worker"},  # it reads the same answer
        apply=patch_worker(
            (
                "return json(code, { status, service: SERVICE, version: VERSION, worker_version: { id, tag } });",
                "const about = { service: SERVICE, version: VERSION, worker_version: { id, tag } };\n"
                "  return json(code, { status, ...about, debug: { key: env.ACE_API_KEY } });",
            ),
        ),
    ),
    Fault(
        name="secret-in-log",
        description="the worker logs the ACE key with each request to ACE",
        caught_by=("logs",),
        cause="worker",
        apply=patch_worker((_KEY_HEADER, f"{_KEY_HEADER}\n  console.log('headers', [...headers]);")),
    ),
    Fault(
        name="trigger-open",
        description="the worker's /trigger accepts every request, and `reset` deletes all objects",
        caught_by=("key",),
        cause="worker",
        apply=patch_worker(
            (
                "if (!await isOperator(request, config.key)) {",
                'const reset = new URL(request.url).searchParams.has("reset");\n'
                "const all = reset ? (await config.bucket.list()).objects : [];\n"
                "for (const { key } of all) await config.bucket.delete(key);\n"
                'if (config.key === "") {',
            ),
        ),
    ),
    Fault(
        name="trigger-unguarded",
        description="the worker's /trigger accepts every request, and its /status is guarded",
        caught_by=("trigger",),
        cause="worker",
        apply=patch_worker(
            (
                "if (!await isOperator(request, config.key)) {",
                'if (request.method === "GET" && !await isOperator(request, config.key)) {',
            ),
        ),
    ),
    Fault(
        name="trigger-throws",
        description="the worker's /trigger throws and answers 500 without a reason",
        caught_by=("trigger", "logs"),
        cause="worker",
        apply=patch_worker(
            (
                "const running = runLoggedBatch(config, tools,",
                "const running = runLoggedBatch(config.nothing.there, tools,",
            ),
        ),
    ),
)

FAULTS = (*REQUESTS, *ENDPOINTS)
