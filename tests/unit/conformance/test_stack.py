"""The throw-away stack starts the engine, reads the end of its run, and ends it in order after a signal."""

import json
import os
import signal
import subprocess

import pytest
import yaml

from conformance.engine.stack import EngineError, Stack, Update, _end, make_stack
from conformance.engine.versions import read_versions
from conformance.run import Interrupted

PREVIEW = """Previewing update (x):
warning: using pulumi-language-python from $PATH
    pulumi:pulumi:Stack building-vitals-x running
 ~  cloudflare:index:WorkersScript backfill update [diff: ~observability]
 +- cloudflare:index:WorkersCronTrigger backfill replace
error: no changes were expected for preview but changes were proposed
"""


@pytest.fixture
def stack(tmp_path):
    """Return a function that makes a stack whose engine is a shell script."""

    def make(script):
        engine = tmp_path / "pulumi"
        engine.write_text(f"#!/bin/bash\n{script}\n")
        engine.chmod(0o755)
        given = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        options = {"token": "fake-token", "base_url": "http://127.0.0.1:9", "key": "fake-key"}
        return make_stack(name="bv-conformance-a", folder=tmp_path, given=given, engine=tmp_path, **options)

    return make


def test_the_settings_are_written_below_the_engine_s_own_part(stack):
    made = stack('[ "$2" = init ] && echo "encryptionsalt: v1:abc" > "$PULUMI_OPTION_CONFIG_FILE"; exit 0')
    made.create()
    made.settings = {"adopt": True, "schedule": "0 0 1 1 *", "bucket": "a"}
    made.up()
    assert yaml.safe_load(made.file.read_text()) == {
        "encryptionsalt": "v1:abc",
        "config": {
            "building-vitals:adopt": True,
            "building-vitals:schedule": "0 0 1 1 *",
            "building-vitals:bucket": "a",
        },
    }


def test_a_failed_update_is_one_line(stack):
    with pytest.raises(EngineError, match=r"^`pulumi up` ended with 255: error: the disk is full$"):
        stack("echo 'error: the disk is full'; echo later; exit 255").up()
    assert Update(code=1, output="").last_line == "no output"


def test_a_stack_that_cannot_be_created_is_one_line(stack):
    with pytest.raises(EngineError, match="the throw-away stack could not be created: error: no"):
        stack("echo 'error: no'; exit 1").create()


def test_a_preview_that_is_not_empty_names_the_resources(stack, tmp_path):
    (tmp_path / "preview.txt").write_text(PREVIEW)
    assert stack(f"cat {tmp_path}/preview.txt; exit 255").describe_changes() == (
        "the next preview is not empty: cloudflare:index:WorkersScript backfill update [diff: ~observability], "
        "cloudflare:index:WorkersCronTrigger backfill replace"
    )


def test_an_empty_preview_has_no_changes(stack):
    assert stack("exit 0").describe_changes() == ""


def test_an_engine_that_cannot_be_started_is_one_line(tmp_path):
    made = Stack(name="a", folder=tmp_path, environment={"PATH": str(tmp_path)})
    with pytest.raises(EngineError, match="the Pulumi engine cannot be started"):
        made.up()


def test_a_signal_ends_the_engine_before_the_run_goes_on(stack, tmp_path):
    """The engine ends its requests first, so that it makes nothing after the deletion. A signal at its start counts."""

    def interrupt(number, frame):
        raise Interrupted("SIGTERM arrived")

    script = (
        f"trap 'echo ended >{tmp_path}/ended; exit 0' INT; kill -TERM $PPID; while :; do read -t 0.05 <> <(:); done"
    )
    former = signal.signal(signal.SIGTERM, interrupt)
    try:
        with pytest.raises(Interrupted):
            stack(script).up()
    finally:
        signal.signal(signal.SIGTERM, former)
    assert (tmp_path / "ended").read_text() == "ended\n"


def test_an_engine_that_does_not_end_is_stopped(stack, monkeypatch):
    monkeypatch.setattr("conformance.engine.stack.MAX_SECONDS", 0.01)
    monkeypatch.setattr("conformance.engine.stack.GRACE", 0.01)
    with pytest.raises(EngineError, match=r"`pulumi up` did not end within 0.01 s"):
        stack("trap '' INT; while :; do read -t 0.05 <> <(:); done").up()


def test_a_signal_just_after_the_end_of_the_engine_signals_no_process():
    process = subprocess.Popen(["true"], start_new_session=True)
    process.wait()
    _end(process)


def test_versions_name_the_programs_and_hold_no_secret(stack, tmp_path):
    environment = stack("echo v3.259.0").environment
    found = read_versions(environment, base_url="http://127.0.0.1:9")
    assert found["engine"] == "v3.259.0"
    assert found["language host"] == "bundled with the engine"
    assert found["cloudflare plugin"].startswith("official, 6.")
    plugin = tmp_path / "elsewhere" / "pulumi-resource-cloudflare"
    plugin.parent.mkdir()
    plugin.write_text("")
    plugin.chmod(0o755)
    environment["PATH"] += f":{plugin.parent}"
    found = read_versions(environment, base_url="http://127.0.0.1:9")
    assert found["cloudflare plugin"] == f"on PATH: {plugin}"
    assert "fake-token" not in json.dumps(found)
    assert read_versions({"PATH": ""}, base_url="")["engine"] == "missing"
