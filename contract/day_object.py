"""The members of a day's object in format 2. Source: docs/reference/day-object.md."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = "2"  # the metadata entry `format`. An object without it has format 1
MEMBERS = 64  # gzip members of an object. A member without rows is left out
MAX_EMPTY_BYTES = 32  # an object of at most this size is an empty day, in format 1 too

_LENGTHS = re.compile(rf"(?:0|[1-9a-z][0-9a-z]{{0,9}})(?:,(?:0|[1-9a-z][0-9a-z]{{0,9}})){{{MEMBERS - 1}}}")
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")  # JavaScript encodes one as U+FFFD


def find_member(name: str) -> int:
    """Return the member that has the rows of a point: FNV-1a-32 of the last segment of its name, modulo MEMBERS."""
    code = 0x811C9DC5
    for byte in _LONE_SURROGATES.sub("\ufffd", name.rpartition("/")[2]).encode():
        code = ((code ^ byte) * 0x01000193) & 0xFFFFFFFF
    return code % MEMBERS


def parse_lengths(text: str) -> tuple[int, ...]:
    """Return the compressed lengths in bytes of the members from the metadata entry ``members``.

    A length of 0 means that the member is left out. Raises ValueError for any other text.
    """
    if not _LENGTHS.fullmatch(text):
        raise ValueError(f"expected {MEMBERS} numbers in base 36, separated by commas")
    return tuple(int(length, 36) for length in text.split(","))


def format_lengths(lengths: Iterable[int]) -> str:
    """Return the metadata entry ``members`` for these lengths in bytes."""
    return ",".join(map(_to_base_36, lengths))


def _to_base_36(number: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    return digits or "0"


def combine_digests(digests: Iterable[bytes]) -> str:
    """Return the metadata entry ``sha256`` from the SHA-256 of each member's text, MEMBERS of them.

    A member that is left out counts as the digest of nothing.
    """
    return sha256(b"".join(digests)).hexdigest()
