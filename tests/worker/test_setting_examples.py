"""The workers accept and refuse the same values as the program: the table of examples holds for both."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from contract.operator_token import derive_operator_token

from .conftest import KEY, bindings
from .harness import ROOT, Harness, find_bundle

TABLE = ROOT / "tests" / "contract" / "setting_examples.json"
EXAMPLES: list[dict[str, Any]] = json.loads(TABLE.read_text())
# Setting -> binding, and the bindings that a valid value needs beside it.
BINDINGS: dict[str, tuple[str, dict[str, str]]] = {
    "sites": ("SITES", {}),
    "settleHours": ("SETTLE_HOURS", {}),
    "recheckDays": ("RECHECK_DAYS", {}),
    "aceBaseUrl": ("ACE_BASE_URL", {}),
    "pageSize": ("PAGE_SIZE", {}),
    "keyTemplate": ("KEY_TEMPLATE", {}),
}
QUERY = ("sites", "keyTemplate")  # the settings that reach the query worker


def select(*settings: str) -> list[Any]:
    """Return the examples of these settings. A valid empty value means that the setting is not bound at all."""
    found = [item for item in EXAMPLES if item["setting"] in settings and (item["value"] or not item["valid"])]
    return [pytest.param(item, id=f"{item['setting']}-{item['value'][:40]!a}") for item in found]


class Workers:
    """Both bundles in one workerd, with bindings that each request chooses."""

    def __init__(self, folder: Path) -> None:
        one = {"bindings": bindings("https://ace.example"), "bucket": "examples", "wrapped": True}
        workers = {name: one | {"source": find_bundle(name)} for name in ("backfill", "query")}
        self._harness = Harness(folder, workers=workers, wrapper="settings_probe.mjs")
        self.stop = self._harness.stop

    def ask(self, worker: str, method: str, path: str, changes: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Send a request to a worker with these changes of its bindings. Returns the status and the body."""
        headers = {"X-Bindings": json.dumps(changes), "Authorization": f"Bearer {derive_operator_token(KEY)}"}
        answer = self._harness.http.request(method, self._harness.urls[worker] + path, headers=headers)
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    with tempfile.TemporaryDirectory(prefix="bv-settings-") as folder:
        started = Workers(Path(folder))
        try:
            yield started
        finally:
            started.stop()


def change(example: dict[str, Any]) -> dict[str, str]:
    name, others = BINDINGS[example["setting"]]
    return {**others, name: example["value"]}


@pytest.mark.parametrize("example", select(*BINDINGS))
def test_the_backfill_worker_agrees_with_the_example(workers: Workers, example: dict[str, Any]) -> None:
    status, body = workers.ask("backfill", "GET", "/health", change(example))
    assert (status, body["status"]) == ((200, "healthy") if example["valid"] else (503, "unhealthy"))
    if not example["valid"]:
        status, body = workers.ask("backfill", "POST", "/trigger", change(example))
        assert (status, body["error"]["code"]) == (503, "not_configured")
        named = body["error"]["message"].removeprefix("absent or unusable: ").split(", ")
        assert BINDINGS[example["setting"]][0] in named


@pytest.mark.parametrize("example", select(*QUERY))
def test_the_query_worker_agrees_with_the_example(workers: Workers, example: dict[str, Any]) -> None:
    status, body = workers.ask("query", "GET", "/health", change(example))
    assert (status, body["status"]) == ((200, "healthy") if example["valid"] else (503, "unhealthy"))
    status, body = workers.ask("query", "GET", "/timeseries/query", change(example))
    assert (status, body["error"]["code"]) == ((400, "bad_parameter") if example["valid"] else (503, "not_configured"))


def test_each_setting_has_valid_and_invalid_examples_and_exists() -> None:
    found = {(item["setting"], item["valid"]) for item in EXAMPLES}
    settings = {setting for setting, _ in found}
    assert found == {(setting, valid) for setting in settings for valid in (True, False)}
    assert set(BINDINGS) <= settings
    assert settings <= set(yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"])


def test_no_example_is_there_twice() -> None:
    pairs = [(item["setting"], item["value"]) for item in EXAMPLES]
    assert len(pairs) == len(set(pairs))
    assert all(set(item) <= {"setting", "value", "valid", "note"} for item in EXAMPLES)
