"""The names of the bindings that the workers read. No extra binding may have one of them."""

from __future__ import annotations

BACKFILL_BINDINGS = (
    "ACE_API_KEY",
    "BUCKET",
    "CF_VERSION_METADATA",
    "ACE_BASE_URL",
    "SITES",
    "PAGE_SIZE",
    "KEY_TEMPLATE",
    "SETTLE_HOURS",
    "RECHECK_DAYS",
    "DEAD_LETTER_QUEUE",
    "DAYS",
)
FORMER_BINDINGS = ("SITE", "START_DATE", "END_DATE")  # of older versions and of the runbook: SITES replaces them
QUERY_BINDINGS = ("BUCKET", "CF_VERSION_METADATA", "SITES", "KEY_TEMPLATE")
