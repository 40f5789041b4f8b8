from __future__ import annotations

from typing import Any

KEY = {"name": "KEY", "type": "secret_text", "text": "canary-value"}


def upload(account: Any, **metadata: Any) -> str:
    return str(account.upload(method="POST", path="/versions", **metadata).json()["result"]["id"])


def live(account: Any) -> Any:
    return account.result("workers/scripts/page/deployments")["deployments"][0]


def deploy(account: Any, *shares: tuple[str, float], query: str = "", **more: Any) -> Any:
    versions = [{"version_id": version, "percentage": percentage} for version, percentage in shares]
    body = {"strategy": "percentage", "versions": versions, **more}
    return account.http.post(f"workers/scripts/page/deployments{query}", json=body)


def test_a_version_does_not_serve_until_it_is_deployed(account: Any) -> None:
    account.upload(code=b"one", bindings=[KEY])
    version = upload(account, code=b"two", annotations={"workers/tag": "t"})
    assert account.http.get("workers/scripts/page/content/v2").content == b"one"
    detail = account.result(f"workers/scripts/page/versions/{version}")
    assert detail["resources"]["bindings"] == [{"name": "KEY", "type": "secret_text"}]
    assert detail["annotations"] == {"workers/tag": "t", "workers/triggered_by": "version_upload"}
    assert deploy(account, (version, 100), annotations={"workers/message": "go"}).status_code == 200
    assert live(account)["annotations"] == {"workers/message": "go", "workers/triggered_by": "deployment"}
    assert account.http.get("workers/scripts/page/content/v2").content == b"two"
    assert account.edge.served["page"][0][0][0].version["id"] == version


def test_the_runtime_must_accept_a_version_even_undeployed(account: Any, code: Any) -> None:
    account.upload(code=b"one")
    assert code(account.upload(method="POST", path="/versions", code=b"reject")) == (400, 10021)
    assert len(account.result("workers/scripts/page/versions")["items"]) == 1
    assert code(account.upload("absent", method="POST", path="/versions")) == (404, 10007)


def test_versions_are_listed_by_page_newest_first(account: Any, code: Any) -> None:
    account.upload()
    for _ in range(11):
        upload(account)
    first = account.result("workers/scripts/page/versions?deployable=true")["items"]
    second = account.result("workers/scripts/page/versions?page=2")["items"]
    assert [item["number"] for item in first + second] == list(range(12, 0, -1))
    assert len(first) == 10
    assert account.result("workers/scripts/page/versions?page=3")["items"] == []
    assert len(account.result("workers/scripts/page/versions?per_page=12")["items"]) == 12
    assert code(account.http.get("workers/scripts/page/versions?page=x")) == (400, 10021)
    assert code(account.http.get("workers/scripts/page/versions/absent")) == (404, 10007)
