"""The Node of the rehearsal: the system's if it is new enough, else the binary that set-up installs."""

import json
import re

import pytest

from toolchain import engine, node

LOCKS = [engine.ROOT / name / "package-lock.json" for name in ("rehearsal/edge", "workers", "toolchain/node-binary")]


def read(path):
    return json.loads(path.read_text())


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without Node, and a function that adds one to a folder."""
    monkeypatch.setenv("PATH", str(tmp_path / "system"))
    monkeypatch.setattr(node, "FOLDER", tmp_path)

    def add(folder, version):
        program = tmp_path / folder / "node"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\necho {version}\n")
        program.chmod(0o755)
        return program

    return add


def test_a_system_with_a_new_node_uses_it_and_changes_no_path(machine):
    machine("node_modules/.bin", "v22.23.2")
    system = machine("system", "v24.1.0")
    assert node.find() == system
    assert node.make_environment("/a:/b")["PATH"] == "/a:/b"


def test_a_system_with_an_old_node_uses_the_installed_one(machine):
    machine("system", "v20.20.2")
    assert node.find() is None
    assert node.make_environment("/a:/b")["PATH"] == "/a:/b"
    installed = machine("node_modules/.bin", "v22.23.2")
    assert node.find() == installed
    assert node.make_environment("/a:/b")["PATH"] == f"{installed.parent}:/a:/b"


@pytest.mark.parametrize(
    ("version", "expected"),
    [("v22.12.0", True), ("v26.0.0", True), ("v22.11.9", False), ("v20.20.2", False), ("v9.9.9", False), ("no", False)],
)
def test_versions_are_compared_as_numbers(machine, version, expected):
    assert node.is_new_enough(machine("system", version)) is expected


def test_a_node_that_does_not_run_is_not_new_enough(tmp_path):
    assert node.read_version(tmp_path / "absent") == ""
    assert not node.is_new_enough(tmp_path / "absent")


def test_the_packages_of_the_rehearsal_ask_for_no_newer_node():
    packages = read(LOCKS[0])["packages"]
    asked = {name: re.findall(r"\d+", each["engines"]["node"]) for name, each in packages.items() if "engines" in each}
    newest = max(
        tuple(map(int, (asked[name] + ["0"])[:2])) for name in ("", "node_modules/miniflare", "node_modules/wrangler")
    )
    assert newest == node.MIN_REHEARSAL


def test_there_is_a_binary_that_is_new_enough_for_each_platform():
    lock = read(LOCKS[2])["packages"]
    wanted = lock[""]["optionalDependencies"]
    assert len(set(wanted.values())) == 1
    assert tuple(map(int, next(iter(wanted.values())).split(".")[:2])) >= node.MIN_REHEARSAL
    platforms = {(each["os"], each["cpu"]) for name, each in lock.items() if name}
    assert platforms == {(system, processor) for system in ("linux", "darwin") for processor in ("x64", "arm64")}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.parent.name)
def test_a_lock_has_a_digest_of_each_package_and_names_no_registry(lock):
    packages = {name: each for name, each in read(lock)["packages"].items() if name}
    assert packages
    assert all("integrity" in each and "resolved" not in each for each in packages.values())


def test_there_is_one_workerd_of_the_version_that_miniflare_names():
    packages = read(LOCKS[0])["packages"]
    found = [each["version"] for name, each in packages.items() if name.endswith("node_modules/workerd")]
    assert found == [packages["node_modules/miniflare"]["dependencies"]["workerd"]]
