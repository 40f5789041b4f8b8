"""Reads gzip files of a bucket in at most MAX_MEMORY, because an object may decompress to any size."""

from __future__ import annotations

import zlib
from collections.abc import Generator, Iterator
from typing import Any, TypeVar

MAX_MEMORY = 256 * 2**20  # bytes, without the objects themselves (four of at most 32 MiB). Tested with real gzip bombs
MAX_DAY = 256 * 2**20  # bytes of NDJSON, never in memory together. The largest known day has 58 MB
MAX_LINE = 64 * 2**10  # bytes
MAX_POINTS = 100_000  # distinct names
MAX_CHARACTERS = 16 * 2**20  # of distinct names. Python may use four bytes for one character
CHUNK_BYTES = 256 * 2**10  # decompressed at once
GZIP = b"\x1f\x8b"

T = TypeVar("T", str, bytes)


class BrokenDayError(ValueError):
    """A stored day differs from its expected form. ``expected`` and ``found`` describe the difference."""

    def __init__(self, expected: str, actual: str) -> None:
        super().__init__(f"expected {expected}, found {actual}")
        self.expected = expected
        self.found = actual


class DayTooLargeError(ValueError):
    """A stored day exceeds the limits of this checker. It may be correct."""


class BoundedSet(set[T]):
    """A limited set of texts. ``characters`` is their number of characters together."""

    characters = 0

    def add_within_limits(self, text: T) -> None:
        """Add a text. Raises DayTooLargeError beyond MAX_POINTS texts or MAX_CHARACTERS characters."""
        if text in self:
            return
        self.add(text)
        self.characters += len(text)
        if len(self) > MAX_POINTS:
            raise DayTooLargeError(f"more than {MAX_POINTS:,} points in a day")
        if self.characters > MAX_CHARACTERS:
            raise DayTooLargeError(f"more than {MAX_CHARACTERS:,} characters of names")


def read_lines(raw: bytes, digest: Any, read: int = 0) -> Generator[bytes, None, int]:
    """Yield the lines of a gzip file, one chunk at a time. ``digest`` is updated with the decompressed bytes.

    Return the number of decompressed bytes of a day, of which ``read`` were in other files.
    """
    rest = b""
    for chunk in _decompress(raw, MAX_DAY - read):
        digest.update(chunk)
        read += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if max(map(len, (rest, *lines))) > MAX_LINE:
            raise DayTooLargeError(f"a line of more than {MAX_LINE:,} bytes")
        yield from lines
    if rest:
        yield rest
    return read


def _decompress(raw: bytes, limit: int) -> Iterator[bytes]:
    inflate, size, pending = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16), 0, raw
    while not inflate.eof:
        try:
            chunk = inflate.decompress(pending, CHUNK_BYTES)
        except zlib.error:
            raise BrokenDayError("a gzip file", "bytes that do not decompress") from None
        pending = inflate.unconsumed_tail
        if not chunk and not inflate.eof:
            raise BrokenDayError("a complete gzip file", f"one cut off after {len(raw):,} bytes")
        if not size and chunk.startswith(GZIP):
            raise BrokenDayError("NDJSON, compressed once", "it is compressed twice")
        size += len(chunk)
        if size > limit:
            raise DayTooLargeError(f"more than {MAX_DAY:,} bytes in a day")
        yield chunk
    if inflate.unused_data:
        raise BrokenDayError("one gzip file", f"{len(inflate.unused_data):,} bytes after its end")
