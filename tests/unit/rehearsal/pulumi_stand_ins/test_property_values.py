"""Plain data and the engine's values say the same."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.pulumi_stand_ins.property_values import (
    UNKNOWN,
    are_equal,
    drop_none,
    is_known,
    to_camel,
    to_snake,
    unwrap_map,
    wrap_map,
)

LEAVES = st.text() | st.booleans() | st.integers(min_value=-(2**53), max_value=2**53)
DATA = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@pytest.mark.untraced
@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.text(), DATA))
def test_data_is_unchanged_after_conversion_to_the_engine_and_back(props: dict[str, Any]) -> None:
    assert unwrap_map(wrap_map(props)) == props


def test_a_null_is_absent() -> None:
    assert unwrap_map(wrap_map({"a": None, "b": 0.5})) == {"b": 0.5}
    assert drop_none({"a": None, "b": [{"c": None, "d": 1}]}) == {"b": [{"d": 1}]}


@pytest.mark.parametrize(
    ("old", "new", "equal"),
    [
        ({"a": 1}, {"a": 1, "b": None}, True),
        ([{"a": 1}], [{"a": 2}], False),
        (None, UNKNOWN, False),
        (UNKNOWN, UNKNOWN, False),
        ([UNKNOWN], [UNKNOWN], False),
    ],
)
def test_the_unknown_equals_nothing(old: Any, new: Any, equal: bool) -> None:
    assert are_equal(old, new) is equal


def test_unknown_at_any_depth_is_not_known() -> None:
    assert not is_known({"a": [{"b": UNKNOWN}]})
    assert is_known({"a": [{"b": "known"}]})


@pytest.mark.parametrize(
    ("theirs", "ours"), [("created_on", "createdOn"), ("etag", "etag"), ("bucket_name", "bucketName")]
)
def test_names_translate_both_ways(theirs: str, ours: str) -> None:
    assert to_camel(theirs) == ours
    assert to_snake([{ours: {ours: 1}}]) == [{theirs: {theirs: 1}}]
