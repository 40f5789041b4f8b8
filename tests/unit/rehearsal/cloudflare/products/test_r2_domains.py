from __future__ import annotations

from typing import Any

import pytest

PATH = "r2/buckets/data/domains"


@pytest.fixture(autouse=True)
def bucket(account: Any) -> Any:
    return account.http.post("r2/buckets", json={"name": "data"})


def test_the_r2_dev_address_is_disabled_until_it_is_enabled(account: Any, code: Any) -> None:
    found = account.result(f"{PATH}/managed")
    assert found.keys() == {"bucketId", "domain", "enabled"}
    assert (found["enabled"], found["domain"].endswith(".r2.dev")) == (False, True)
    account.http.put(f"{PATH}/managed", json={"enabled": True})
    assert account.result(f"{PATH}/managed") == {**found, "enabled": True}
    assert code(account.http.put(f"{PATH}/managed", json={})) == (400, 10021)


def test_custom_domains_are_attached_and_removed(account: Any, code: Any) -> None:
    assert account.result(f"{PATH}/custom") == {"domains": []}
    account.http.post(f"{PATH}/custom", json={"domain": "a.example.org", "zoneId": "0a" * 16, "enabled": True})
    (found,) = account.result(f"{PATH}/custom")["domains"]
    assert (found["domain"], found["enabled"], found["status"]["ssl"]) == ("a.example.org", True, "active")
    account.http.delete(f"{PATH}/custom/a.example.org")
    assert account.result(f"{PATH}/custom") == {"domains": []}
    assert code(account.http.post(f"{PATH}/custom", json={})) == (400, 10021)
    assert code(account.http.get("r2/buckets/other/domains/custom")) == (404, 10006)
