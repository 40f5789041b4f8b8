"""Between the engine's property values and plain Python data, and between Pulumi's names and the API's."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN

Props = dict[str, Any]

__all__ = ["UNKNOWN", "Props", "camel", "is_known", "plain", "plain_map", "same", "snake", "without_none", "wrap_map"]


def plain(value: PropertyValue) -> Any:
    """Return the bare data; whole numbers become int, what is not yet known stays `UNKNOWN`."""
    inner = value.value
    if isinstance(inner, Mapping):
        return {key: plain(item) for key, item in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [plain(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def plain_map(values: Mapping[str, PropertyValue]) -> Props:
    """Return each property's bare data, without those that are null."""
    return {key: data for key, value in values.items() if (data := plain(value)) is not None}


def wrap_map(props: Mapping[str, Any]) -> dict[str, PropertyValue]:
    """Return the properties as the engine's values; int becomes float, the only number it knows."""
    return {key: _wrap(value) for key, value in props.items()}


def _wrap(value: Any) -> PropertyValue:
    if isinstance(value, Mapping):
        return PropertyValue(wrap_map(value))
    if isinstance(value, list | tuple):
        return PropertyValue([_wrap(item) for item in value])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    return PropertyValue(value)


def is_known(value: Any) -> bool:
    """Tell whether no part of the value is still to be computed."""
    if isinstance(value, Mapping):
        return all(is_known(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(is_known(item) for item in value)
    return bool(value != UNKNOWN)


def without_none(value: Any) -> Any:
    """Return the data without null fields, at any depth."""
    if isinstance(value, Mapping):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [without_none(item) for item in value]
    return value


def same(old: Any, new: Any) -> bool:
    """Tell whether two values are equal where a null field is an absent one; the unknown equals nothing."""
    return is_known(new) and bool(without_none(old) == without_none(new))


def camel(name: str) -> str:
    """`created_on` -> `createdOn`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def snake(value: Any) -> Any:
    """Rename every field in the data from Pulumi's `bucketName` to the API's `bucket_name`."""
    if isinstance(value, Mapping):
        return {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): snake(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [snake(item) for item in value]
    return value
