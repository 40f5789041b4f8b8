"""The command is green on an answer of a related worker only if it is the right one."""

import copy

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ETL, QUERY, manifest_data
from tests.fakes.outcomes import run_outcomes
from tests.fakes.queues import declare_queues
from tests.fakes.strategies import BYTES, JSON, encode, mutants, some

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested


R2 = {"X-Data-Source": "R2", "X-Query-Strategy": "R2_ONLY"}


def paired_system():
    """Return a system with both related workers."""
    system = healthy_system(manifest=manifest_data(siblings__query_url=QUERY, siblings__etl_worker=ETL))
    declare_queues(system)
    return system


def rows(body):
    """The samples of a query worker's answer, None if it is not whole: by other means than the check's."""
    found = body.get("samples") if isinstance(body, dict) else None
    if not isinstance(found, list) or body.get("count", len(found)) != len(found):
        return None
    return sorted(row_of(item) for item in found) if all(isinstance(item, dict) for item in found) else None


def row_of(item):
    """A sample in a form that can be sorted and compared. Numbers of any type are equal by their value."""
    name, at, value = (item.get(field) for field in ("point_name", "timestamp", "value"))
    is_small = type(value) in (int, float) and abs(value) < 1e308
    return repr(name), repr(at), isinstance(value, str), repr(float(value) if is_small else value)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The query worker's true answer to the check, which asks the same each time."""
    system, bodies = paired_system(), []
    system.query.change = lambda body: bodies.append(body) or body
    assert run_outcomes(tmp_path_factory.mktemp("served"), system, "query")[0] == 0
    return bodies[0]


@st.composite
def misserved(draw, body):
    """A well-formed answer that is not the stored one."""
    found = copy.deepcopy(body["samples"])
    place = draw(st.integers(0, len(found) - 1))
    how = draw(st.sampled_from(["left out", "twice", "value", "timestamp", "point_name"]))
    if how == "left out":
        del found[place]
    elif how == "twice":
        found.append(found[place])
    else:
        wrong = {"value": ["20.5", 1e-9, True, 0], "timestamp": [0, 1.5, "1"], "point_name": ["p0", "", "ses/p9"]}
        found[place][how] = draw(st.sampled_from(wrong[how]))
    return {"samples": found, "count": len(found)}


@some(60)
@given(st.data())
def test_the_command_is_green_on_an_answer_of_the_query_worker_only_if_it_is_the_stored_one(tmp_path, served, data):
    body = data.draw(st.one_of(st.just(served), JSON, mutants(served), misserved(served), misserved(served)))
    names = st.sampled_from(["R2", "SPLIT", "R2_ONLY", "D1", "", "r2"])
    source, strategy = data.draw(st.just(tuple(R2.values())) | st.tuples(names, names))
    headers = {"X-Data-Source": source, "X-Query-Strategy": strategy, "Access-Control-Expose-Headers": "*"}
    system = paired_system()
    system.query.answer = lambda request: httpx.Response(200, headers=headers, stream=httpx.ByteStream(encode(body)))
    code, _ = run_outcomes(tmp_path, system, "query")
    labelled = source in ("R2", "SPLIT") and strategy in ("R2_ONLY", "SPLIT")
    is_same = rows(body) == rows(served) and body.get("unmatched") in (None, served["unmatched"])
    assert code == (0 if labelled and is_same else 1)


@some(30)
@given(st.data())
def test_the_command_is_never_green_on_a_related_worker_with_any_answer(tmp_path, data):
    system = paired_system()
    status = data.draw(st.sampled_from([200, 204, 302, 404, 429, 500, 503]))
    body = data.draw(BYTES | JSON.map(encode))
    name = data.draw(st.sampled_from(["query", "parity"]))
    anything = lambda *_: httpx.Response(status, stream=httpx.ByteStream(body))  # noqa: E731
    getattr(system, {"query": "query", "parity": "etl"}[name]).answer = anything
    code, checks = run_outcomes(tmp_path, system, name)
    assert (code, checks[name]) in ((1, "fail"), (3, "inconclusive"))


def test_a_system_with_related_workers_is_healthy(tmp_path):
    code, checks = run_outcomes(tmp_path, paired_system())
    assert (code, set(checks.values())) == (0, {"pass"})
