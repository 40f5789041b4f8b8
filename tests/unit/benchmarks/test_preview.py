import ast
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import nobody, preview

LOADED = "import sys; from infra import account, plan, resources; from infra.settings import reading, source; "


def test_the_program_without_the_ledger_loads_nothing_to_ask_with(tmp_path):
    for folder, loaded in ((preview._without_ledger(tmp_path / "without"), "False"), (Path(), "True")):
        command = [sys.executable, "-c", f"{LOADED}print('httpx' in sys.modules)"]
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert found.stdout.strip() == loaded


def test_nobody_has_all_that_the_program_asks_for():
    asked = set()
    for file in (Path("infra/account.py"), Path("infra/plan.py")):
        nodes = ast.walk(ast.parse(file.read_text()))
        asked |= {
            node.attr
            for node in nodes
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in {"api", "live"}
        }
    assert asked
    assert [name for name in asked if not hasattr(nobody, name)] == []
