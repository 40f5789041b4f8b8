from __future__ import annotations

from typing import Any

import pytest

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


def test_traffic_can_be_split(account: Any) -> None:
    account.upload(code=b"one")
    first = live(account)["versions"][0]["version_id"]
    second = upload(account, code=b"two")
    assert deploy(account, (first, 90), (second, 10)).status_code == 200
    served = {script.version["id"]: share for script, share in account.edge.served["page"][0]}
    assert served == {first: 90, second: 10}


def test_what_is_no_deployment_is_refused(account: Any, code: Any) -> None:
    account.upload()
    version = live(account)["versions"][0]["version_id"]
    assert code(deploy(account, (version, 99))) == (400, 10021)
    assert code(deploy(account)) == (400, 10021)
    assert code(deploy(account, ("absent", 100))) == (404, 10007)
    assert code(deploy(account, (version, "100"))) == (400, 10021)  # type: ignore[arg-type]
    assert code(account.http.post("workers/scripts/page/deployments", json={"versions": [None]})) == (404, 10007)


def test_deployments_are_listed_newest_first_ten_at_most(account: Any) -> None:
    for _ in range(12):
        account.upload()
    newest = account.result("workers/scripts/page/versions")["items"][0]["id"]
    deployments = account.result("workers/scripts/page/deployments")["deployments"]
    assert len(deployments) == 10
    assert deployments[0]["versions"][0]["version_id"] == newest
    dates = [item["created_on"] for item in deployments]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("changed", [True, False])
def test_a_rollback_across_a_changed_secret_needs_force(account: Any, code: Any, changed: bool) -> None:
    account.upload(code=b"one", bindings=[KEY])
    first = live(account)["versions"][0]["version_id"]
    account.upload(code=b"two", bindings=[{**KEY, "text": "canary-other" if changed else KEY["text"]}])
    response = deploy(account, (first, 100))
    if changed:
        assert code(response) == (400, 10220)
        assert response.json()["errors"][0]["message"].endswith("The following secrets have changed: KEY")
        assert "canary" not in response.text
        assert account.env()["KEY"]["text"] == "canary-other"
        response = deploy(account, (first, 100), query="?force=true")
    assert response.status_code == 200
    assert account.env()["KEY"]["text"] == "canary-value"


def test_a_new_version_with_a_new_secret_needs_no_force(account: Any) -> None:
    account.upload(bindings=[KEY])
    version = upload(account, bindings=[{**KEY, "text": "canary-other"}])
    assert deploy(account, (version, 100)).status_code == 200
