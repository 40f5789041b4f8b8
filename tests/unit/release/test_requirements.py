"""The packages of the single file: the entries of requirements.txt that its code imports, with their hashes."""

import re

import pytest

from release import requirements
from tests.contract.test_packages import files, roots

TEXT = requirements.FILE.read_text()
OF_IMPORTS = {"click": "click", "httpx": "httpx", "websockets": "websockets", "detect_secrets": "detect-secrets"}


def test_the_roots_are_the_imported_packages():
    imported = set()
    for package in ("checks", "cloudflare_client", "contract", "release", "review"):
        for path in files(package):
            if path.name != "requirements.py":  # runs in the checkout only
                imported |= roots(path) & {*OF_IMPORTS, "pulumi", "yaml", "requests", "packaging"}
    assert {OF_IMPORTS[name] for name in imported} == set(requirements.ROOTS)


def test_each_needed_package_has_its_version_and_hashes_and_no_other_is_there():
    needed = requirements.list_needed()
    assert {"anyio", "certifi", "h11", "httpcore", "idna"} < needed
    assert not {"pulumi", "grpcio", "pyyaml", "pytest"} & needed
    selected = requirements.select_entries(TEXT, needed)
    entries = re.findall(r"^([\w.-]+)==", selected, re.MULTILINE)
    assert entries == sorted(needed)
    assert len(re.findall("--hash=sha256:", selected)) >= 2 * len(entries)


def test_a_package_without_an_entry_is_one_line():
    with pytest.raises(
        ValueError, match=r"^requirements.txt has no entry for absent: run scripts/compile-requirements$"
    ):
        requirements.select_entries(TEXT, ["click", "absent"])
