from __future__ import annotations

import json
from typing import Any

import pytest

KEY = {"name": "KEY", "type": "secret_text", "text": "canary-value"}
SITE = {"name": "SITE", "type": "plain_text", "text": "somewhere"}
PATH = "workers/scripts/page/secrets"


@pytest.fixture(autouse=True)
def worker(account: Any) -> None:
    account.upload(bindings=[KEY, SITE], annotations={"workers/tag": "bv:1"})


def newest(account: Any) -> Any:
    return account.result("workers/scripts/page/versions")["items"][0]


def test_putting_a_secret_is_a_version_and_a_deployment(account: Any) -> None:
    response = account.http.put(PATH, json={"name": "KEY", "text": "canary-other", "type": "secret_text"})
    assert response.json()["result"] == {"name": "KEY", "type": "secret_text"}
    version = newest(account)
    deployment = account.result("workers/scripts/page/deployments")["deployments"][0]
    assert version["number"] == 2
    assert version["annotations"] == deployment["annotations"] == {"workers/triggered_by": "secret"}
    assert deployment["versions"] == [{"version_id": version["id"], "percentage": 100}]
    assert account.env()["KEY"]["text"] == "canary-other"
    assert account.env()["SITE"]["text"] == "somewhere"
    assert account.edge.served["page"][0][0][0].version["tag"] == ""


def test_no_response_contains_a_value(account: Any, caplog: Any) -> None:
    account.http.put(PATH, json={"name": "MORE", "text": "canary-more"})
    paths = [PATH, f"{PATH}/KEY", "workers/scripts/page/settings", "workers/services/page", "workers/scripts"]
    texts = [account.http.get(path).text for path in paths]
    assert "canary" not in "".join(texts) + caplog.text + repr(account.cloudflare.requests)
    assert account.result(PATH) == [{"name": name, "type": "secret_text"} for name in ("KEY", "MORE")]
    assert account.result(f"{PATH}/KEY") == {"name": "KEY", "type": "secret_text"}


def test_deleting_a_secret_takes_it_from_the_worker(account: Any, code: Any) -> None:
    assert account.http.delete(f"{PATH}/KEY?url_encoded=true").status_code == 200
    assert account.result(PATH) == []
    assert set(account.env()) == {"SITE"}
    assert newest(account)["annotations"] == {"workers/triggered_by": "secret"}
    assert code(account.http.delete(f"{PATH}/KEY?url_encoded=true")) == (404, 10056)
    assert code(account.http.get(f"{PATH}/KEY")) == (404, 10056)


def test_a_secret_that_is_too_large_is_refused(account: Any, code: Any) -> None:
    """Case P7: Cloudflare stores 5 KB."""
    assert account.http.put(PATH, json={"name": "KEY", "text": "x" * 5120}).status_code == 200
    assert code(account.http.put(PATH, json={"name": "KEY", "text": "x" * 7322})) == (400, 10054)
    assert code(account.http.patch(f"{PATH}-bulk", json={"secrets": {"A": {"text": "x" * 5121}}})) == (400, 10054)
    assert newest(account)["number"] == 2


def test_a_worker_has_at_most_128_variables_and_secrets(account: Any, code: Any) -> None:
    secrets = {f"S{number}": {"text": "x"} for number in range(126)}  # besides KEY and SITE
    assert account.http.patch(f"{PATH}-bulk", json={"secrets": secrets}).status_code == 200
    assert code(account.http.put(PATH, json={"name": "ONE_MORE", "text": "x"})) == (400, 10055)


def test_several_secrets_change_in_one_version(account: Any, code: Any) -> None:
    secrets = {"KEY": None, "A": {"text": "a"}, "B": {"name": "B", "type": "secret_text", "text": "b"}}
    assert account.http.patch(f"{PATH}-bulk", json={"secrets": secrets}).status_code == 200
    assert set(account.env()) == {"SITE", "A", "B"}
    assert newest(account)["number"] == 2
    assert code(account.http.patch(f"{PATH}-bulk", json={"secrets": []})) == (400, 10021)
    assert code(account.http.patch(f"{PATH}-bulk", json={"secrets": {"A": "text"}})) == (400, 10021)


def test_a_secret_needs_a_text_and_a_free_name(account: Any, code: Any) -> None:
    assert code(account.http.put(PATH, json={"name": "KEY"})) == (400, 10021)
    assert code(account.http.put(PATH, json={"name": "KEY", "text": "x", "type": "plain_text"})) == (400, 10021)
    assert code(account.http.put(PATH, json={"name": "SITE", "text": "x"})) == (400, 10053)
    response = account.http.put(
        PATH, content=b'{"name": "KEY", "text": "canary', headers={"content-type": "text/plain"}
    )
    assert code(response) == (400, 6007)
    assert "canary" not in response.text
    assert code(account.http.put(PATH, json=["canary"])) == (400, 6007)
    assert newest(account)["number"] == 1


def test_no_secret_changes_while_the_latest_version_is_not_deployed(account: Any, code: Any) -> None:
    account.upload(method="POST", path="/versions")
    assert code(account.http.put(PATH, json={"name": "KEY", "text": "x"})) == (400, 10215)
    assert code(account.http.delete(f"{PATH}/KEY")) == (400, 10215)
    settings = account.http.patch("workers/scripts/page/settings", json={"compatibility_date": "2026-01-01"})
    assert code(settings) == (400, 10214)


def bulk(account: Any, bindings: Any) -> Any:
    settings = (None, json.dumps({"bindings": bindings}).encode())
    return account.http.patch("workers/scripts/page/settings", files={"settings": settings})


def test_settings_take_secrets_as_wrangler_sends_them(account: Any, code: Any) -> None:
    kept = [{"name": "SITE", "type": "plain_text"}]
    response = bulk(account, [*kept, {**KEY, "text": "canary-other"}])
    assert response.status_code == 200
    assert "canary" not in response.text
    assert account.env()["SITE"]["text"] == "somewhere"
    assert account.env()["KEY"]["text"] == "canary-other"
    assert newest(account)["annotations"] == {"workers/triggered_by": "secret"}
    assert bulk(account, kept).status_code == 200
    assert set(account.env()) == {"SITE"}
    absent = [{"name": "BUCKET", "type": "r2_bucket", "bucket_name": "absent"}]
    assert code(bulk(account, absent)) == (400, 10085)
    broken = account.http.patch("workers/scripts/page/settings", files={"settings": (None, b"canary")})
    assert code(broken) == (400, 10021)
