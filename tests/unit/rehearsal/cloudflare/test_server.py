from __future__ import annotations

import pkgutil
import socket
from typing import Any

import httpx
import pytest

from rehearsal.cloudflare import products
from rehearsal.cloudflare.server import RequestLine, find_products
from rehearsal.cloudflare.token_access import R2, SCRIPTS, TAIL, TokenAccess


def test_without_credentials_and_with_wrong_ones_nothing_is_answered(account: Any, code: Any) -> None:
    path = f"{account.http.base_url}workers/scripts"
    assert code(httpx.get(path, trust_env=False)) == (400, 9106)
    assert code(account.http.get(path, headers={"authorization": "Bearer wrong"})) == (403, 10000)
    assert code(account.http.get(path, headers={"authorization": "Bearer"})) == (400, 9106)
    assert code(account.http.get(path, headers={"authorization": "Basic x"})) == (400, 6003)
    quoted = account.http.get(path, headers={"authorization": 'Bearer "wrong"'})
    assert code(quoted) == (400, 6003)
    assert quoted.json()["errors"][0]["error_chain"][0]["code"] == 6111
    assert account.http.get(path).json()["success"] is True


@pytest.mark.parametrize(
    ("access", "path", "expected"),
    [
        (TokenAccess(expired=True), "workers/scripts", (403, 9109)),
        (TokenAccess(lacks=frozenset({TAIL})), "workers/scripts/x/tails", (403, 10000)),
        (TokenAccess(lacks=frozenset({TAIL})), "workers/scripts/x/settings", (404, 10007)),
        (TokenAccess(lacks=frozenset({R2})), "r2/buckets", (403, 10000)),
        (TokenAccess(lacks=frozenset({SCRIPTS})), "workers/scripts/x/settings", (403, 10000)),
        (TokenAccess(has_r2=False), "r2/buckets", (403, 10042)),
        (TokenAccess(subdomain=None), "workers/subdomain", (404, 10063)),
    ],
)
def test_a_token_or_an_account_may_lack_something(
    account: Any, code: Any, access: TokenAccess, path: str, expected: Any
) -> None:
    account.cloudflare.account.access = access
    assert code(account.http.get(path)) == expected


def test_another_account_is_not_ours(account: Any, code: Any) -> None:
    assert code(account.http.get(account.base + "/accounts/" + "f" * 32 + "/workers/scripts")) == (403, 10000)
    assert code(account.http.get(account.base + "/accounts/nonsense/workers/scripts")) == (404, 7003)


@pytest.mark.parametrize(("method", "path"), [("GET", "nothing"), ("DELETE", "workers/scripts"), ("GET", "/zones")])
def test_an_unknown_path_has_no_route(account: Any, code: Any, method: str, path: str) -> None:
    assert code(account.http.request(method, path)) == (404, 7003)


def test_refusals_have_the_envelope_and_are_final(account: Any) -> None:
    response = account.http.get("workers/scripts/absent/settings")
    assert response.json() == {
        "success": False,
        "errors": [{"code": 10007, "message": "This Worker does not exist on your account."}],
        "messages": [],
        "result": None,
    }
    assert response.headers["x-should-retry"] == "false"


def test_the_request_log_has_only_method_path_status_and_code(account: Any) -> None:
    account.http.put("workers/scripts/page/secrets?x=query", json={"name": "KEY", "text": "canary-value"})
    line = account.cloudflare.requests[-1]
    assert line == RequestLine(
        method="PUT", path=account.http.base_url.path + "workers/scripts/page/secrets", status=404, code=10007
    )


def test_an_internal_error_is_a_500_without_its_text(account: Any, caplog: Any) -> None:
    response = account.upload(code=b"break", bindings=[{"name": "KEY", "type": "secret_text", "text": "canary-value"}])
    assert response.status_code == 500
    assert "canary" not in response.text + caplog.text
    assert "ValueError" in caplog.text


def test_it_listens_on_loopback_alone(account: Any) -> None:
    assert account.http.base_url.host == "127.0.0.1"
    with socket.socket() as probe:
        probe.settimeout(1)
        with pytest.raises(OSError, match="refused"):
            probe.connect(("127.0.0.2", account.http.base_url.port))


def test_a_product_is_found_by_its_file() -> None:
    with_routes = [p.__module__.rpartition(".")[2] for p in find_products()]
    there = {found.name for found in pkgutil.iter_modules(products.__path__)}
    assert set(with_routes) == there
    assert {"accounts", "scripts", "secrets", "tails", "r2_objects"} <= set(with_routes)


def test_identity(account: Any) -> None:
    assert account.result(account.base + "/user/tokens/verify")["status"] == "active"
    assert account.result(account.base + "/user")["email"]
    (only,) = account.result(account.base + "/accounts?page=1")
    assert account.result(account.base + "/accounts?page=2") == []
    assert account.result(account.base + "/accounts/" + only["id"]) == only
    assert account.result(account.base + "/memberships")[0]["account"] == only
    assert account.result("workers/subdomain") == {"subdomain": "rehearsal"}
