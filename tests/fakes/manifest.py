"""The manifest of the fake system, as a deployment writes it, and the constants that it is made of."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
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
TAG = f"{OWNER}:222222222222:33333333"
CRON = "*/5 * * * *"
CODE = b"export default {};"  # the bundle of the program
FIRST, LAST = "2024-12-10", "2024-12-14"  # the declared days
NOW = datetime(2024, 12, 20, 12, tzinfo=UTC)
KEY = "fake-ace-key-for-tests"
API_TOKEN = "fake-cloudflare-token-for-rehearsals-0001"
ENVIRON = {"CLOUDFLARE_API_TOKEN": API_TOKEN, "ACE_API_KEY": KEY}


def manifest_data(*, first: str = FIRST, last: str | None = LAST, **changes: Any) -> dict[str, Any]:
    """Return a manifest without related workers. `changes` are named by their path, as in ``ace__site``."""
    data: dict[str, Any] = {
        "schema": 1,
        "project": "building-vitals",
        "stack": "prod",
        "account_id": ACCOUNT,
        "worker": {
            "name": NAME,
            "url": URL,
            "service": "backfill-worker",
            "version": "1.0.0",
            "tag": TAG,
            "code": hashlib.sha256(CODE).hexdigest(),
            "settings": {
                "observability": "logs at 100 %",
                "logpush": "off",
                "tail_consumers": "none",
                "limits": "cpu_ms 30000",
                "placement": "none",
            },
        },
        "bindings": _bindings(first, last),
        "schedules": [CRON],
        "storage": {
            "bucket": BUCKET,
            "jurisdiction": "default",
            "key_template": TEMPLATE,
            "prefix": f"timeseries/{SITE}/",
        },
        "ace": {
            "base_url": ACE,
            "site": SITE,
            "start_date": first,
            "end_date": last,
            "page_size": 10000,
            "settle_hours": 6,
            "key_expiry_warning_days": 30,
        },
        "siblings": {"query_url": None, "etl_worker": None},
    }
    for path, value in changes.items():
        *parents, name = path.split("__")
        place = data
        for parent in parents:
            place = place[parent]
        place[name] = value
    return data


def _bindings(first: str, last: str | None) -> list[dict[str, str]]:
    texts = {"ACE_BASE_URL": ACE, "SITE": SITE, "START_DATE": first}
    texts |= {"END_DATE": last} if last else {}
    texts |= {"PAGE_SIZE": "10000", "KEY_TEMPLATE": TEMPLATE}
    return [
        {"name": "ACE_API_KEY", "type": "secret_text"},
        {"name": "BUCKET", "type": "r2_bucket", "bucket_name": BUCKET},
        {"name": "CF_VERSION_METADATA", "type": "version_metadata"},
        *({"name": name, "type": "plain_text", "text": text} for name, text in texts.items()),
    ]
