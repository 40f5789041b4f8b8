"""Judges the size of a listed object without reading it. Source: docs/reference/day-object.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checks.stored_days.content.members import read_lengths
from checks.stored_days.gzip_reader import BrokenDayError

if TYPE_CHECKING:
    from cloudflare_client.answers import StoredObject

GZIP_BYTES = 20  # of a gzip file of nothing: header, trailer, and one empty block


def find_size_problem(item: StoredObject) -> tuple[str, str] | None:
    """Return the expected and the found size of an object that cannot be whole, or None.

    The worker writes the size as the metadata entry ``bytes``, and in format 2 the length of each gzip member. An
    object of a version before 0.5 has neither, and is compared with the smallest possible size of its samples.
    """
    try:
        lengths = read_lengths(item.metadata)
    except BrokenDayError as error:
        return error.expected, error.found
    if lengths is not None and sum(lengths) != item.size:
        return f"{sum(lengths):,} bytes, as in its metadata members", _describe_change(item)
    declared = item.metadata.get("bytes")
    if declared == str(item.size):
        return None
    if declared is not None:
        return f"{declared[:20]} bytes, as in its metadata", _describe_change(item)
    least = compute_min_size(item.metadata.get("samples", ""))
    if item.size >= least:
        return None
    return f"at least {least:,} bytes for {item.metadata['samples']} samples", f"{item.size:,} bytes, so it was cut off"


def _describe_change(item: StoredObject) -> str:
    return f"{item.size:,} bytes, so it was changed after it was written"


def compute_min_size(samples: str) -> int:
    """Return the smallest size in bytes of a gzip file of so many lines, 0 for a text that is not a number.

    Deflate copies only text that occurred before. So each line that is not a repetition holds the begin of at least one
    symbol, and a symbol takes at least one bit. ACE may send each row twice, so half of the lines count.
    """
    count = int(samples) if samples.isascii() and samples.isdigit() and len(samples) < 12 else None
    return 0 if count is None else GZIP_BYTES + count // 2 // 8
