"""The rules between the packages, read from the syntax tree: docs/architecture.md says them in words."""

import ast
import functools
import importlib
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = (
    "__main__.py",
    "contract",
    "cloudflare_client",
    "infra",
    "checks",
    "backfill",
    "deployment",
    "review",
    "rehearsal",
    "release",
    "conformance",
    "toolchain",
)
FORBIDDEN = {
    "contract": {
        "pulumi",
        "pulumi_cloudflare",
        "click",
        "httpx",
        "cloudflare_client",
        "infra",
        "checks",
        "review",
        "rehearsal",
        "toolchain",
    },
    "cloudflare_client": {
        "pulumi",
        "pulumi_cloudflare",
        "click",
        "infra",
        "checks",
        "review",
        "rehearsal",
        "toolchain",
        "aiohttp",
    },
    "infra": {"click", "httpx", "checks", "review", "rehearsal", "toolchain", "aiohttp"},
    "checks": {"pulumi", "pulumi_cloudflare", "infra", "backfill", "review", "rehearsal", "toolchain", "aiohttp"},
    "backfill": {
        "pulumi",
        "pulumi_cloudflare",
        "httpx",
        "infra",
        "deployment",
        "review",
        "rehearsal",
        "toolchain",
        "aiohttp",
    },
    "deployment": {"pulumi", "pulumi_cloudflare", "infra", "checks", "review", "rehearsal", "toolchain", "aiohttp"},
    "review": {
        "pulumi",
        "pulumi_cloudflare",
        "cloudflare_client",
        "infra",
        "checks",
        "rehearsal",
        "toolchain",
        "aiohttp",
    },
    "__main__.py": {"click", "httpx", "checks", "review", "rehearsal", "toolchain"},
    "toolchain": {"pulumi", "cloudflare_client", "infra", "checks", "rehearsal"},
    "release": {"pulumi", "pulumi_cloudflare", "cloudflare_client", "infra", "rehearsal", "toolchain", "httpx"},
    "rehearsal": {"cloudflare_client", "infra", "checks", "review", "conformance"},
    "conformance": {"pulumi", "pulumi_cloudflare", "infra", "checks", "review", "rehearsal", "release", "aiohttp"},
}


def files(package):
    path = ROOT / package
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*.py") if "node_modules" not in p.parts)
    assert found, f"{package} is empty: this rule would hold for nothing"
    return found


@functools.cache
def imported(path):
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def roots(path):
    return {name.partition(".")[0] for name in imported(path)}


def shipped():
    return [path for package in SHIPPED for path in files(package)]


@pytest.mark.parametrize("package", FORBIDDEN)
def test_no_package_imports_a_forbidden_one(package):
    wrong = {
        str(path.relative_to(ROOT)): found for path in files(package) if (found := roots(path) & FORBIDDEN[package])
    }
    assert wrong == {}


def test_the_contract_imports_the_standard_library_alone():
    for path in files("contract"):
        allowed = {"contract", *(["detect_secrets"] if path.name == "secret_scan.py" else [])}
        assert roots(path) <= set(sys.stdlib_module_names) | allowed, path


def test_set_up_runs_before_anything_is_installed():
    for path in files("toolchain"):
        assert roots(path) <= set(sys.stdlib_module_names) | {"toolchain"}, path


def test_only_the_command_line_knows_click_and_only_the_clients_know_httpx():
    for path in files("checks"):
        if path.parent.name != "cli":
            assert "click" not in roots(path), path
        if "clients" not in path.parts:
            assert "httpx" not in roots(path), path


def test_the_client_of_cloudflare_knows_httpx_in_one_module_and_reads_only():
    assert [path.name for path in files("cloudflare_client") if "httpx" in roots(path)] == ["httpx_transport.py"]
    for path in files("cloudflare_client"):
        texts = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not texts & {"POST", "PUT", "PATCH", "DELETE"}, path


def test_only_the_review_s_command_knows_click_and_only_its_github_package_knows_httpx():
    assert {path.name for path in files("review") if "click" in roots(path)} == {"__main__.py"}
    assert {path.parent.name for path in files("review") if "httpx" in roots(path)} == {"github"}


def test_only_the_account_of_a_conformance_run_knows_httpx_and_only_its_command_knows_click():
    assert {path.parent.name for path in files("conformance") if "httpx" in roots(path)} == {"account"}
    assert {path.name for path in files("conformance") if "click" in roots(path)} == {"__main__.py"}
    for package in ("__main__.py", "infra", "checks", "review"):  # no other package changes an account
        assert [path for path in files(package) if "conformance" in roots(path)] == []


def test_only_the_deployment_s_command_knows_click_and_only_its_rollback_knows_httpx():
    assert {path.name for path in files("deployment") if "click" in roots(path)} == {"__main__.py"}
    assert {path.name for path in files("deployment") if "httpx" in roots(path)} == {"rollback.py"}


def test_no_import_climbs_out_of_its_package():
    for path in shipped():
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.ImportFrom) and node.level), path


def test_no_shipped_file_outgrows_its_unit():
    too_long = {str(path.relative_to(ROOT)): n for path in shipped() if (n := len(path.read_text().splitlines())) > 220}
    assert too_long == {}


def test_a_check_is_its_file():
    for path in files("checks/catalog"):
        if path.name != "__init__.py":
            functions = [
                node.name
                for node in ast.parse(path.read_text()).body
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            ]
            assert path.stem in functions, path


WORKERS = {"backfill": "BACKFILL_BINDINGS", "query": "QUERY_BINDINGS"}  # folder -> the names of its bindings


def test_every_worker_is_declared():
    assert {path.parent.name for path in (ROOT / "workers").glob("*/worker.js")} == set(WORKERS)


@pytest.mark.parametrize("folder", WORKERS)
def test_the_worker_and_the_program_agree_on_its_name_and_version(folder):
    declaration = importlib.import_module(f"infra.declarations.{folder}")
    worker = (ROOT / "workers" / "dist" / f"{folder}.js").read_text()
    assert re.search(r'^var SERVICE = "(.+)";', worker, re.MULTILINE)[1] == declaration.SERVICE
    assert re.search(r'^var VERSION = "(.+)";', worker, re.MULTILINE)[1] == declaration.VERSION


@pytest.mark.parametrize(("folder", "names"), WORKERS.items())
def test_the_worker_reads_exactly_the_declared_bindings(folder, names):
    from infra.settings import binding_names

    worker = (ROOT / "workers" / "dist" / f"{folder}.js").read_text()
    read = {
        name for names in re.findall(r"const \{([^}]*)\} = env;", worker) for name in re.findall(r"[A-Z_]{4,}", names)
    }
    assert read == set(getattr(binding_names, names))


def test_every_key_of_the_configuration_is_described_and_has_a_default():
    import yaml

    schema = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    assert all({"default", "description"} <= set(item) for item in schema.values())
    from infra.settings.reading import KNOWN

    assert set(schema) == KNOWN
