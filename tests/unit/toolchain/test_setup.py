from concurrent.futures import Future

import pytest

from toolchain import setup


def test_a_stamp_is_current_only_for_the_same_inputs(tmp_path):
    lock, path = tmp_path / "lock", tmp_path / "stamp"
    lock.write_text("a")
    stamp = setup._Stamp(path, [lock])
    assert not stamp.current()
    stamp.write()
    assert setup._Stamp(path, [lock]).current()
    lock.write_text("b")
    assert not setup._Stamp(path, [lock]).current()
    stamp.forget()
    assert not stamp.current()


def test_a_step_that_fails_is_one_line_and_no_traceback(capsys):
    def step(say):
        raise setup.SetupError("npm is missing: install Node 20 or newer with npm")

    assert setup._timed("node", step) is False
    assert capsys.readouterr().err == "set-up: node    FAILED: npm is missing: install Node 20 or newer with npm\n"


def test_a_step_that_did_something_says_how_long(capsys):
    assert setup._timed("node", lambda say: True) is True
    assert capsys.readouterr().err == "set-up: node    ready in 0.0 s\n"


def test_a_step_with_nothing_to_do_says_nothing(capsys):
    assert setup._timed("node", lambda say: False) is True
    assert capsys.readouterr().err == ""


def test_a_long_step_gives_signs_of_life(capsys, monkeypatch):
    monkeypatch.setattr(setup, "HEARTBEAT", 0.02)
    gate = Future()
    gate.add_done_callback(lambda _: None)

    def step(say):
        with pytest.raises(TimeoutError):
            gate.result(timeout=0.1)
        return True

    assert setup._timed("engine", step) is True
    assert "... still at it after 0 s" in capsys.readouterr().err


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
    monkeypatch.setattr(setup, "EDGE", tmp_path)
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    with pytest.raises(setup.SetupError, match=message):
        setup._node(lambda _: None)


def test_the_engine_waits_for_python_and_says_so_when_that_failed(monkeypatch):
    monkeypatch.setattr(setup.engine, "find", lambda: None)
    python = Future()
    python.set_result(False)
    with pytest.raises(setup.SetupError, match="needs the Python packages first"):
        setup._engine(python, lambda _: None)


def test_a_failing_command_is_one_line_with_advice(tmp_path):
    with pytest.raises(setup.SetupError, match=r"^sh failed \(boom\): try again$"):
        setup._run(["/bin/sh", "-c", "echo noise >&2; echo boom >&2; exit 3"], "try again")


def test_a_command_that_a_signal_ended_is_not_blamed_on_the_machine():
    with pytest.raises(setup.SetupError, match=r"^interrupted$"):
        setup._run(["/bin/sh", "-c", "kill -INT $$"], "try again")
