"""Finds the pattern of differences that a defect of a program makes, and that a change at ACE seldom makes."""

from __future__ import annotations

import enum
import math

from checks.stored_days.comparison.row_comparison import Comparison, Kind

MIN_PAGES, MIN_VALUES = 3, 10  # that make a pattern in one day alone


class Pattern(enum.Enum):
    """The patterns. The value is their description for a message."""

    NOTHING_COMMON = "no row is ACE's, so another site or other names were stored"
    IMPRECISE = "the values have lost digits that a 64-bit float does not hold"
    ROUNDED = "each such value is ACE's, rounded"
    EVERY_VALUE = "every value differs"
    EVERY_PAGE = "one row of every page is missing"
    REPEATED = "ACE has each such row, and the object has it more often"
    NONE = ""


def find_pattern(compared: Comparison, kind: Kind) -> Pattern:
    """Return the pattern of one kind of differences."""
    counts = compared.counts
    if not compared.common and counts[Kind.MISSING] and counts[Kind.EXTRA]:
        return Pattern.NOTHING_COMMON
    if kind is Kind.DIFFERENT and counts[kind]:
        return _find_pattern_of_values(compared)
    if kind is Kind.MISSING and _is_every_page(compared):
        return Pattern.EVERY_PAGE
    if kind is Kind.EXTRA and counts[kind] and compared.repeated == counts[kind]:
        return Pattern.REPEATED
    return Pattern.NONE


def is_certain(pattern: Pattern) -> bool:
    """Return whether the pattern alone shows that a program stored other data than ACE sent."""
    return pattern in (Pattern.NOTHING_COMMON, Pattern.IMPRECISE)


def is_frequent(compared: Comparison, pattern: Pattern) -> bool:
    """Return whether one day alone shows the pattern often enough."""
    if pattern is Pattern.EVERY_PAGE:
        return compared.counts[Kind.MISSING] >= MIN_PAGES
    if pattern is Pattern.REPEATED:
        return compared.repeated >= MIN_VALUES
    return pattern is not Pattern.NONE and compared.counts[Kind.DIFFERENT] >= MIN_VALUES


def _find_pattern_of_values(compared: Comparison) -> Pattern:
    count = compared.counts[Kind.DIFFERENT]
    if compared.imprecise == count:
        return Pattern.IMPRECISE
    if compared.rounded == count:
        return Pattern.ROUNDED
    return Pattern.EVERY_VALUE if count == compared.common else Pattern.NONE


def _is_every_page(compared: Comparison) -> bool:
    """Return whether as many rows are missing as there are pages, all of them at the same place of their page."""
    if not compared.page_size or not compared.counts[Kind.MISSING]:
        return False
    pages = math.ceil(compared.rows / compared.page_size)
    one_place = len(compared.places) == 1
    if pages > 1:
        return one_place and abs(compared.counts[Kind.MISSING] - pages) <= 1
    return one_place and compared.counts[Kind.MISSING] == 1 and compared.places <= {0, compared.rows - 1}
