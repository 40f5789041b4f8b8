"""Convert the engine's property values to plain data and back, and Pulumi's names to the API's and back."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.rpc import UNKNOWN

Props = dict[str, Any]


def unwrap(value: PropertyValue) -> Any:
    """Return plain data. Whole numbers become int, and unknown values stay `UNKNOWN`."""
    inner = value.value
    if isinstance(inner, Mapping):
        return {key: unwrap(item) for key, item in inner.items()}
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return [unwrap(item) for item in inner]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def unwrap_map(values: Mapping[str, PropertyValue]) -> Props:
    """Return the plain data of each property, without null properties."""
    return {key: data for key, value in values.items() if (data := unwrap(value)) is not None}


def wrap_map(props: Mapping[str, Any]) -> dict[str, PropertyValue]:
    """Return the properties as the engine's values. An int becomes a float, the engine's only number."""
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
    """Return whether the value has no unknown part."""
    if isinstance(value, Mapping):
        return all(is_known(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(is_known(item) for item in value)
    return bool(value != UNKNOWN)


def drop_none(value: Any) -> Any:
    """Return the data without null fields, at any depth."""
    if isinstance(value, Mapping):
        return {key: drop_none(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [drop_none(item) for item in value]
    return value


def are_equal(old: Any, new: Any) -> bool:
    """Return whether two values are equal, with null fields as absent. An unknown value equals nothing."""
    return is_known(new) and bool(drop_none(old) == drop_none(new))


def to_camel(name: str) -> str:
    """`created_on` -> `createdOn`."""
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)


def rename_to_camel(value: Any) -> Any:
    """Rename every field in the data from the API's `cpu_ms` to Pulumi's `cpuMs`, without null fields."""
    if isinstance(value, Mapping):
        return {to_camel(key): rename_to_camel(item) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [rename_to_camel(item) for item in value]
    return value


def to_snake(value: Any) -> Any:
    """Rename every field in the data from Pulumi's `bucketName` to the API's `bucket_name`."""
    if isinstance(value, Mapping):
        return {re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower(): to_snake(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_snake(item) for item in value]
    return value
