from __future__ import annotations

from typing import Any

import pytest

OBJECTS = "r2/buckets/data/objects"
BINDING = {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "data"}


@pytest.fixture(autouse=True)
def bucket(account: Any) -> Any:
    return account.http.post("r2/buckets", content=b'{"name": "data", "locationHint": "weur"}').json()["result"]


def test_a_bucket_is_created_changed_and_deleted(account: Any, bucket: Any, code: Any) -> None:
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
