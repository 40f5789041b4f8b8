"""The command: its refusals in one line, its exit codes, its transcript, and its signals."""

import json
import os
import signal
import tempfile

import pytest
from click.testing import CliRunner

from conformance import __main__ as command
from conformance import run as runs
from conformance.engine.stack import EngineError
from conformance.prepare import make_world
from conformance.run import Interrupted, Plan
from tests.unit.conformance.conftest import ACCOUNT, NAMES, TOKEN, edit_result, refuse

PLAN = Plan(api=Plan().api[:1], engine=(), drift=())


@pytest.fixture
def temporary(monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def go(account, world, monkeypatch, temporary):
    """Run the command on the local Cloudflare, with the stack of the fixture and one statement."""
    folder = temporary / NAMES.run

    def make(api, names, *, environment, worker_url):
        folder.mkdir()  # an earlier run's folder would be refused
        world.ledger.file = folder / "made.json"
        world.ledger.write()
        world.stack.folder = folder
        return world

    monkeypatch.setattr(command, "make_world", make)
    monkeypatch.setattr(command, "run", lambda found, **more: runs.run(found, plan=PLAN, **more))
    environment = {
        "CLOUDFLARE_API_TOKEN": TOKEN,
        "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
        "CLOUDFLARE_BASE_URL": account.base,
        "REHEARSAL_CONFORMANCE_NAME": None,
    }

    def invoke(*arguments, **changed):
        given = ["--name", NAMES.run, "--output", str(temporary / "out"), *arguments]
        return CliRunner().invoke(command.main, given, env=environment | changed)

    return invoke


def test_a_confirmed_run_writes_both_transcripts_and_leaves_no_folder(go, temporary):
    done = go()
    assert done.exit_code == 0
    assert done.output.splitlines()[1:] == [
        "confirmed  json-is-echoed",
        f"conformance: confirmed=1  refuted=0  unknown=0  (exit 0). Transcript: {temporary}/out/bv-conformance-test.md",
    ]
    data = json.loads((temporary / "out" / "bv-conformance-test.json").read_text())
    assert (data["schema"], data["exit_code"], data["left"]) == (1, 0, [])
    assert "| **confirmed** | GET settings" in (temporary / "out" / "bv-conformance-test.md").read_text()
    assert not (temporary / NAMES.run).exists()


def test_a_refuted_statement_is_shown_with_its_evidence_and_exit_code_1(go, network):
    network.edit = edit_result("/settings", lambda result: {**result, "bindings": []})
    done = go()
    assert done.exit_code == 1
    assert "refuted    json-is-echoed\n           binding: null\n" in done.output


def test_a_thing_that_is_left_is_told_with_the_command_and_deleted_by_it(go, network, account, temporary):
    network.edit = refuse(403, 10000, method="DELETE", path="/r2/")
    done = go()
    assert done.exit_code == 3
    assert f"Run: scripts/conformance --clean-up --name {NAMES.run}" in done.output
    assert go().exit_code == 2, "a second run refuses"
    done = go("--clean-up")
    assert (done.exit_code, done.output) == (0, f"conformance: everything that {NAMES.run} left was deleted\n")
    assert not account.cloudflare.account.buckets
    assert not (temporary / NAMES.run).exists()


def test_a_clean_up_without_a_run_deletes_nothing(go, account):
    account.http.post("r2/buckets", json={"name": NAMES.run})
    done = go("--clean-up")
    assert done.exit_code == 2
    assert done.output.endswith("is not the folder of a run on this machine, so nothing is deleted\n")
    assert account.cloudflare.account.buckets


@pytest.mark.parametrize(
    ("changed", "code", "words"),
    [
        ({"CLOUDFLARE_API_TOKEN": None}, 2, "CLOUDFLARE_API_TOKEN is not set. Next: export CLOUDFLARE_API_TOKEN"),
        ({"CLOUDFLARE_ACCOUNT_ID": None}, 2, "the account is not set. Use --account or CLOUDFLARE_ACCOUNT_ID"),
        ({"CLOUDFLARE_ACCOUNT_ID": "12"}, 2, "accountId: expected 32 hex digits, found '12'"),
        ({"CLOUDFLARE_API_TOKEN": "wrong"}, 2, "expected a CLOUDFLARE_API_TOKEN"),
        ({"CLOUDFLARE_BASE_URL": "http://127.0.0.1:9"}, 3, "cannot be reached (ConnectError)"),
    ],
)
def test_a_mistake_is_one_line_and_nothing_is_made(go, account, changed, code, words):
    done = go(**changed)
    assert done.exit_code == code
    assert len(done.output.splitlines()) == 1
    assert words in done.output
    assert not account.cloudflare.account.buckets


def test_a_name_in_use_is_refused(go, account):
    account.upload(NAMES.run)
    done = go()
    assert (done.exit_code, done.output) == (
        2,
        f"conformance: the worker {NAMES.run} exists, so nothing was changed. Choose another --name\n",
    )


def test_a_failure_of_the_command_names_the_things_that_are_left(go, network, monkeypatch):
    network.edit = refuse(403, 10000, method="DELETE")

    def fail(result):
        raise ZeroDivisionError

    monkeypatch.setattr(command, "_show", fail)
    done = go()
    assert isinstance(done.exception, ZeroDivisionError)
    assert f"left: bucket {NAMES.run}. Run: scripts/conformance --clean-up --name {NAMES.run}" in done.output


def test_the_first_signal_ends_the_probes_and_a_later_one_does_not(capfd):
    former = signal.getsignal(signal.SIGTERM)
    with command._interruptible() as begin_clean_up:
        with pytest.raises(Interrupted, match="SIGTERM arrived"):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        begin_clean_up()
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) is former
    assert capfd.readouterr().err == "conformance: deleting what the run made, please wait\n" * 2


def test_a_signal_before_the_run_is_one_line_and_nothing_is_made(go, account, monkeypatch):
    def interrupt(api, names):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(command, "refuse_existing_names", interrupt)
    done = go()
    assert (done.exit_code, done.output) == (3, "conformance: SIGINT arrived\n")
    assert not account.cloudflare.account.buckets


def test_a_folder_that_cannot_be_made_is_one_line(go, account, temporary):
    (temporary / "file").write_text("")
    done = go("--output", str(temporary / "file" / "below"))
    assert done.exit_code == 2
    assert done.output.endswith("below cannot be made (Not a directory)\n")
    assert not account.cloudflare.account.buckets


def test_a_full_disk_is_one_line_and_leaves_no_folder(world, temporary, engine_found, monkeypatch):
    def fail(**given):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("conformance.prepare.make_stack", fail)
    with pytest.raises(EngineError, match=r"cannot be filled \(No space left on device\)\. Set TMPDIR"):
        prepare(world)
    assert not (temporary / NAMES.run).exists()


def prepare(world, **environment):
    given = {"CLOUDFLARE_API_TOKEN": TOKEN, "PATH": os.environ["PATH"], **environment}
    return make_world(world.api, NAMES, environment=given, worker_url=None)


@pytest.fixture
def engine_found(monkeypatch, tmp_path):
    monkeypatch.setattr("conformance.prepare.engine.find", lambda: tmp_path)


def test_the_stack_has_settings_and_secrets_of_its_own(world, temporary, engine_found):
    made = prepare(
        world,
        ACE_API_KEY="the-real-key-of-ace",
        PULUMI_ACCESS_TOKEN="the-backend-of-the-user",
        PULUMI_BACKEND_URL="s3://the-state-of-the-user",
        PULUMI_STACK="prod",
        TF_LOG="DEBUG",
        HOME="/home/user",
    )
    environment, settings = made.stack.environment, made.stack.settings
    assert "the-real-key-of-ace" not in environment.values()
    assert not {"PULUMI_ACCESS_TOKEN", "TF_LOG"} & environment.keys()
    assert environment["PULUMI_BACKEND_URL"] == (temporary / NAMES.run / "state").as_uri()
    assert environment["PULUMI_STACK"] == NAMES.run
    assert environment["HOME"] == "/home/user"
    assert settings["workersSubdomain"] == "rehearsal"
    assert settings["aceBaseUrl"] == "https://ace.invalid"
    assert made.worker.url == f"https://{NAMES.run}.rehearsal.workers.dev"
    assert (temporary / NAMES.run).stat().st_mode & 0o777 == 0o700


def test_the_stack_of_another_run_is_refused(world, temporary, engine_found):
    prepare(world)
    with pytest.raises(runs.NameRefusedError, match=r"the stack bv-conformance-test exists .* so nothing was changed"):
        prepare(world)


def test_a_missing_engine_is_one_line(world, temporary, monkeypatch):
    monkeypatch.setattr("conformance.prepare.engine.find", lambda: None)
    with pytest.raises(EngineError, match=r"the Pulumi engine is missing\. Run scripts/setup"):
        prepare(world)
    assert not (temporary / NAMES.run).exists()
