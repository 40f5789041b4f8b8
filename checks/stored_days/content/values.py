"""The values of samples, as ACE sends them and as a day's object holds them. Source: docs/reference/day-object.md."""

from __future__ import annotations

import enum
import json
import math
import re
import sys
from decimal import Decimal
from typing import Any

NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
EXACT_DIGITS = 15  # of a number's text: a 64-bit float tells two such numbers apart
DECIMALS = range(7)  # digits after the point that a defect may round to
MAX_SHOWN = 40  # characters of a value in a message

Value = int | float | Decimal | str | bool | None


class Absent(enum.Enum):
    """The place of a value where there is no sample. The value ``null`` is a sample's."""

    ABSENT = enum.auto()


def is_number(text: str) -> bool:
    """Return whether a text of ACE is stored as a number."""
    return bool(NUMBER.fullmatch(text)) and math.isfinite(float(text))


def is_stored_form(value: Any) -> bool:
    """Return whether a value of JSON can be in a day: null, a boolean, a finite number, or a text that is none."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return not is_number(value)
    return type(value) in (int, float, Decimal) and abs(value) <= sys.float_info.max  # a number in JSON may be larger


def read_fraction(text: str) -> float | Decimal:
    """Return a JSON number with all its digits. A float is faster, and exact for a short text without an exponent."""
    return float(text) if len(text) <= EXACT_DIGITS and "e" not in text.lower() else Decimal(text)


def is_same(ace: Value, stored: Value) -> bool:
    """Return whether a stored value is the stored form of ACE's: a number if the text is one, else the value itself.

    Numbers are compared to the last digit. Null and booleans equal nothing else.
    """
    if ace is None or stored is None or isinstance(ace, bool) or isinstance(stored, bool):
        return ace is stored
    if isinstance(ace, str) and not is_number(ace):
        return ace == stored
    if isinstance(stored, str):
        return False
    if isinstance(ace, str) and type(stored) is float and len(ace) <= EXACT_DIGITS:
        return float(ace) == stored
    return _to_decimal(ace) == _to_decimal(stored)


def is_imprecise(ace: Value, stored: Value) -> bool:
    """Return whether two different numbers are equal as 64-bit floats, so that a program lost digits."""
    exact, kept = _read_number(ace), _read_number(stored)
    return exact is not None and kept is not None and not isinstance(stored, str) and exact == kept


def is_rounded(ace: Value, stored: Value) -> bool:
    """Return whether a stored number is ACE's with fewer digits."""
    exact, kept = _read_number(ace), _read_number(stored)
    if exact is None or kept is None or isinstance(stored, str):
        return False
    return int(exact) == kept or any(round(exact, digits) == kept for digits in DECIMALS)


def format_value(value: Value) -> str:
    """Return a value as it is in the object, cut to MAX_SHOWN characters."""
    text = str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
    return text[:MAX_SHOWN]


def _read_number(value: Value) -> float | None:
    if value is None or isinstance(value, bool) or (isinstance(value, str) and not is_number(value)):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def _to_decimal(value: str | float | Decimal) -> Decimal:
    """Return a number with the digits that it was read from."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
