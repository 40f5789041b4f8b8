import ast
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import preview
from tests.benchmarks import program_without_drift as stand_in

LOADED = """
import sys
for folder in sys.argv[1:]:
    sys.path[0] = folder
    for name in [name for name in sys.modules if name.partition(".")[0] in ("cloudflare_client", "contract", "infra")]:
        del sys.modules[name]
    from infra import account, plan, resources
    from infra.settings import reading, source
    print(account.__file__, "httpx" in sys.modules)
"""


def test_the_program_without_drift_does_not_load_the_http_client(tmp_path):
    folders = [preview._copy_without_drift(tmp_path / "without"), Path().absolute()]
    command = [sys.executable, "-c", LOADED, *map(str, folders)]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert found.splitlines() == [f"{folders[0]}/infra/account.py False", f"{folders[1]}/infra/account.py True"]


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
