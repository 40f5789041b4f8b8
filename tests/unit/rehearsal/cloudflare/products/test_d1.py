from __future__ import annotations

from typing import Any


def test_a_database_is_created_listed_shown_and_deleted(account: Any, code: Any) -> None:
    made = account.http.post("d1/database", json={"name": "one"}).json()["result"]
    assert made["name"] == "one"
    assert account.result("d1/database?name=one") == [made]
    assert account.result("d1/database?name=two") == []
    assert account.result(f"d1/database/{made['uuid']}") == made
    assert account.http.delete(f"d1/database/{made['uuid']}").status_code == 200
    assert account.result("d1/database") == []
    assert code(account.http.delete(f"d1/database/{made['uuid']}")) == (404, 7404)


def test_a_name_is_used_once(account: Any, code: Any) -> None:
    assert account.http.post("d1/database", json={"name": "one"}).status_code == 200
    assert code(account.http.post("d1/database", json={"name": "one"})) == (400, 7502)
    assert code(account.http.post("d1/database", json={"name": ""})) == (400, 7400)
