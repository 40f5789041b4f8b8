import re
import shutil
import subprocess
from concurrent.futures import Future
from pathlib import Path

import pytest

from toolchain import children, parts, setup


def run(command, *, folder=None, more=None, limit=None):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_step_that_fails_is_one_line_and_no_traceback(capsys):
    def step(say):
        raise parts.SetupError("npm is missing: install Node 20 or newer with npm")

    assert setup._run_timed("node", step) is False
    assert capsys.readouterr().err == "set-up: node    FAILED: npm is missing: install Node 20 or newer with npm\n"


def test_a_step_that_did_something_says_how_long(capsys):
    assert setup._run_timed("node", lambda say: True) is True
    assert re.fullmatch(r"set-up: node    ready in \d\.\d s\n", capsys.readouterr().err)


def test_a_step_with_nothing_to_do_says_nothing(capsys):
    assert setup._run_timed("node", lambda say: False) is True
    assert capsys.readouterr().err == ""


def test_a_long_step_gives_signs_of_life(capsys, monkeypatch):
    monkeypatch.setattr(setup, "HEARTBEAT", 0.02)
    gate = Future()
    gate.add_done_callback(lambda _: None)

    def step(say):
        with pytest.raises(TimeoutError):
            gate.result(timeout=0.1)
        return True

    assert setup._run_timed("engine", step) is True
    assert "... still running after 0 s" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ({}, "Node is missing"),
        ({"node": "echo v20.1.0"}, "npm is missing"),
        ({"node": "echo v18.0.0", "npm": ""}, "Node v18.0.0 is too old"),
    ],
)
def test_missing_tools_are_named(tmp_path, monkeypatch, tools, message):
    for name, script in tools.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(parts, "EDGE", tmp_path)
    monkeypatch.setattr(parts.node, "FOLDER", tmp_path)
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(parts, "ROOT", tmp_path)
    with pytest.raises(parts.SetupError, match=message):
        parts.set_up_node(lambda _: None, run)


def test_the_engine_waits_for_python_and_says_so_when_that_failed(monkeypatch):
    monkeypatch.setattr(parts.engine, "find", lambda: None)
    python = Future()
    python.set_result(False)
    with pytest.raises(parts.SetupError, match="needs the Python packages first"):
        parts.set_up_engine(python, lambda _: None, run)


def test_a_failing_command_is_one_line_with_advice():
    with pytest.raises(parts.SetupError, match=r"^sh failed \(boom\): try again$"):
        parts._run_or_raise(run, ["/bin/sh", "-c", "echo noise >&2; echo boom >&2; exit 3"], "try again")


def test_where_npm_keeps_its_log_is_not_its_reason():
    said = "echo 'npm error EROFS' >&2; echo 'npm error A complete log of this run can be found in: /x' >&2; exit 1"
    with pytest.raises(parts.SetupError, match=r"\(npm error EROFS\)"):
        parts._run_or_raise(run, ["/bin/sh", "-c", said], "try again")


def test_a_failure_on_a_full_disk_is_the_disks(monkeypatch):
    monkeypatch.setattr(parts.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 2**20))
    with pytest.raises(parts.SetupError, match=r"the disk of /.* has 1 MB left: free some space$"):
        parts._run_or_raise(run, ["/bin/sh", "-c", "exit 1"], "install something")


def test_an_interrupted_step_leaves_the_one_line_to_set_up(capsys):
    def step(say):
        raise children.Interrupted

    assert setup._run_timed("node", step) is False
    assert capsys.readouterr().err == ""


def test_a_checkout_that_cannot_be_written_to_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(parts.os, "access", lambda *_: False)
    with pytest.raises(parts.SetupError, match=f"^{tmp_path} cannot be written to"):
        parts._require_writable(tmp_path)


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with recorded commands, which leave the same files as pip, venv and npm."""
    monkeypatch.setattr(parts, "ROOT", tmp_path)
    monkeypatch.setattr(parts, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(parts, "EDGE", tmp_path / "edge")
    monkeypatch.setattr(parts, "DEVELOPMENT", tmp_path / "requirements-dev.txt")
    monkeypatch.setattr(parts, "PRODUCTION", tmp_path / "requirements.txt")
    monkeypatch.setattr(parts, "INSTALLER", tmp_path / "toolchain" / "uv.txt")
    monkeypatch.setattr(parts, "_find_npm", lambda: "npm")
    monkeypatch.setattr(parts.node, "is_new_enough", lambda _: True)
    for name in ("requirements.txt", "requirements-dev.txt", "toolchain/uv.txt", "edge/package-lock.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    commands, said = [], []

    def fake(command, *, folder=None, more=None, limit=None):
        words = [Path(word).name for word in command]
        assert ("pip" in words) == ("--require-hashes" in words)
        commands.append(next(name for name in ("venv", "uv.txt", "uv", "pip", "npm") if name in words))
        again.installed += [Path(word).name for word in command if str(word).endswith(".txt")]
        if commands[-1] in again.broken:
            return subprocess.CompletedProcess(command, 1, "", "no such wheel")
        packages = tmp_path / ("edge/node_modules" if commands[-1] == "npm" else ".venv/lib")
        for name in ("kept", "lost"):
            (packages / name).mkdir(parents=True, exist_ok=True)
            (packages / name / "code").write_text(name)
        (tmp_path / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
        (tmp_path / ".venv" / "bin" / "python").touch()
        if "requirements-dev.txt" in again.installed:
            (tmp_path / ".venv" / "bin" / "pytest").touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    def again(*, production=False):
        commands.clear()
        said.clear()
        again.installed.clear()
        parts.set_up_python(said.append, fake, production=production)
        if not production:
            parts.set_up_node(said.append, fake)
        return list(commands)

    again.said, again.broken, again.installed = said, set(), []
    assert again() == ["venv", "uv.txt", "uv", "npm"]
    return again


def test_complete_parts_are_not_installed_again(checkout):
    assert checkout() == []
    assert checkout.said == []


def test_a_deleted_package_is_named_and_installed_again(checkout, tmp_path):
    shutil.rmtree(tmp_path / ".venv" / "lib" / "lost")
    assert checkout() == ["venv", "uv.txt", "uv"]
    assert checkout.said == ["virtual environment and packages (lib/lost/code is gone) ..."]
    shutil.rmtree(tmp_path / "edge" / "node_modules" / "lost")
    assert checkout() == ["npm"]
    assert checkout.said == ["packages (lost/code is gone) ..."]
    assert checkout() == []


def test_a_second_folder_of_node_packages_is_installed_and_stamped_by_itself(checkout, tmp_path):
    folder = tmp_path / "workers"
    folder.mkdir()
    commands = []

    def install(command, *, folder=None, more=None, limit=None):
        commands.append(command)
        (Path(command[-1]) / "node_modules").mkdir(exist_ok=True)
        return subprocess.CompletedProcess(command, 0, "", "")

    (folder / "package-lock.json").write_text("1")
    assert parts.install_packages(folder, checkout.said.append, install) is True
    assert parts.install_packages(folder, checkout.said.append, install) is False
    (folder / "package-lock.json").write_text("2")
    assert parts.install_packages(folder, checkout.said.append, install) is True
    assert [command[:2] + command[-1:] for command in commands] == [["npm", "ci", folder]] * 2
    assert (tmp_path / "node_modules").resolve() == tmp_path / "edge" / "node_modules"
    assert checkout() == []


def test_a_node_that_is_too_old_gets_a_newer_one_once_for_the_rehearsal_alone(checkout, tmp_path, monkeypatch):
    folder = tmp_path / "node-binary"
    folder.mkdir()
    (folder / "package-lock.json").write_text("1")
    monkeypatch.setattr(parts.node, "FOLDER", folder)
    monkeypatch.setattr(parts.node, "is_new_enough", lambda _: False)
    monkeypatch.setattr(parts.shutil, "which", lambda name: f"/system/{name}")
    commands = []

    def install(command, *, folder=None, more=None, limit=None):
        commands.append(command)
        binary = Path(command[-1]) / "node_modules" / ".bin" / "node"
        binary.parent.mkdir(parents=True, exist_ok=True)
        binary.touch()
        return subprocess.CompletedProcess(command, 0, "", "")

    assert parts.set_up_node(checkout.said.append, install) is True
    assert parts.set_up_node(checkout.said.append, install) is False
    assert [command[-1] for command in commands] == [folder]
    assert checkout.said[-1:] == ["Node for the rehearsal, which needs 22.12 or newer: packages ..."]
    assert parts.node.find() == folder / "node_modules" / ".bin" / "node"


def test_a_platform_without_a_package_of_node_is_one_line(checkout, tmp_path, monkeypatch):
    (tmp_path / "package-lock.json").write_text("1")
    monkeypatch.setattr(parts.node, "FOLDER", tmp_path)
    monkeypatch.setattr(parts.node, "is_new_enough", lambda _: False)
    monkeypatch.setattr(parts.shutil, "which", lambda name: f"/system/{name}")

    def install(command, *, folder=None, more=None, limit=None):
        (Path(command[-1]) / "node_modules").mkdir(exist_ok=True)
        return subprocess.CompletedProcess(command, 0, "", "")

    (tmp_path / "node_modules").unlink()
    with pytest.raises(parts.SetupError, match=r"^npm has no Node for this platform: install Node 22\.12 or newer$"):
        parts.set_up_node(checkout.said.append, install)


def test_a_lost_link_is_made_again_without_an_installation(checkout, tmp_path):
    (tmp_path / "node_modules").unlink()
    assert checkout() == []
    assert (tmp_path / "node_modules").resolve() == tmp_path / "edge" / "node_modules"


@pytest.mark.parametrize("name", ["requirements-dev.txt", "toolchain/uv.txt"])
def test_new_requirements_are_installed_on_top(checkout, tmp_path, name):
    (tmp_path / name).write_text("2")
    assert checkout() == ["uv.txt", "uv"]


@pytest.mark.parametrize(("broken", "tried"), [("uv.txt", ["uv.txt"]), ("uv", ["uv.txt", "uv"])])
def test_pip_installs_the_packages_where_uv_cannot(checkout, tmp_path, broken, tried):
    (tmp_path / ".venv" / ".set-up.json").unlink()
    checkout.broken.add(broken)
    assert checkout() == ["venv", *tried, "pip"]
    assert re.fullmatch(
        r"packages: uv cannot .*, so pip does \(\w+ failed \(no such wheel\)\) \.\.\.", checkout.said[-1]
    )
    assert checkout() == []


def test_packages_that_neither_installer_gets_are_one_line_and_no_stamp(checkout, tmp_path):
    (tmp_path / "requirements-dev.txt").write_text("2")
    checkout.broken |= {"uv", "pip"}
    with pytest.raises(parts.SetupError, match=r"^python failed \(no such wheel\): is the package index reachable\?$"):
        checkout()
    assert not (tmp_path / ".venv" / ".set-up.json").exists()


@pytest.fixture
def production(checkout, tmp_path):
    """A checkout in which only the production packages are installed."""
    shutil.rmtree(tmp_path / ".venv")
    assert checkout(production=True) == ["venv", "uv.txt", "uv"]
    assert checkout.installed == ["uv.txt", "requirements.txt"]
    return checkout


def test_a_production_set_up_is_complete_without_test_tools(production, tmp_path):
    assert production(production=True) == []
    (tmp_path / "requirements-dev.txt").write_text("2")
    assert production(production=True) == []
    (tmp_path / "requirements.txt").write_text("2")
    assert (production(production=True), production.installed) == (["uv.txt", "uv"], ["uv.txt", "requirements.txt"])


def test_a_full_set_up_follows_a_production_set_up_and_satisfies_it(production):
    assert (production(), production.installed) == (["uv.txt", "uv"], ["uv.txt", "requirements-dev.txt"])
    assert production(production=True) == []
    assert production() == []


def test_a_production_set_up_keeps_the_test_tools_of_a_developer(checkout, tmp_path):
    (tmp_path / "requirements-dev.txt").write_text("2")
    assert (checkout(production=True), checkout.installed) == (["uv.txt", "uv"], ["uv.txt", "requirements-dev.txt"])
    (tmp_path / ".venv" / ".set-up.json").unlink()  # an interrupted set-up
    checkout(production=True)
    assert checkout.installed == ["uv.txt", "requirements-dev.txt"]
    assert checkout() == []


@pytest.mark.parametrize(("arguments", "expected"), [([], 4), (["--production"], 2)])
def test_a_production_set_up_has_python_and_the_engine_alone(arguments, expected, monkeypatch):
    done = []
    monkeypatch.setattr(setup, "_run_timed", lambda part, step: done.append(part) or True)
    monkeypatch.setattr(setup, "_line_for_terminal", lambda: None)
    assert setup.main(arguments) == 0
    assert sorted(done) == sorted(["python", "engine", "workers", "node"][:expected])


def test_half_an_installation_is_installed_again(checkout, tmp_path):
    (tmp_path / ".venv" / ".set-up.json").unlink()
    assert checkout() == ["venv", "uv.txt", "uv"]


def test_an_interpreter_that_is_gone_makes_all_anew(checkout, tmp_path):
    python = tmp_path / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere")
    assert checkout() == ["venv", "uv.txt", "uv"]


@pytest.mark.parametrize("stamped", [True, False])
def test_a_folder_shared_with_another_checkout_is_used_while_it_fits_and_never_changed(checkout, tmp_path, stamped):
    for folder in (tmp_path / ".venv", tmp_path / "edge" / "node_modules"):
        folder.rename(tmp_path / f"other-{folder.name}").joinpath("theirs").touch()
        folder.symlink_to(tmp_path / f"other-{folder.name}")
        (folder / ".set-up.json").unlink()
    if stamped:  # where they are now
        parts.Stamp(tmp_path / ".venv", [parts.DEVELOPMENT, parts.INSTALLER]).write()
        parts.Stamp(tmp_path / "edge" / "node_modules", [tmp_path / "edge" / "package-lock.json"]).write()
    assert checkout() == ([] if stamped else ["venv", "uv.txt", "uv", "npm"])
    assert (tmp_path / ".venv").is_symlink() == stamped
    assert (tmp_path / "edge" / "node_modules").is_symlink() == stamped
    for name in (".venv", "node_modules"):
        assert (tmp_path / f"other-{name}" / "theirs").exists()


def test_the_terminal_gets_its_missing_line(tmp_path, monkeypatch):
    standard = tmp_path / ".pulumi" / "versions" / setup.engine.pinned() / "bin"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(parts, "VENV", tmp_path / ".venv")
    export = f'export PATH="$HOME/.pulumi/versions/{setup.engine.pinned()}/bin:$PATH"'
    assert setup._line_for_terminal() == f"source {tmp_path}/.venv/bin/activate; {export}"
    for tool in (tmp_path / ".venv" / "bin" / "python", standard / "pulumi"):
        tool.parent.mkdir(parents=True)
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / ".venv" / "bin"))
    assert setup._line_for_terminal() == export
    monkeypatch.setenv("PATH", f"{tmp_path / '.venv' / 'bin'}:{standard}")
    assert setup._line_for_terminal() is None


@pytest.mark.parametrize(
    ("argument", "why"), [("--prod", "its only option is --production"), ("no-such", "No such file or directory")]
)
def test_an_impossible_set_up_is_one_line(argument, why, monkeypatch, capsys):
    monkeypatch.setattr(setup, "_set_up_all", lambda run, production: True)
    assert setup.main([argument]) == 2
    usage = "Usage: scripts/setup [--production] [COMMAND...]. It runs the command when everything is set up"
    assert capsys.readouterr().err == f"set-up: '{argument}': {why}. {usage}\n"


def test_the_help_of_set_up_sets_nothing_up(capsys):
    assert setup.main(["--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: scripts/setup [--production] [COMMAND...]. ")
