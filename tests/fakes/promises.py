"""What the made-up system promised: a manifest as a deployment writes it."""

from __future__ import annotations

from typing import Any

ACCOUNT = "0123456789abcdef0123456789abcdef"
NAME = "building-vitals-backfill"
URL = f"https://{NAME}.rehearsal.workers.dev"
QUERY = "https://building-vitals-query.rehearsal.workers.dev"
ETL = "https://building-vitals-etl.rehearsal.workers.dev"
ACE = "https://flightdeck.aceiot.cloud"
SITE = "ses_falls_city"
BUCKET = "ace-timeseries"
TEMPLATE = "timeseries/{site}/{date}/data.ndjson.gz"
OWNER = "bv:11111111"
TAG = f"{OWNER}:222222222222:33333333:44444444"
CRON = "*/5 * * * *"


def bindings(first: str, last: str | None) -> list[dict[str, str]]:
    """Return what is declared to be bound."""
    texts = {"ACE_BASE_URL": ACE, "SITE": SITE, "START_DATE": first, "PAGE_SIZE": "10000"}
    texts |= {"END_DATE": last} if last else {}
    return [
        {"name": "ACE_API_KEY", "type": "secret_text"},
        {"name": "BUCKET", "type": "r2_bucket", "bucket_name": BUCKET},
        {"name": "CF_VERSION_METADATA", "type": "version_metadata"},
        *(
            {"name": name, "type": "plain_text", "text": text}
            for name, text in (texts | {"KEY_TEMPLATE": TEMPLATE}).items()
        ),
    ]


def manifest(first: str, last: str | None) -> dict[str, Any]:
    """Return the whole of it, without siblings."""
    return {
        "schema": 1,
        "project": "building-vitals",
        "stack": "prod",
        "account_id": ACCOUNT,
        "worker": {"name": NAME, "url": URL, "service": "backfill-worker", "version": "1.0.0", "tag": TAG},
        "bindings": bindings(first, last),
        "schedules": [CRON],
        "storage": {
            "bucket": BUCKET,
            "jurisdiction": "default",
            "key_template": TEMPLATE,
            "prefix": f"timeseries/{SITE}/",
        },
        "ace": {"base_url": ACE, "site": SITE, "start_date": first, "end_date": last, "page_size": 10000},
        "siblings": {"query_url": None, "etl_worker": None},
    }
