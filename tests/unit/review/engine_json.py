"""Previews as the engine writes them, in the shapes seen from `pulumi preview --json` 3.259.0 (tests/e2e has the real ones)."""

import copy
import json

PREFIX = "urn:pulumi:prod::building-vitals::"
CANARY = "fake-canary-that-must-not-pass"
WORKER = "building-vitals:edge:Worker"
TYPES = {
    "stack": "pulumi:pulumi:Stack::building-vitals-prod",
    "secret": f"{WORKER}$building-vitals:edge:Secret::ACE_API_KEY",
    "manifest": f"{WORKER}$building-vitals:edge:Manifest::backfill",
    "drift": f"{WORKER}$building-vitals:edge:Drift::backfill",
    "bucket": "building-vitals:storage:Bucket$cloudflare:index/r2Bucket:R2Bucket::timeseries",
    "script": f"{WORKER}$cloudflare:index/workersScript:WorkersScript::backfill",
    "subdomain": f"{WORKER}$cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain::backfill",
    "crons": f"{WORKER}$cloudflare:index/workersCronTrigger:WorkersCronTrigger::backfill",
    "queue": "building-vitals:queues:Queues$cloudflare:index/queue:Queue::days",
    "consumer": "building-vitals:queues:Consumers$cloudflare:index/queueConsumer:QueueConsumer::days",
    "query_manifest": f"{WORKER}$building-vitals:edge:Manifest::query",
    "query_drift": f"{WORKER}$building-vitals:edge:Drift::query",
    "query_script": f"{WORKER}$cloudflare:index/workersScript:WorkersScript::query",
    "query_subdomain": f"{WORKER}$cloudflare:index/workersScriptSubdomain:WorkersScriptSubdomain::query",
    "query_crons": f"{WORKER}$cloudflare:index/workersCronTrigger:WorkersCronTrigger::query",
}
MANIFEST = {
    "schema": 2,
    "project": "building-vitals",
    "stack": "prod",
    "account_id": "0123456789abcdef0123456789abcdef",
    "worker": {
        "name": "building-vitals-backfill",
        "url": "https://building-vitals-backfill.example.workers.dev",
        "service": "backfill-worker",
        "version": "1.0.0",
        "tag": "bv:d2e906f2:96f4f4b42f52:f3f2e2a0:ed0e3cbc",
        "settings": {
            "observability": "logs at 100 %",
            "logpush": "off",
            "tail_consumers": "none",
            "limits": "cpu_ms 30000",
            "placement": "none",
        },
    },
    "bindings": [
        {"name": "ACE_API_KEY", "type": "secret_text"},
        {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "ace-timeseries"},
        {"name": "CF_VERSION_METADATA", "type": "version_metadata"},
        {"name": "PAGE_SIZE", "type": "plain_text", "text": "10000"},
        {"name": "SITES", "type": "plain_text", "text": '[{"name":"ses_falls_city","startDate":"2024-12-10"}]'},
    ],
    "schedules": ["*/5 * * * *"],
    "storage": {
        "bucket": "ace-timeseries",
        "jurisdiction": "default",
        "key_template": "timeseries/{site}/{date}/data.ndjson.gz",
    },
    "ace": {
        "base_url": "https://flightdeck.aceiot.cloud",
        "page_size": 10000,
        "settle_hours": 6,
        "recheck_days": 3,
        "key_expiry_warning_days": 30,
    },
    "sites": [{"name": "ses_falls_city", "start_date": "2024-12-10", "end_date": None}],
    "queue": None,
    "siblings": {"query_url": None, "etl_worker": None},
}
OUTSIDE = {
    "version": "608d4072-aaaa-bbbb-cccc-000000000000",
    "origin": "secret",
    "author": "jo@example.org",
    "at": "2026-11-20 08:30:00",
}
MESSAGE = "drift: a sentence for people, which the review never reads"
LIVE = {
    "secret": {"text": "[secret]"},
    "manifest": {"manifest": MANIFEST},
    "drift": {"record": {}},
    "bucket": {"name": "ace-timeseries"},
    "script": {
        "annotations": {"workersTag": MANIFEST["worker"]["tag"]},
        "bindings": "[secret]",
        "contentSha256": "aaaa",
        "content": CANARY,
    },
    "subdomain": {"enabled": True},
    "crons": {"schedules": [{"cron": "*/5 * * * *"}]},
    "queue": {"queueName": "building-vitals-backfill-days", "settings": {"deliveryPaused": False}},
    "consumer": {"scriptName": "building-vitals-backfill", "settings": {"maxConcurrency": 4}},
}
QUERY = {f"query_{kind}": LIVE[kind] for kind in ("manifest", "drift", "script", "subdomain", "crons")}


def step(op, kind, old=None, new=None):
    def state(inputs):
        inputs = copy.deepcopy(inputs)
        return {"urn": PREFIX + TYPES[kind], "inputs": inputs, "outputs": {**inputs, "leak": CANARY}}

    states = {"oldState": old, "newState": new}
    return {"op": op, "urn": PREFIX + TYPES[kind]} | {
        name: state(inputs) for name, inputs in states.items() if inputs is not None
    }


def refreshed():
    """The first steps of every preview of an existing stack."""
    return [step("refresh", kind, inputs, inputs) for kind, inputs in LIVE.items()] + [step("same", "stack", {}, {})]


def preview(*steps, errors=(), first=False):
    """A whole preview. The engine's own texts have a canary in every free place."""
    config = {f"building-vitals:{key}": CANARY for key in ("bucket", "pageSize", "aceApiKey")}
    diagnostics = [{"message": f"warning: {CANARY}", "severity": "warning"}]
    diagnostics += [
        {"message": text, "severity": "error", **({"urn": PREFIX + TYPES[kind]} if kind else {})}
        for text, kind in errors
    ]
    begin = [step("create", "stack", None, {})] if first else refreshed()
    return json.dumps({"config": config, "steps": [*begin, *steps], "diagnostics": diagnostics}).encode()


def query_refreshed():
    """The first steps where the stack has a query worker too."""
    return [step("refresh", kind, inputs, inputs) for kind, inputs in QUERY.items()]


def manifest(**parts):
    """The manifest with some of its parts changed."""
    changed = copy.deepcopy(MANIFEST)
    for part, value in parts.items():
        changed[part] = {**changed[part], **value} if isinstance(value, dict) else value
    changed["worker"]["tag"] = "bv:another"
    return changed


def upload(kind="script", **fields):
    """A script that is uploaded again."""
    annotations = {"workersTag": "bv:another", "workersMessage": MESSAGE}
    return step("update", kind, LIVE["script"], {**LIVE["script"], "annotations": annotations, **fields})


def drift(*changes, kind="drift", before=None, **fields):
    """A drift that this deployment restores: its record is new. Changes are pairs of name and change."""
    record = {**OUTSIDE, **fields}
    if changes:
        record["changes"] = [{"name": name, "change": change} for name, change in changes]
    return step("update", kind, {"record": before or {}}, {"record": record})
