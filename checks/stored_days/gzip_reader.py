"""Reads gzip files of a bucket in at most MAX_MEMORY, because an object may decompress to any size."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, TypeVar

MAX_MEMORY = 256 * 2**20  # bytes, beside the objects themselves, four of at most 32 MiB: tested with real bombs
MAX_DAY = 256 * 2**20  # bytes of NDJSON, never held together; the largest real day known is 58 MB
MAX_LINE = 64 * 2**10  # bytes
MAX_POINTS = 100_000  # distinct names
MAX_CHARACTERS = 16 * 2**20  # characters of distinct names: Python may take four bytes for one
CHUNK_BYTES = 256 * 2**10  # bytes decompressed at once
GZIP = b"\x1f\x8b"

T = TypeVar("T", str, bytes)


class BrokenDayError(ValueError):
    """A stored day is not what it should be: what was expected, and what is there."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}, found {actual}")
        self.expected = expected
        self.found = actual


class DayTooLargeError(ValueError):
    """A stored day is beyond this checker's own bounds: it may be true, and nothing is said of it."""


class BoundedSet(set[T]):
    """Distinct texts, not too many and not too long; ``characters`` is how many characters they have together."""

    characters = 0

    def add_bounded(self, text: T) -> None:
        """Add one; raises DayTooLargeError when there are more than MAX_POINTS, or MAX_CHARACTERS characters."""
        if text in self:
            return
        self.add(text)
        self.characters += len(text)
        if len(self) > MAX_POINTS:
            raise DayTooLargeError(f"more than {MAX_POINTS:,} points in a day")
        if self.characters > MAX_CHARACTERS:
            raise DayTooLargeError(f"more than {MAX_CHARACTERS:,} characters of names, or of one timestamp")


def read_lines(raw: bytes, digest: Any) -> Iterator[bytes]:
    """Yield the lines of a gzip file, one chunk of it at a time; ``digest`` takes in what was decompressed."""
    rest = b""
    for chunk in _decompress(raw):
        digest.update(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if max(map(len, (rest, *lines))) > MAX_LINE:
            raise DayTooLargeError(f"a line of more than {MAX_LINE:,} bytes")
        yield from lines
    if rest:
        yield rest


def _decompress(raw: bytes) -> Iterator[bytes]:
    inflate, size, pending = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), 0, raw
    while not inflate.eof:
        try:
            chunk = inflate.decompress(pending, CHUNK_BYTES)
        except zlib.error:
            raise BrokenDayError("a gzip file", "bytes that do not decompress") from None
        pending = inflate.unconsumed_tail
        if not chunk and not inflate.eof:
            raise BrokenDayError("a whole gzip file", f"one cut off after {len(raw):,} bytes")
        if not size and chunk.startswith(GZIP):
            raise BrokenDayError("NDJSON, compressed once", "it is compressed twice")
        size += len(chunk)
        if size > MAX_DAY:
            raise DayTooLargeError(f"more than {MAX_DAY:,} bytes in a day")
        yield chunk
    if inflate.unused_data:
        raise BrokenDayError("one gzip file", f"{len(inflate.unused_data):,} bytes behind its end")
