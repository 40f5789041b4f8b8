"""Hypothesis strategies for input from outside: any bytes, any JSON, and true JSON with a few changed places."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.fakes.answers import response

QUICK = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", " ", "\x00", "\ud800", "-1", "1e999", "9" * 5000, "0001-01-01T00:00:00+23:59", "2024-12-10"]),
    st.sampled_from(["9999-12-31T23:59:59-23:59", "NaN", "{site}", "../..", "https://[", "null", "::error::x"]),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), TEXT, st.sampled_from([0, 1, -1, 1e308])
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
NESTED = b"[" * 100_000
BYTES = st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"null", b"[]", b"{}", b"\xff\xfe", NESTED]))


def some(examples: int) -> settings:
    """Return the settings for few examples, none of which hangs. On a busy machine each may be slow."""
    return settings(max_examples=examples, deadline=5000, suppress_health_check=QUICK)


def encode(data: Any) -> bytes:
    """Return data as JSON."""
    return json.dumps(data).encode()


@st.composite
def mutants(draw: Callable[[st.SearchStrategy[Any]], Any], data: Any) -> Any:
    """Draw some true JSON with one or two places in it replaced by anything."""
    for _ in range(draw(st.integers(1, 2))):
        data = _replace(data, draw(st.sampled_from(_list_places(data))), draw(JSON))
    return data


def draw_answer(draw: Callable[[st.SearchStrategy[Any]], Any], truth: Any) -> httpx.Response:
    """Draw an answer: any status, the relevant headers, and a body of bytes, of JSON or of a changed true answer."""
    status = draw(st.sampled_from([200, 200, 200, 200, 204, 302, 400, 401, 403, 404, 429, 500, 503, 599]))
    headers = draw(st.sampled_from([{}, {"Retry-After": "1"}, {"Retry-After": "9" * 9}, {"Location": "https://["}]))
    body = draw(st.one_of(BYTES, JSON.map(encode), mutants(truth).map(encode), mutants(truth).map(encode)))
    return response(status, body, headers)


def _list_places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every place in some JSON."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, item in items for place in _list_places(item, (*path, key)))]


def _replace(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    data = copy.deepcopy(data)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data
