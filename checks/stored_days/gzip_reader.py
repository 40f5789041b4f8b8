"""What lies in a bucket may be anything: it is read in bounded memory, at most MEMORY, whatever it decompresses to."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, TypeVar

MEMORY = 256 * 2**20  # bytes, beside the objects themselves, four of at most 32 MiB: tested with real bombs
DAY_LIMIT = 256 * 2**20  # bytes of NDJSON, never held together; the largest real day known is 58 MB
LINE_LIMIT = 64 * 2**10  # bytes
POINT_LIMIT = 100_000  # distinct names
HELD_LIMIT = 16 * 2**20  # characters of distinct names: Python may take four bytes for one
CHUNK = 256 * 2**10  # bytes decompressed at once
GZIP = b"\x1f\x8b"

T = TypeVar("T", str, bytes)


class BrokenDayError(ValueError):
    """A stored day is not what it should be: what was expected, and what is there."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}, found {actual}")
        self.expected = expected
        self.found = actual


class UnjudgedDayError(ValueError):
    """A stored day is beyond this checker's own bounds: it may be true, and nothing is said of it."""


class Few(set[T]):
    """Distinct texts, not too many and not too long; ``held`` is how many characters they have together."""

    held = 0

    def hold(self, text: T) -> None:
        """Add one; raises UnjudgedDayError when there are more than POINT_LIMIT, or HELD_LIMIT characters."""
        if text in self:
            return
        self.add(text)
        self.held += len(text)
        if len(self) > POINT_LIMIT:
            raise UnjudgedDayError(f"more than {POINT_LIMIT:,} points in a day")
        if self.held > HELD_LIMIT:
            raise UnjudgedDayError(f"more than {HELD_LIMIT:,} characters of names, or of one timestamp")


def lines(raw: bytes, digest: Any) -> Iterator[bytes]:
    """Yield the lines of a gzip file, one chunk of it at a time; ``digest`` takes in what was decompressed."""
    rest = b""
    for chunk in _decompressed(raw):
        digest.update(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if max(map(len, (rest, *lines))) > LINE_LIMIT:
            raise UnjudgedDayError(f"a line of more than {LINE_LIMIT:,} bytes")
        yield from lines
    if rest:
        yield rest


def _decompressed(raw: bytes) -> Iterator[bytes]:
    inflate, size, pending = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), 0, raw
    while not inflate.eof:
        try:
            chunk = inflate.decompress(pending, CHUNK)
        except zlib.error:
            raise BrokenDayError("a gzip file", "bytes that do not decompress") from None
        pending = inflate.unconsumed_tail
        if not chunk and not inflate.eof:
            raise BrokenDayError("a whole gzip file", f"one cut off after {len(raw):,} bytes")
        if not size and chunk.startswith(GZIP):
            raise BrokenDayError("NDJSON, compressed once", "it is compressed twice")
        size += len(chunk)
        if size > DAY_LIMIT:
            raise UnjudgedDayError(f"more than {DAY_LIMIT:,} bytes in a day")
        yield chunk
    if inflate.unused_data:
        raise BrokenDayError("one gzip file", f"{len(inflate.unused_data):,} bytes behind its end")
