"""Only a request that needs another answer makes the chain longer, so that needless waiting is visible."""

import json
import threading

import httpx
import pytest

from checks import catalog
from checks.model.finding import Evidence
from tests.benchmarks import chain
from tests.fakes.checks import check as a_check
from tests.fakes.random_system import RandomSystem


def requests_of(*requests):
    """Consecutive requests of checks: (check, kind) or (check, kind, "further")."""
    sent = []
    for name, kind, *further in requests:
        known = {number for number, one in enumerate(sent) if one.check == name}
        sent.append(chain.SentRequest(check=name, kind=kind, further=bool(further), known=known))
    return sent


def test_requests_that_are_made_of_no_answer_do_not_add():
    assert chain.find_own(requests_of(*[("key", "status")] * 3), "key") == ["key status"]
    assert chain.find_own(
        requests_of(*[("secrets", kind) for kind in ("secrets", "deployments", "versions")]), "secrets"
    ) == ["secrets secrets"]


@pytest.mark.parametrize(
    ("requests", "kinds"),
    [
        (["objects", "object", "object", "object"], ["objects", "object"]),
        (["objects", "objects further", "object"], ["objects", "objects", "object"]),
        (["objects", "object", "query"], ["objects", "object", "query"]),
        (["status", "trigger", "status"], ["status", "trigger", "status"]),
        (["deployments", "versions", "version", "version"], ["deployments", "version"]),
        (["versions", "versions further", "versions further"], ["versions", "versions", "versions"]),
        (["objects", "object", "rows", "rows further"], ["objects", "rows", "rows"]),
        (["rows"], ["rows"]),
        (["deployments", "versions", "health"], ["deployments"]),
    ],
)
def test_requests_that_are_made_of_an_answer_add(requests, kinds):
    sent = requests_of(*[("c", *request.split()) for request in requests])
    assert chain.find_own(sent, "c") == [f"c {kind}" for kind in kinds]


def test_a_request_does_not_depend_on_an_answer_that_came_later():
    first, second = requests_of(("c", "objects"), ("c", "object"))
    beside = chain.SentRequest(check="c", kind="object", further=False, known=frozenset())
    assert len(chain.find_own([first, beside], "c")) == 1
    assert len(chain.find_own([first, second], "c")) == 2


def test_needed_checks_are_in_the_chain_and_checks_that_only_come_before_are_not(monkeypatch):
    def says(context):
        yield Evidence("seen")

    known = {"a": a_check("a", says), "b": a_check("b", says, needs=("a",)), "c": a_check("c", says, after=("b",))}
    monkeypatch.setattr(catalog, "load", lambda: known)
    requests = requests_of(("a", "status"), ("b", "status"), ("c", "objects"))
    assert chain.find_longest(requests) == ["a status", "b status"]
    assert chain.find_longest([]) == []


def test_the_read_only_checks_over_a_fake_system(tmp_path):
    system = RandomSystem(4)
    system.declare(query=True, etl=True)
    system.store_first_day()
    system.network.resets = 0.0
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(system.manifest))
    environ = system.environ
    system.worker.stale_until = 0.0
    code, requests = chain.run_recorded(file, environ, httpx.MockTransport(system.handle), now=system.now)
    assert code == 0
    assert {one.check for one in requests} == set(catalog.load()) - {"access", "config", "trigger", "logs"}
    found = chain.find_longest(requests)
    assert found[:2] == ["key status", "r2 status"]
    assert found[-1] in ("proof rows", "proof object"), "the list is another check's"
    assert len(found) < len([one for one in requests if one.check in {name.split()[0] for name in found}])


def test_a_request_of_an_unknown_kind_or_thread_is_an_error():
    recorder = chain.Recorder(httpx.MockTransport(lambda request: httpx.Response(200)))
    errors = []

    def ask(path):
        try:
            recorder.handle_request(httpx.Request("GET", f"https://x.example{path}"))
        except ValueError as error:
            errors.append(str(error))

    for name, path in (("check r2", "/status"), ("check r2_3", "/health"), ("check r2", "/new"), ("pool", "/status")):
        thread = threading.Thread(target=ask, args=(path,), name=name)
        thread.start()
        thread.join()
    assert [(one.check, one.kind) for one in recorder.requests] == [("r2", "status"), ("r2", "health")]
    assert [text.partition(":")[0] for text in errors] == [
        "a request of an unknown kind",
        "a request of an unknown thread",
    ]
