"""The manifest of the fake system, as a deployment writes it, and the constants that it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from contract.manifest.sites import DeclaredSite, pack_sites

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


def manifest_data(
    *,
    first: str = FIRST,
    last: str | None = LAST,
    names: Sequence[str] = (SITE,),
    ranges: Sequence[DeclaredSite] = (),
    **changes: Any,
) -> dict[str, Any]:
    """Return a manifest without related workers, of the sites ``ranges``, or of sites with these names and the same days.

    `changes` are named by their path, as in ``ace__page_size``.
    """
    sites = ranges or [DeclaredSite(name=name, start_date=first, end_date=last) for name in names]
    data: dict[str, Any] = {
        "schema": 2,
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
        "bindings": _bindings(sites),
        "schedules": [CRON],
        "storage": {
            "bucket": BUCKET,
            "jurisdiction": "default",
            "key_template": TEMPLATE,
        },
        "ace": {
            "base_url": ACE,
            "page_size": 10000,
            "settle_hours": 6,
            "recheck_days": 3,
            "key_expiry_warning_days": 30,
        },
        "sites": [{"name": site.name, "start_date": site.start_date, "end_date": site.end_date} for site in sites],
        "queue": None,
        "siblings": {"query_url": None, "etl_worker": None},
    }
    for path, value in changes.items():
        *parents, name = path.split("__")
        place: Any = data
        for parent in parents:
            place = place[int(parent) if parent.isdecimal() else parent]
        place[name] = value
    return data


def _bindings(sites: Sequence[DeclaredSite]) -> list[dict[str, str]]:
    texts = {"ACE_BASE_URL": ACE, **pack_sites(sites), "PAGE_SIZE": "10000", "KEY_TEMPLATE": TEMPLATE}
    texts |= {"SETTLE_HOURS": "6", "RECHECK_DAYS": "3", "DEAD_LETTER_QUEUE": f"{NAME}-dead-days"}
    return [
        {"name": "ACE_API_KEY", "type": "secret_text"},
        {"name": "BUCKET", "type": "r2_bucket", "bucket_name": BUCKET},
        {"name": "CF_VERSION_METADATA", "type": "version_metadata"},
        *({"name": name, "type": "plain_text", "text": text} for name, text in texts.items()),
    ]
