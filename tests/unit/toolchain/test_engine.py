import signal
import stat
import subprocess
import sys

import pytest

from toolchain import engine


def run(command, *, folder=None, more=None, limit=None):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty home and an empty PATH, and a way to put fake engines and tools there."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def put(path, script):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    put.bin = tmp_path / "bin"
    put.standard = engine.standard_folder()
    return put


def test_the_pinned_engine_is_the_sdks(place):
    assert place.standard.parts[-4:] == (".pulumi", "versions", engine.pinned(), "bin")


def test_none_is_found_where_there_is_none(place):
    assert engine.find() is None


@pytest.mark.parametrize("version", ["v3.259.0", "v3.300.0", "v4.0.0-alpha.1"])
def test_the_engine_on_path_is_taken_when_it_is_new_enough(place, version):
    place(place.bin / "pulumi", f"echo {version}")
    place(place.standard / "pulumi", "echo v3.259.0")
    assert engine.find() == place.bin


@pytest.mark.parametrize("script", ["echo v3.258.9", "echo v3.99.0", "exit 1"])
def test_an_older_or_broken_engine_on_path_is_passed_over(place, script):
    place(place.bin / "pulumi", script)
    assert engine.find() is None
    place(place.standard / "pulumi", "echo v3.259.0")
    assert engine.find() == place.standard


def test_the_installed_engine_is_asked_for_its_version_once_and_after_a_change(place):
    asked = place.standard / "asked"
    pulumi = place(place.standard / "pulumi", f"echo >> {asked}; echo v3.259.0")
    assert [engine.find(), engine.find()] == [place.standard] * 2
    assert asked.read_text() == "\n"
    pulumi.chmod(0o600)
    assert engine.find() is None
    place(pulumi, "exit 1")
    assert engine.find() is None


def test_an_engine_elsewhere_on_path_is_asked_each_time_because_it_may_choose_a_version_by_folder(place):
    asked = place.bin / "asked"
    place(place.bin / "pulumi", f"echo >> {asked}; echo v3.259.0")
    assert [engine.find(), engine.find()] == [place.bin] * 2
    assert asked.read_text() == "\n\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_engine_that_was_interrupted_is_not_a_missing_one(place, number):
    place(place.bin / "pulumi", f"kill -{number:d} $$")
    with pytest.raises(engine.EngineError, match=r"was interrupted: run this again$"):
        engine.find()


def test_a_terminals_interrupt_does_not_reach_an_engine_that_is_asked_for_its_version(place):
    place(place.bin / "pulumi", "read -r _ _ _ _ group _ < /proc/$$/stat; [ $group = $$ ] && echo v3.259.0")
    assert engine.find() == place.bin


def no_installer(place):
    return place(place.bin / "python-without-network", "exit 1")


def test_without_installer_and_go_one_line_names_the_missing_program(place):
    with pytest.raises(engine.EngineError, match=r"^Go is missing.*install Go 1\.26.*the Pulumi CLI .*/install/$"):
        engine.install(no_installer(place), lambda _: None, run)


def test_the_build_lands_whole_in_the_standard_place(place):
    place(
        place.bin / "go",
        f"{sys.executable} -c 'import sys; p=sys.argv[sys.argv.index(\"-o\")+1];"
        " f=open(p,\"w\"); f.write(\"#!/bin/sh\\necho v3.259.0\\n\"); f.close(); import os; os.chmod(p,0o755)' \"$@\"",
    )  # fmt: skip
    said = []
    assert engine.install(no_installer(place), said.append, run) == place.standard
    assert engine.find() == place.standard
    assert [path.name for path in place.standard.iterdir()] == ["pulumi"]
    assert any("building the engine" in line for line in said)


def test_a_failed_build_leaves_nothing_and_says_the_last_line(place):
    place(place.bin / "go", "echo first >&2; echo 'go: no such module' >&2; exit 1")
    with pytest.raises(engine.EngineError, match=r"go build of the Pulumi engine failed: go: no such module"):
        engine.install(no_installer(place), lambda _: None, run)
    assert list(place.standard.iterdir()) == []
