"""A refresh of a script reads the settings that the official plugin reads, and is blind where that is blind."""

from typing import Any

import pytest

from rehearsal.pulumi_stand_ins.script_read import merge_bindings, merge_settings

STATE = {"limits": {"cpuMs": 100}, "observability": {"enabled": True, "headSamplingRate": 1}, "logpush": False}


@pytest.mark.parametrize(
    ("live", "changed"),
    [
        ({"logpush": True}, {"logpush": True}),
        ({"usage_model": "unbound"}, {"usageModel": "unbound"}),
        ({"compatibility_date": "2026-01-01"}, {"compatibilityDate": "2026-01-01"}),
        ({"observability": {"enabled": False}}, {"observability": {"enabled": False, "headSamplingRate": 1}}),
        ({"limits": {"cpu_ms": 50}}, {"limits": {"cpuMs": 50}}),
        ({"placement": {"mode": "smart"}}, {"placement": {"mode": "smart"}}),
        ({"tail_consumers": [{"service": "t", "environment": None}]}, {"tailConsumers": [{"service": "t"}]}),
        ({"tail_consumers": []}, {"tailConsumers": []}),
    ],
)
def test_a_live_setting_is_read(live: dict[str, Any], changed: dict[str, Any]) -> None:
    assert merge_settings(STATE, live) == STATE | changed


@pytest.mark.parametrize(
    "live", [{}, {"limits": None, "observability": None}, {"limits": {}}, {"placement": {}}, {"tail_consumers": None}]
)
def test_a_removed_setting_is_not_seen(live: dict[str, Any]) -> None:
    assert merge_settings(STATE, live) == STATE


def test_removed_placement_and_tail_consumers_are_seen() -> None:
    declared: dict[str, Any] = {"placement": {"mode": "smart"}, "tailConsumers": [{"service": "t"}]}
    assert merge_settings(declared, {"placement": {}, "tail_consumers": None}) == {}


def test_an_empty_object_of_limits_is_a_value() -> None:
    assert merge_settings({}, {"limits": {}}) == {"limits": {}}


SECRET = {"name": "KEY", "type": "secret_text", "text": "fake"}
PLAIN = {"name": "SITE", "type": "plain_text", "text": "one"}


@pytest.mark.parametrize(
    ("live", "seen"),
    [
        ([{"name": "KEY", "type": "secret_text"}, PLAIN], [SECRET, PLAIN]),
        ([PLAIN], [PLAIN]),
        ([{"name": "KEY", "type": "secret_text"}], [SECRET, PLAIN]),
        ([{"name": "KEY", "type": "secret_text"}, {**PLAIN, "text": "two"}], [SECRET, PLAIN]),
        ([{"name": "MORE", "type": "secret_text"}, PLAIN], [PLAIN]),
        (
            [{"name": "C", "type": "kv_namespace", "namespace_id": "1"}, PLAIN],
            [PLAIN, {"name": "C", "type": "kv_namespace", "namespaceId": "1"}],
        ),
    ],
    ids=["nothing", "secret deleted", "text removed", "text changed", "secret added", "binding added"],
)
def test_bindings(live: list[Any], seen: list[Any]) -> None:
    assert merge_bindings([SECRET, PLAIN], live) == seen
