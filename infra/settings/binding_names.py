"""The names of the bindings that the workers read. No extra binding may have one of them."""

from __future__ import annotations

BACKFILL_BINDINGS = (
    "ACE_API_KEY",
    "BUCKET",
    "CF_VERSION_METADATA",
    "ACE_BASE_URL",
    "SITE",
    "START_DATE",
    "END_DATE",
    "PAGE_SIZE",
    "KEY_TEMPLATE",
)
QUERY_BINDINGS = ("BUCKET", "CF_VERSION_METADATA", "SITE", "KEY_TEMPLATE")
