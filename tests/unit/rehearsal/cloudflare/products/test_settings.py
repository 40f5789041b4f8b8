from __future__ import annotations

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


def test_other_settings_make_a_version_of_their_own(account: Any) -> None:
    body = {"compatibility_date": "2026-01-01", "logpush": True}
    settings = account.http.patch("workers/scripts/page/settings", json=body).json()["result"]
    assert (settings["compatibility_date"], settings["logpush"]) == ("2026-01-01", True)
    assert newest(account)["annotations"] == {"workers/triggered_by": "settings"}
    assert account.env()["KEY"]["text"] == "canary-value"


def test_settings_of_the_script_make_no_version(account: Any) -> None:
    asked = {"tags": ["a"], "observability": {"enabled": False}}
    account.http.patch("workers/scripts/page/script-settings", json=asked)
    account.http.patch("workers/scripts/page/settings", json={"logpush": True})
    shown = {"tags": ["a"], "observability": {"enabled": False}, "logpush": True, "tail_consumers": None}
    assert account.result("workers/scripts/page/script-settings") == shown
    assert newest(account)["number"] == 1


def test_settings_show_no_secret_and_always_a_placement(account: Any) -> None:
    account.upload(bindings=[KEY, SITE])
    response = account.http.get("workers/scripts/page/settings")
    assert response.json()["result"]["bindings"] == [{"name": "KEY", "type": "secret_text"}, SITE]
    assert response.json()["result"]["placement"] == {}
    assert response.json()["result"]["compatibility_date"] == "2026-04-01"
    version = account.result("workers/scripts/page/versions")["items"][0]["id"]
    detail = account.http.get(f"workers/scripts/page/versions/{version}")
    assert "canary" not in response.text + detail.text + repr(account.cloudflare.account.workers)


def test_limits_are_shown_only_of_a_worker_with_limits(account: Any) -> None:
    """The official plugin reads an empty object as a value, so that each preview has an update."""
    account.upload("without")
    assert "limits" not in account.result("workers/scripts/without/settings")
    account.upload("with", limits={"cpu_ms": 50})
    assert account.result("workers/scripts/with/settings")["limits"] == {"cpu_ms": 50}
    (version,) = account.result("workers/scripts/without/versions")["items"]
    detail = account.result(f"workers/scripts/without/versions/{version['id']}")
    assert "limits" not in detail["resources"]["script_runtime"]


FULL = {
    "enabled": True,
    "head_sampling_rate": 1,
    "logs": {"enabled": True, "head_sampling_rate": 1, "invocation_logs": True, "persist": True},
    "traces": {"enabled": False, "head_sampling_rate": 1, "persist": True},
}


def test_settings_of_an_upload_are_kept_and_shown(account: Any) -> None:
    given = {
        "logpush": True,
        "tail_consumers": [{"service": "reader"}],
        "observability": FULL,
        "usage_model": "unbound",
    }
    account.upload(**given)
    for path in ("settings", "script-settings"):
        shown = account.result(f"workers/scripts/page/{path}")
        assert {key: shown[key] for key in given if key in shown} == {
            key: value for key, value in given.items() if path == "settings" or key != "usage_model"
        }


def test_an_upload_without_script_settings_keeps_them_and_an_empty_list_removes_tail_consumers(account: Any) -> None:
    account.upload(logpush=True, tail_consumers=[{"service": "reader"}])
    account.upload()
    shown = account.result("workers/scripts/page/script-settings")
    assert (shown["logpush"], shown["tail_consumers"]) == (True, [{"service": "reader"}])
    account.upload(logpush=False, tail_consumers=[])
    shown = account.result("workers/scripts/page/script-settings")
    assert (shown["logpush"], shown["tail_consumers"]) == (False, None)


def test_enabled_observability_is_shown_with_cloudflares_defaults(account: Any) -> None:
    account.upload(observability={"enabled": True})
    assert account.result("workers/scripts/page/settings")["observability"] == FULL
    assert account.result("workers/services/page")["default_environment"]["script"]["observability"] == FULL


def test_an_upload_without_limits_and_placement_has_none(account: Any) -> None:
    account.upload(limits={"cpu_ms": 50}, placement={"mode": "smart"})
    account.upload()
    shown = account.result("workers/scripts/page/settings")
    assert ("limits" in shown, shown["placement"]) == (False, {})
