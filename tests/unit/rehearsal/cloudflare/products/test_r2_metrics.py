from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture(autouse=True)
def bucket(account: Any) -> Any:
    return account.http.post("r2/buckets", content=b'{"name": "data", "locationHint": "weur"}').json()["result"]


def test_metrics_count_the_stored_objects_and_answer_no_other_query(account: Any) -> None:
    item = {"size": 2, "etag": "e", "uploaded": "2026-01-01T00:00:00Z", "http_metadata": {}, "custom_metadata": {}}
    for key in ("a", "b", "c"):
        account.edge.objects["data", key] = ({"key": key, **item}, b"xx")
    variables = {"accountTag": "x", "filter": {"bucketName": "data"}}
    asked = {"query": "query { r2StorageAdaptiveGroups }", "variables": variables}
    answer = account.http.post(account.base + "/graphql", json=asked).json()
    (group,) = answer["data"]["viewer"]["accounts"][0]["r2StorageAdaptiveGroups"]
    assert group["max"] == {"objectCount": 3, "payloadSize": 6, "metadataSize": 0}
    variables["filter"]["bucketName"] = "absent"  # type: ignore[index]
    answer = account.http.post(account.base + "/graphql", json=asked).json()
    assert answer["data"]["viewer"]["accounts"][0]["r2StorageAdaptiveGroups"][0]["max"]["objectCount"] == 0
    assert account.http.post(account.base + "/graphql", json={"query": "{ viewer }"}).json()["errors"]
