from __future__ import annotations

import gzip
import socket
from typing import Any

import pytest

OBJECTS = "r2/buckets/data/objects"
BINDING = {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "data"}


@pytest.fixture(autouse=True)
def bucket(account: Any) -> Any:
    return account.http.post("r2/buckets", content=b'{"name": "data", "locationHint": "weur"}').json()["result"]


def test_a_bucket_lives_and_dies(account: Any, bucket: Any, code: Any) -> None:
    assert account.result("r2/buckets/data") == bucket
    assert (bucket["location"], bucket["storage_class"], bucket["jurisdiction"]) == ("WEUR", "Standard", "default")
    assert account.result("r2/buckets") == {"buckets": [bucket]}
    assert code(account.http.post("r2/buckets", json={"name": "data"})) == (409, 10004)
    infrequent = account.http.patch("r2/buckets/data", headers={"cf-r2-storage-class": "InfrequentAccess"})
    assert infrequent.json()["result"]["storage_class"] == "InfrequentAccess"
    assert code(account.http.patch("r2/buckets/data")) == (400, 10062)
    account.http.put(f"{OBJECTS}/key", content=b"x")
    assert code(account.http.delete("r2/buckets/data")) == (409, 10008)
    account.http.delete(f"{OBJECTS}/key")
    assert account.http.delete("r2/buckets/data").status_code == 200
    for method, path in [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/objects"),
        ("GET", "/lifecycle"),
        ("PUT", "/objects/k"),
    ]:
        assert code(account.http.request(method, f"r2/buckets/data{path}")) == (404, 10006)


@pytest.mark.parametrize("name", ["ab", "A-bucket", "under_score", "-a-", "a" * 64, 5, None])
def test_a_bucket_has_a_valid_name(account: Any, code: Any, name: Any) -> None:
    assert code(account.http.post("r2/buckets", json={"name": name})) == (400, 10005)


def test_a_name_may_exist_in_each_jurisdiction(account: Any, code: Any) -> None:
    eu = {"cf-r2-jurisdiction": "eu"}
    assert code(account.http.get("r2/buckets/data", headers=eu)) == (404, 10006)
    assert account.http.post("r2/buckets", json={"name": "data"}, headers=eu).json()["result"]["jurisdiction"] == "eu"
    account.http.put(f"{OBJECTS}/key", content=b"eu", headers=eu)
    assert account.http.get(f"{OBJECTS}/key", headers=eu).content == b"eu"
    assert code(account.http.get(f"{OBJECTS}/key")) == (404, 10007)
    account.upload(bindings=[BINDING, {**BINDING, "name": "EU", "jurisdiction": "eu"}])
    assert account.env()["BUCKET"]["bucket_name"] == "data"
    assert ("data", "key") not in account.edge.objects
    assert (account.env()["EU"]["bucket_name"], "key") in account.edge.objects
    assert code(account.http.get("r2/buckets", headers={"cf-r2-jurisdiction": "mars"})) == (400, 10041)


def test_a_worker_loses_a_deleted_bucket_and_finds_it_again(account: Any) -> None:
    account.upload(bindings=[BINDING])
    assert "BUCKET" in account.env()
    account.http.delete("r2/buckets/data")
    assert account.env() == {}
    assert account.result("workers/scripts/page/settings")["bindings"] == [BINDING]
    account.http.post("r2/buckets", json={"name": "data"})
    assert "BUCKET" in account.env()


def test_lifecycle_rules_are_kept(account: Any, code: Any) -> None:
    assert account.result("r2/buckets/data/lifecycle")["rules"][0]["id"] == "Default Multipart Abort Rule"
    rules = [{"id": "old", "enabled": True, "conditions": {"prefix": "logs/"}}]
    account.http.put("r2/buckets/data/lifecycle", json={"rules": rules})
    assert account.result("r2/buckets/data/lifecycle") == {"rules": rules}
    assert code(account.http.put("r2/buckets/data/lifecycle", json={"rules": [{}]})) == (400, 10040)


def test_an_object_keeps_its_bytes_and_what_was_said_of_it(account: Any, code: Any) -> None:
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


def test_what_the_store_does_not_take_is_refused(account: Any, code: Any) -> None:
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


def test_metrics_count_what_is_there_and_answer_nothing_else(account: Any) -> None:
    fill(account, 3)
    variables = {"accountTag": "x", "filter": {"bucketName": "data"}}
    asked = {"query": "query { r2StorageAdaptiveGroups }", "variables": variables}
    answer = account.http.post(account.base + "/graphql", json=asked).json()
    (group,) = answer["data"]["viewer"]["accounts"][0]["r2StorageAdaptiveGroups"]
    assert group["max"] == {"objectCount": 3, "payloadSize": 6, "metadataSize": 0}
    variables["filter"]["bucketName"] = "absent"  # type: ignore[index]
    answer = account.http.post(account.base + "/graphql", json=asked).json()
    assert answer["data"]["viewer"]["accounts"][0]["r2StorageAdaptiveGroups"][0]["max"]["objectCount"] == 0
    assert account.http.post(account.base + "/graphql", json={"query": "{ viewer }"}).json()["errors"]
