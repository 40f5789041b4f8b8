"""The gzip members of a day's object, in both formats. Source: docs/reference/day-object.md."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.stored_days.gzip_reader import BrokenDayError, read_lines
from contract.day_object import FORMAT, MAX_EMPTY_BYTES, MEMBERS, combine_digests, parse_lengths

Lines = Iterator[tuple[int | None, bytes]]  # each with the number of its member, None in format 1


@dataclass(slots=True, kw_only=True)
class DayContent:
    """The bytes of an object, cut into gzip members. Format 1 is one member, and its ``lengths`` are None.

    ``sha256`` is the digest of the content, once all lines were read.
    """

    raw: bytes
    lengths: Sequence[int] | None = None
    sha256: str = ""

    @classmethod
    def create(cls, raw: bytes, metadata: Mapping[str, str]) -> DayContent:
        """Return the content of an object. Raises BrokenDayError for metadata that do not describe these bytes."""
        lengths = read_lengths(metadata)
        if lengths is not None and sum(lengths) != len(raw):
            raise BrokenDayError(f"{sum(lengths):,} bytes, as in the metadata members", f"{len(raw):,} bytes")
        return cls(raw=raw, lengths=lengths)

    def read_lines(self) -> Lines:
        """Yield the lines of all members. Raises BrokenDayError or DayTooLargeError."""
        if self.lengths is None:
            digest = hashlib.sha256()
            yield from ((None, line) for line in read_lines(self.raw, digest))
            self.sha256 = digest.hexdigest()
        else:
            yield from self._read_members(self.lengths)

    def _read_members(self, lengths: Sequence[int]) -> Lines:
        digests = [hashlib.sha256() for _ in range(MEMBERS)]
        start = size = 0
        for number, length in enumerate(lengths):
            if length:
                raw = self.raw[start : start + length]
                size = yield from _read_member(number, raw, digests[number], size, alone=length == len(self.raw))
            start += length
        self.sha256 = combine_digests(digest.digest() for digest in digests)


def _read_member(
    number: int, raw: bytes, digest: Any, size: int, *, alone: bool
) -> Generator[tuple[int | None, bytes], None, int]:
    """Yield the lines of one member. Return the number of decompressed bytes so far, ``size`` of them before."""
    lines = read_lines(raw, digest, size)
    before = size
    try:
        while True:
            yield number, next(lines)
    except StopIteration as end:
        size = end.value
    except BrokenDayError as error:
        raise BrokenDayError(f"{error.expected} as member {number}", error.found) from None
    if size == before and not (alone and number == 0 and len(raw) <= MAX_EMPTY_BYTES):
        raise BrokenDayError(f"samples in member {number}", "none, and a member without samples is left out")
    return size


def read_lengths(metadata: Mapping[str, str]) -> tuple[int, ...] | None:
    """Return the lengths of the members from an object's metadata, None in format 1.

    Raises BrokenDayError for another format, and for lengths of another form.
    """
    declared = metadata.get("format")
    if declared is None:
        return None
    if declared != FORMAT:
        raise BrokenDayError(f"metadata format {FORMAT}, or none", repr(declared[:20]))
    try:
        return parse_lengths(metadata.get("members", ""))
    except ValueError:
        raise BrokenDayError(f"{MEMBERS} lengths in base 36 as metadata members", "another text") from None
