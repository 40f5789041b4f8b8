from __future__ import annotations

import json
from typing import Any

import pytest

SECRET = {"name": "KEY", "type": "secret_text", "text": "canary-value"}
TEXT = {"name": "SITE", "type": "plain_text", "text": "somewhere"}


def names(account: Any) -> dict[str, str]:
    return {item["name"]: item["type"] for item in account.result("workers/scripts/page/settings")["bindings"]}


def test_an_upload_is_a_live_version(account: Any) -> None:
    uploaded = account.upload(
        bindings=[SECRET, TEXT],
        annotations={"workers/tag": "bv:1", "workers/message": "first", "workers/triggered_by": "a client"},
    ).json()["result"]
    service = account.result("workers/services/page")["default_environment"]["script"]
    (version,) = account.result("workers/scripts/page/versions")["items"]
    (deployment,) = account.result("workers/scripts/page/deployments")["deployments"]
    assert uploaded["etag"] == service["etag"]
    assert uploaded["deployment_id"] == version["id"].replace("-", "")
    assert "script" not in uploaded
    assert version["number"] == 1
    assert version["annotations"] == {
        "workers/tag": "bv:1",
        "workers/message": "first",
        "workers/triggered_by": "upload",
    }
    assert version["metadata"]["author_email"]
    assert deployment["versions"] == [{"version_id": version["id"], "percentage": 100}]
    ((script, percentage),), enabled = account.edge.served["page"]
    assert (percentage, enabled) == (100, False)
    assert script.version == {"id": version["id"], "tag": "bv:1", "timestamp": version["metadata"]["created_on"]}
    assert account.env()["KEY"]["text"] == "canary-value"


def test_an_upload_replaces_the_bindings_and_keeps_the_secrets(account: Any) -> None:
    account.upload(bindings=[SECRET, TEXT])
    account.upload(bindings=[{"name": "OTHER", "type": "json", "json": {"a": 1}}])
    assert names(account) == {"OTHER": "json", "KEY": "secret_text"}
    assert account.env()["KEY"]["text"] == "canary-value"


@pytest.mark.parametrize(
    ("keep", "left"), [([], set()), (["plain_text"], {"SITE"}), (["plain_text", "secret_text"], {"SITE", "KEY"})]
)
def test_keep_bindings_keeps_these_types_and_no_other(account: Any, keep: list[str], left: set[str]) -> None:
    account.upload(bindings=[SECRET, TEXT])
    account.upload(keep_bindings=keep)
    assert set(names(account)) == left


def test_inherit_keeps_an_existing_binding(account: Any, code: Any) -> None:
    account.upload(bindings=[SECRET, TEXT])
    inherit = [{"name": "KEY", "type": "inherit"}, {"name": "PLACE", "type": "inherit", "old_name": "SITE"}]
    account.upload(bindings=inherit, keep_bindings=[])
    assert names(account) == {"KEY": "secret_text", "PLACE": "plain_text"}
    assert account.env()["PLACE"]["text"] == "somewhere"
    absent = [{"name": "ABSENT", "type": "inherit"}]
    assert code(account.upload(bindings=absent, path="?bindings_inherit=strict")) == (400, 10057)
    assert account.upload(bindings=absent).status_code == 200


@pytest.mark.parametrize(
    ("bindings", "expected"),
    [
        ([{"name": "KEY", "type": "secret_text"}], 10021),
        ([{"name": "KEY", "type": "secret_text", "text": 1}], 10021),
        ([{"name": "BUCKET", "type": "r2_bucket"}], 10021),
        ([{"name": "KEY", "type": "secret_text", "text": "x" * 7322}], 10054),
        ([{"name": "NOTE", "type": "plain_text", "text": "é" * 3250}], 10054),
        ([{"name": "NOTE", "type": "json", "json": ["x" * 6500]}], 10054),
        ([{"name": f"N{number}", "type": "plain_text", "text": "x"} for number in range(129)], 10055),
        ([{"type": "plain_text", "text": "x"}], 10021),
        ("nonsense", 10021),
        ([TEXT, TEXT], 10053),
        ([{"name": "BUCKET", "type": "r2_bucket", "bucket_name": "absent"}], 10085),
    ],
)
def test_a_bad_binding_is_refused_and_the_earlier_version_still_runs(
    account: Any, code: Any, bindings: Any, expected: int
) -> None:
    account.upload(bindings=[TEXT])
    assert code(account.upload(bindings=bindings)) == (400, expected)
    assert names(account) == {"SITE": "plain_text"}
    assert account.edge.deploys == 1


def test_a_rejected_version_is_10021_without_the_secret(account: Any, code: Any) -> None:
    account.upload()
    response = account.upload(code=b"reject", bindings=[SECRET])
    assert code(response) == (400, 10021)
    assert "worker.js:1" in response.text
    assert "canary" not in response.text
    assert len(account.result("workers/scripts/page/versions")["items"]) == 1


@pytest.mark.parametrize("body", [b"export default {}", b"--x\r\nnonsense"])
def test_an_invalid_upload_is_refused(account: Any, code: Any, body: bytes) -> None:
    for kind in ("application/javascript", "multipart/form-data; boundary=x", "multipart/form-data"):
        response = account.http.put("workers/scripts/page", content=body, headers={"content-type": kind})
        assert code(response) == (400, 10021)


def test_metadata_must_name_a_module(account: Any, code: Any) -> None:
    assert code(account.upload(main_module="other.js")) == (400, 10021)
    files = {"worker.js": ("worker.js", b"", "application/javascript+module"), "metadata": (None, b"[canary]")}
    response = account.http.put("workers/scripts/page", files=files)
    assert code(response) == (400, 10021)
    assert "canary" not in response.text


def test_annotations_have_a_limit(account: Any, code: Any) -> None:
    assert account.upload(annotations={"workers/tag": "t" * 100}).status_code == 200
    assert code(account.upload(annotations={"workers/tag": "t" * 101})) == (400, 10021)


@pytest.mark.parametrize("name", ["UPPER", "a.b", "-a", "a" * 64])
def test_an_invalid_script_name_is_refused(account: Any, code: Any, name: str) -> None:
    assert code(account.upload(name)) == (400, 10016)


def test_code_is_returned_unchanged(account: Any, code: Any) -> None:
    account.upload(code=b"one")
    first = account.result("workers/scripts/page/versions")["items"][0]["id"]
    account.upload(code=b"two")
    raw = account.http.get("workers/scripts/page/content/v2")
    assert (raw.content, raw.headers["cf-entrypoint"]) == (b"two", "worker.js")
    assert raw.headers["content-type"] == "application/javascript+module"
    assert account.http.get("workers/scripts/page").content == b"two"
    assert account.http.get(f"workers/scripts/page/content/v2?version={first}").content == b"one"
    assert code(account.http.get("workers/scripts/page/content/v2?version=absent")) == (404, 10007)


def test_several_modules_are_returned_as_multipart(account: Any) -> None:
    files = {
        "worker.js": ("worker.js", b"import './b.js'", "application/javascript+module"),
        "b.js": ("b.js", b"export {}", "application/javascript+module"),
        "worker.js.map": ("worker.js.map", b"{}", "application/source-map"),
        "metadata": (None, json.dumps({"main_module": "worker.js"}).encode()),
    }
    uploaded = account.http.put("workers/scripts/page", files=files).json()["result"]
    assert uploaded["script"] == "import './b.js'"
    raw = account.http.get("workers/scripts/page/content/v2")
    assert raw.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="b.js"; filename="b.js"' in raw.content
    assert set(account.edge.served["page"][0][0][0].modules) == {"worker.js", "b.js"}


def test_list_and_delete(account: Any, code: Any) -> None:
    account.upload("b")
    account.upload("a")
    assert [item["id"] for item in account.result("workers/scripts")] == ["a", "b"]
    assert account.http.delete("workers/scripts/a").status_code == 200
    assert "a" not in account.edge.served
    assert code(account.http.get("workers/services/a")) == (404, 10090)
    for method, path in [("GET", ""), ("DELETE", ""), ("GET", "/settings"), ("GET", "/secrets"), ("GET", "/versions")]:
        assert code(account.http.request(method, f"workers/scripts/a{path}")) == (404, 10007)


def test_the_source_of_an_upload_comes_from_the_user_agent(account: Any) -> None:
    account.http.headers["user-agent"] = "wrangler/4.86.0"
    account.upload()
    assert account.result("workers/services/page")["default_environment"]["script"]["last_deployed_from"] == "wrangler"
    assert account.result("workers/scripts/page/deployments")["deployments"][0]["source"] == "wrangler"


def test_a_stub_without_suffix_is_an_es_module_at_the_edge(account: Any) -> None:
    files = {
        "page": ("page", b"export default {}", "application/javascript+module"),
        "metadata": (None, json.dumps({"main_module": "page", "bindings": []}).encode()),
    }
    assert account.http.put("workers/scripts/page", files=files).status_code == 200
    script = account.edge.served["page"][0][0][0]
    assert (script.main_module, set(script.modules)) == ("page.js", {"page.js"})
    assert script.compatibility_date == "2021-11-02"


def test_modules_have_the_names_of_their_files(account: Any) -> None:
    """Cloudflare's Python client names the part of each module `files`."""
    kind = "application/javascript+module"
    files: Any = [
        ("files", ("worker.js", b"export default {}", kind)),
        ("files", ("other.js", b"export const other = 1", kind)),
        ("metadata", (None, json.dumps({"main_module": "worker.js"}))),
    ]
    assert account.http.put("workers/scripts/page", files=files).status_code == 200
    ((script, _),), _ = account.edge.served["page"]
    assert script.modules == {"worker.js": b"export default {}", "other.js": b"export const other = 1"}
