from __future__ import annotations

from dataclasses import replace
from typing import Any

LIVE = "https://page.rehearsal.workers.dev"


def test_a_worker_is_shown_by_name_and_by_id(account: Any, code: Any) -> None:
    account.upload(logpush=True, tail_consumers=[{"service": "listener"}], observability={"enabled": True})
    account.http.post("workers/scripts/page/subdomain", json={"enabled": True})
    shown = account.result("workers/workers/page")
    assert (shown["name"], shown["logpush"], shown["tail_consumers"]) == ("page", True, [{"name": "listener"}])
    assert shown["observability"]["enabled"] is True
    assert shown["deployed_on"] == account.result("workers/scripts/page/deployments")["deployments"][0]["created_on"]
    assert shown["subdomain"] == {
        "enabled": True,
        "previews_enabled": False,
        "url": LIVE,
        "preview_url_suffix": "-page.rehearsal.workers.dev",
    }
    assert account.result(f"workers/workers/{shown['id']}") == shown
    assert code(account.http.get("workers/workers/absent")) == (404, 10007)


def test_a_worker_without_settings_has_their_defaults(account: Any) -> None:
    account.upload()
    shown = account.result("workers/workers/page")
    assert (shown["logpush"], shown["tags"], shown["tail_consumers"]) == (False, [], [])
    assert shown["observability"] == {"enabled": False}
    assert shown["subdomain"]["enabled"] is False
    assert shown["subdomain"]["url"] == LIVE


def test_an_account_without_a_subdomain_has_no_address(account: Any) -> None:
    account.upload()
    held = account.cloudflare.account
    held.access = replace(held.access, subdomain=None)
    assert account.result("workers/workers/page")["subdomain"] == {"enabled": False, "previews_enabled": False}
