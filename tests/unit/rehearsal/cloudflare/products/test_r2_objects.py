from __future__ import annotations

import gzip
import socket
from typing import Any

import pytest

OBJECTS = "r2/buckets/data/objects"


@pytest.fixture(autouse=True)
def bucket(account: Any) -> Any:
    return account.http.post("r2/buckets", content=b'{"name": "data", "locationHint": "weur"}').json()["result"]


def test_an_object_keeps_its_bytes_and_metadata(account: Any, code: Any) -> None:
    body = gzip.compress(b"one\ntwo\n")
    said = {"content-type": "application/x-ndjson", "content-encoding": "gzip", "cache-control": "no-store"}
    assert account.http.put(f"{OBJECTS}/a/b.gz", content=body, headers=said).json()["result"]["size"] == len(body)
    assert account.edge.objects["data", "a/b.gz"][1] == body
    with account.http.stream("GET", f"{OBJECTS}/a/b.gz") as response:
        assert b"".join(response.iter_raw()) == body
        assert {name: response.headers[name] for name in said} == said
    (item,) = account.result(OBJECTS)
    assert item["http_metadata"]["contentEncoding"] == "gzip"
    assert account.http.delete(f"{OBJECTS}/a/b.gz").status_code == 200
    assert code(account.http.get(f"{OBJECTS}/a/b.gz")) == (404, 10007)
    assert account.http.delete(f"{OBJECTS}/a/b.gz").status_code == 200


@pytest.mark.parametrize(
    ("path", "key"),
    [("a/b", "a/b"), ("a%2Fb", "a/b"), ("a%252Fb", "a%2Fb"), ("a%20b%3F", "a b?"), ("a/objects/b", "a/objects/b")],
)
def test_slashes_may_be_literal_or_encoded(account: Any, path: str, key: str) -> None:
    account.http.put(f"{OBJECTS}/{path}", content=b"x")
    assert ("data", key) in account.edge.objects
    assert account.http.get(f"{OBJECTS}/{path}").content == b"x"
    assert account.http.get(f"{OBJECTS}/{path}").headers["content-type"] == "application/octet-stream"


def fill(account: Any, count: int) -> None:
    item = {"size": 2, "etag": "e", "uploaded": "2026-01-01T00:00:00Z", "http_metadata": {}, "custom_metadata": {}}
    for number in range(count):
        key = f"d/{number:04}"
        account.edge.objects["data", key] = ({"key": key, **item}, b"xx")


def test_a_list_has_20_a_page_and_1000_at_most(account: Any, code: Any) -> None:
    fill(account, 1001)
    first = account.http.get(OBJECTS).json()
    assert len(first["result"]) == first["result_info"]["per_page"] == 20
    assert first["result_info"]["is_truncated"] is True
    second = account.http.get(OBJECTS, params={"cursor": first["result_info"]["cursor"]}).json()
    assert second["result"][0]["key"] == "d/0020"
    most = account.http.get(OBJECTS, params={"per_page": 5000}).json()
    assert len(most["result"]) == 1000
    last = account.http.get(OBJECTS, params={"per_page": 1000, "start_after": "d/0998"}).json()
    assert [item["key"] for item in last["result"]] == ["d/0999", "d/1000"]
    assert "cursor" not in last["result_info"]
    assert code(account.http.get(OBJECTS, params={"per_page": "0"})) == (400, 10022)


def test_a_list_has_prefixes_and_folders(account: Any) -> None:
    for key in ("x/1", "x/2", "y/1", "z"):
        account.http.put(f"{OBJECTS}/{key}", content=b"x")
    assert [item["key"] for item in account.result(f"{OBJECTS}?prefix=x/")] == ["x/1", "x/2"]
    folders = account.http.get(OBJECTS, params={"delimiter": "/"}).json()
    assert [item["key"] for item in folders["result"]] == ["z"]
    assert folders["result_info"]["delimited"] == ["x/", "y/"]


def test_an_object_that_the_store_refuses_is_refused(account: Any, code: Any) -> None:
    assert code(account.http.put(f"{OBJECTS}/{'k' * 1025}", content=b"x")) == (400, 10020)
    assert code(account.http.get(OBJECTS, params={"cursor": "nonsense?"})) == (400, 10022)


def test_more_than_300_mib_is_refused_before_it_is_read(account: Any) -> None:
    url = account.http.base_url
    head = (
        f"PUT {url.path}{OBJECTS}/big HTTP/1.1\r\nHost: x\r\nContent-Length: {300 * 1024 * 1024 + 1}\r\n"
        f"Authorization: {account.http.headers['authorization']}\r\n\r\n"
    )
    with socket.create_connection((url.host, url.port), timeout=5) as client:
        client.sendall(head.encode())
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")
    assert account.edge.objects == {}
