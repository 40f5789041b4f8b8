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


def test_traffic_can_be_split(account: Any) -> None:
    account.upload(code=b"one")
    first = live(account)["versions"][0]["version_id"]
    second = upload(account, code=b"two")
    assert deploy(account, (first, 90), (second, 10)).status_code == 200
    served = {script.version["id"]: share for script, share in account.edge.served["page"][0]}
    assert served == {first: 90, second: 10}


def test_an_invalid_deployment_is_refused(account: Any, code: Any) -> None:
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


def test_deployments_are_listed_in_pages_and_shown_by_id(account: Any, code: Any) -> None:
    for body in (b"one", b"two", b"three"):
        account.upload(code=body)
    path = "workers/scripts/page/deployments"
    ids = [item["id"] for item in account.result(path)["deployments"]]
    assert len(ids) == 3
    pages = [account.result(f"{path}?page={page}&per_page=2")["deployments"] for page in (1, 2, 3)]
    assert [[item["id"] for item in page] for page in pages] == [ids[:2], ids[2:], []]
    assert account.result(f"{path}/{ids[1]}")["id"] == ids[1]
    assert code(account.http.get(f"{path}/absent")) == (404, 10007)
    assert code(account.http.get(f"{path}?page=0")) == (400, 10021)
