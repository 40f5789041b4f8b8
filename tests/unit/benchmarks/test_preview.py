import ast
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import preview
from tests.benchmarks import program_without_drift as stand_in

LOADED = "import sys; from infra import account, plan, resources; from infra.settings import reading, source; "


def test_the_program_without_drift_does_not_load_the_http_client(tmp_path):
    for folder, loaded in ((preview._copy_without_drift(tmp_path / "without"), "False"), (Path(), "True")):
        command = [sys.executable, "-c", f"{LOADED}print('httpx' in sys.modules)"]
        found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert found.stdout.strip() == loaded


def test_the_stand_in_has_every_name_that_the_program_uses():
    asked, called = set(), set()
    for file in (Path("__main__.py"), *Path("infra").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "infra.account":
                asked |= {alias.name for alias in node.names}
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "account":
                (asked if file.name == "__main__.py" else called).add(node.attr)
    assert {"open_account", "LiveWorker"} <= asked
    assert called
    assert [name for name in asked if not hasattr(stand_in, name)] == []
    assert [name for name in called if not hasattr(stand_in.LiveAccount, name)] == []
