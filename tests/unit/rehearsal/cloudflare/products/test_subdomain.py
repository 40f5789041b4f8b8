from __future__ import annotations

from typing import Any


def served(account: Any) -> bool:
    return bool(account.edge.served["page"][1])


def test_the_switch_opens_and_closes_the_edge(account: Any, code: Any) -> None:
    path = "workers/scripts/page/subdomain"
    account.upload()
    assert account.result(path) == {"enabled": False, "previews_enabled": False}
    on = account.http.post(path, content=b'{"enabled": true, "previews_enabled": true}').json()["result"]
    assert on == account.result(path) == {"enabled": True, "previews_enabled": True}
    assert served(account)
    assert account.http.post(path, json={"enabled": True}).json()["result"]["previews_enabled"] is False
    assert account.edge.deploys == 2
    account.upload()
    assert served(account)
    account.http.delete(path)
    assert account.result(path)["enabled"] is False
    assert not served(account)
    assert code(account.http.post(path, json={"enabled": "yes"})) == (400, 10021)
