"""Judges the size of a listed object without reading it. Source: docs/reference/day-object.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

GZIP_BYTES = 20  # of a gzip file of nothing: header, trailer, and one empty block


def find_size_problem(item: StoredObject) -> tuple[str, str] | None:
    """Return the expected and the found size of an object that cannot be whole, or None.

    The worker writes the size as the metadata entry ``bytes``. An older object has none, and is compared with the
    smallest possible size of its samples.
    """
    declared = item.metadata.get("bytes")
    if declared is not None:
        if declared == str(item.size):
            return None
        changed = f"{item.size:,} bytes, so it was changed after it was written"
        return f"{declared[:20]} bytes, as in its metadata", changed
    least = compute_min_size(item.metadata.get("samples", ""))
    if item.size >= least:
        return None
    return f"at least {least:,} bytes for {item.metadata['samples']} samples", f"{item.size:,} bytes, so it was cut off"


def compute_min_size(samples: str) -> int:
    """Return the smallest size in bytes of a gzip file of so many lines, 0 for a text that is not a number.

    Deflate copies only text that occurred before, and no line of a day occurs twice. So each line holds the begin of at
    least one symbol, and a symbol takes at least one bit.
    """
    count = int(samples) if samples.isascii() and samples.isdigit() and len(samples) < 12 else None
    return 0 if count is None else GZIP_BYTES + count // 8
