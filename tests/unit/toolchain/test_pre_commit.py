"""The pre-commit hooks are the linters of scripts/test, as set-up installs them."""

import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
(REPOSITORY,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
HOOKS = {hook["id"]: hook for hook in REPOSITORY["hooks"]}


def test_no_hook_is_fetched():
    assert REPOSITORY["repo"] == "local"
    assert {hook["language"] for hook in HOOKS.values()} == {"system"}
    assert all(hook["entry"].startswith((".venv/bin/", "workers/node_modules/.bin/")) for hook in HOOKS.values())


def test_each_python_tool_is_installed_and_runs():
    tools = {hook["entry"].split()[0] for hook in HOOKS.values() if hook["entry"].startswith(".venv/")}
    assert tools == {".venv/bin/ruff", ".venv/bin/mypy", ".venv/bin/shellcheck"}
    for tool in tools:
        subprocess.run([ROOT / tool, "--version"], check=True, capture_output=True)


def test_each_hook_is_a_linter_of_scripts_test():
    script = (ROOT / "scripts" / "test").read_text()
    for name in ("ruff check", "ruff format", "mypy", "shellcheck"):
        assert f"\n{name}" in script
        assert any(name in hook["entry"] for hook in HOOKS.values())
