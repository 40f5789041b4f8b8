"""Reads records from JSON data as strictly as possible: a missing, unknown or ill-typed field is refused."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class RecordError(ValueError):
    """The data is not a record of this kind. The message names the place and the problem in one line."""


def read_record(kind: type[T], data: object, where: str, **known: object) -> T:
    """Return the record. ``where`` names the data in messages, ``known`` are fields that were read already."""
    fields = {name: value for name, value in read_object(data, where).items() if name not in known}
    hints = _read_hints(typing.cast("Any", kind))
    values = dict(known)
    for item in dataclasses.fields(kind):  # type: ignore[arg-type]  # every kind is a dataclass
        if item.name not in known and (item.name in fields or item.default is dataclasses.MISSING):
            values[item.name] = read_value(hints[item.name], fields.pop(item.name, None), f"{where}.{item.name}")
    if fields:
        raise RecordError(f"{where}: unknown field {min(map(str, fields))!r}")
    return kind(**values)


@functools.cache
def _read_hints(kind: type[Any]) -> Mapping[str, Any]:
    return typing.get_type_hints(kind)


def read_value(kind: Any, value: object, where: str) -> Any:
    """Return a value of this type: a record, a tuple (from a list), a plain type, or one of these or None."""
    null = ""
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        kind, null = typing.get_args(kind)[0], " or null"
    if dataclasses.is_dataclass(kind):
        return read_record(typing.cast("type[Any]", kind), value, where)
    if typing.get_origin(kind) is tuple:
        items = enumerate(read_list(value, where))
        return tuple(read_value(typing.get_args(kind)[0], item, f"{where}[{number}]") for number, item in items)
    if type(value) is not kind:
        raise RecordError(f"{where}: expected {kind.__name__}{null}, found {_name_kind(value)}")
    return value


def read_object(data: object, where: str) -> Mapping[str, object]:
    """Return an object of the data."""
    if not isinstance(data, dict):
        raise RecordError(f"{where}: expected an object, found {_name_kind(data)}")
    return data


def read_list(data: object, where: str) -> list[object]:
    """Return a list of the data."""
    if not isinstance(data, list):
        raise RecordError(f"{where}: expected a list, found {_name_kind(data)}")
    return data


def _name_kind(value: object) -> str:
    return "nothing" if value is None else type(value).__name__
