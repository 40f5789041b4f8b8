"""scripts/preview, deploy and drift as the workflows call them: the real engine, a local Cloudflare, a local GitHub."""

import contextlib
import http.server
import itertools
import json
import os
import subprocess
import sys
import threading
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import yaml

from contract.operator_token import derive_operator_token
from rehearsal import faults
from rehearsal import local_system as local
from tests import processes
from tests.fakes.github import ANOTHER, FakeGitHub
from tests.fakes.webhook_receiver import SECRET, open_receiver

MARKER = "<!-- building-vitals review: building-vitals/rehearsal -->"
DRIFT = "<!-- building-vitals drift: rehearsal -->"
HEAD = "0123456789abcdef0123456789abcdef01234567"


@contextlib.contextmanager
def served(hub):
    """Serve a hub on a free loopback port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {key.lower(): value for key, value in self.headers.items()}
            status, more, body = hub.answer(self.command, self.path, headers, content)
            self.send_response(status)
            data = b"" if status == 204 else json.dumps(body).encode()
            for name, value in {**more, "content-type": "application/json", "content-length": len(data)}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.base = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()


@contextlib.contextmanager
def arguments_seen():
    """Collect the arguments of every process that this one starts meanwhile, looking several times a second."""
    seen, over = set(), threading.Event()

    def look():
        while not over.wait(0.2):
            seen.update(processes.arguments(pid) for pid in processes.descendants(os.getpid()))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


class Job:
    """A runner: runs one script at a time, and looks at everything that leaves it for a secret."""

    def __init__(self, world, hub, folder):
        self.world, self.hub, self.folder = world, hub, folder
        self.summary_file, self.junit = folder / "summary.md", folder / "checks.xml"

    def run(self, script, *, event="push", repository="owner/name", **more):
        self.junit.unlink(missing_ok=True)
        self.summary_file.write_text("")
        (self.folder / "temp").mkdir(exist_ok=True)
        head = {"sha": HEAD, "repo": {"full_name": repository}}
        data = {"pull_request": {"number": 7, "head": head}} if event == "pull_request" else {"ref": "refs/heads/main"}
        (self.folder / "event.json").write_text(json.dumps(data))
        environment = {
            **self.hub.environment,
            "STACK": local.STACK,
            "JUNIT_FILE": str(self.junit),
            "RUNNER_TEMP": str(self.folder / "temp"),
            "GITHUB_STEP_SUMMARY": str(self.summary_file),
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_SERVER_URL": "https://hub.test",
            "GITHUB_RUN_ID": "42",
            "PULUMI_ACCESS_TOKEN": "",  # as an absent secret reaches a step
            "AZURE_STORAGE_ACCOUNT": "",
            **more,
        }
        with arguments_seen() as arguments:
            code, output = self.world.run(f"scripts/{script}", **environment)
        assert any(f"scripts/{script}" in line for line in arguments)
        self._look_for_secrets(output, *arguments)
        assert list((self.folder / "temp").iterdir()) == []  # no part of a preview stays
        return code, output, self.summary_file.read_text()

    def _look_for_secrets(self, *said):
        own = self.world.local.environment
        secrets = [own[name] for name in ("ACE_API_KEY", "CLOUDFLARE_API_TOKEN", "PULUMI_CONFIG_PASSPHRASE")]
        secrets += [self.hub.token, derive_operator_token(own["ACE_API_KEY"]), own["ACE_API_KEY"].split(".")[2]]
        posted = [item["body"] for item in itertools.chain(self.hub.issues, *self.hub.comments.values())]
        files = [path.read_text() for path in self.folder.rglob("*") if path.is_file()]
        for text in [*said, *posted, *files]:
            assert [name for name in secrets if name in text] == []


@pytest.fixture
def job(world, tmp_path):
    with served(FakeGitHub()) as hub:
        yield Job(world, hub, tmp_path)


def changed(world, folder, size="5000"):
    """A stack's file in which one setting is another."""
    file = folder / "Pulumi.rehearsal.yaml"
    content = yaml.safe_load(Path(world.local.environment["PULUMI_OPTION_CONFIG_FILE"]).read_text())
    content["config"]["building-vitals:pageSize"] = size
    file.write_text(yaml.safe_dump(content))
    return str(file)


def writes(world):
    return [request for request in world.local.cloudflare.requests if request.method != "GET"]


def read_junit(junit):
    """Each case of a JUnit file, and whether it failed."""
    cases = ET.parse(junit).getroot().iter("testcase")  # noqa: S314 - the checks wrote it
    return {case.get("name"): case.find("failure") is not None for case in cases}


def state(world):
    return (world.local.folder / "state/.pulumi/stacks/building-vitals/rehearsal.json").read_bytes()


def test_a_leaked_secret_is_found(world, job):
    token = world.local.environment["CLOUDFLARE_API_TOKEN"]
    with pytest.raises(AssertionError):
        job._look_for_secrets(f"a line with {token} in it")
    with arguments_seen() as arguments:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(1)", token], check=True)
    assert any(token in line for line in arguments)
    job.hub.comment(7, f"posted: {job.hub.token}")
    with pytest.raises(AssertionError):
        job._look_for_secrets("nothing")


def test_a_pull_request_has_one_comment_that_each_preview_replaces(world, job, tmp_path):
    for n in range(4):
        job.hub.comment(7, f"talk {n}", ANOTHER)
    copied = job.hub.comment(7, f"{MARKER}\nlooks good to me", ANOTHER)
    before = state(world), len(writes(world))

    code, output, summary = job.run("preview", event="pull_request")
    assert code == 0, output
    assert "comment created: " in output
    first = job.hub.comments[7][-1]["body"]
    assert first.startswith(f"{MARKER}\n")
    assert f"commit {HEAD[:7]}" in first
    assert first.rpartition("\n\n<sub>")[0].strip() == summary.strip()

    code, output, summary = job.run("preview", event="pull_request", PULUMI_OPTION_CONFIG_FILE=changed(world, tmp_path))
    assert code == 0, output
    assert "comment replaced: " in output
    second = job.hub.comments[7][-1]["body"]
    assert second.startswith(f"{MARKER}\n")
    assert second != first
    assert "5000" in second
    assert job.hub.labels[7] == ["preview:changes"]
    assert len(job.hub.comments[7]) == 6
    assert copied["body"].endswith("looks good to me")
    assert (state(world), len(writes(world))) == before


def test_a_fork_without_secrets_gets_a_summary_and_does_not_fail(job):
    code, output, summary = job.run(
        "preview", event="pull_request", repository="mallory/name", CLOUDFLARE_API_TOKEN="", PULUMI_CONFIG_PASSPHRASE=""
    )
    assert code == 0, output
    assert "No preview" in summary
    assert "comes from a fork" in summary
    assert job.hub.requests == []


def test_an_event_that_cannot_be_read_is_not_taken_for_a_forks(job):
    code, output, summary = job.run("preview", CLOUDFLARE_API_TOKEN="", GITHUB_EVENT_PATH="/nowhere")
    assert code == 2
    assert "GITHUB_EVENT_PATH: the event cannot be read" in output
    assert summary == ""


@pytest.mark.parametrize("script", ["preview", "deploy", "drift", "verify"])
def test_an_own_branch_without_its_secret_fails_in_one_line(job, script):
    """Case C12: the engine is not run, which would report one error of the provider per resource."""
    code, output, summary = job.run(script, event="pull_request", CLOUDFLARE_API_TOKEN="")
    assert code == 1
    assert f"{script}: CLOUDFLARE_API_TOKEN is not set. Next: export CLOUDFLARE_API_TOKEN" in output.splitlines()[-1]
    assert summary == ""


def test_a_failed_preview_is_commented_and_fails_the_job(job):
    code, output, summary = job.run("preview", event="pull_request", CLOUDFLARE_API_TOKEN="fake" * 10)
    assert code == 1
    last = output.splitlines()[-1]
    assert last.startswith("preview: CLOUDFLARE_API_TOKEN is refused (403 Authentication error (code 10000)): "), output
    assert "Preview failed" not in output
    assert "comment created: " in output
    assert job.hub.comments[7][0]["body"].startswith(f"{MARKER}\n")
    assert MARKER in summary


def test_a_deployment_is_verified_and_its_result_written_as_junit(world, job):
    code, output, summary = job.run("deploy")
    assert code == 0, output
    assert read_junit(job.junit)
    assert not any(read_junit(job.junit).values())
    assert "all checks passed" in output
    assert summary
    assert job.hub.requests == []


def test_a_failed_check_fails_the_deployment_and_is_in_the_junit_report(world, job):
    world.empty_bucket()
    fault = faults.load_faults()["ace-down"]
    world.wait(fault.apply(world.local))
    code, output, summary = job.run("deploy")
    world.local.ace.restore()
    assert code == 1, output
    assert "trigger" in summary
    assert [name for name, failed in read_junit(job.junit).items() if failed] == ["trigger", "logs"]


def test_nothing_is_verified_when_the_deployment_failed(world, job, tmp_path):
    code, output, summary = job.run("deploy", PULUMI_OPTION_CONFIG_FILE=changed(world, tmp_path, "123"))
    assert code not in (0, 3)
    assert "pulumi up failed" in summary
    assert "rehearsal: ok=" not in output
    assert not job.junit.exists()


def test_a_drift_opens_one_issue_and_closes_it_when_restored(world, job):
    assert world.checks()[0] == 0  # stores days, because the checks need one
    fault = faults.load_faults()["secret-missing"]
    world.wait(fault.apply(world.local))
    before = state(world), world.objects(), len(writes(world))

    code, output, _ = job.run("drift")
    assert code == 0, output
    assert "issue opened: " in output
    (issue,) = job.hub.issues
    assert issue["body"].startswith(f"{DRIFT}\n")
    assert "ACE_API_KEY" in issue["body"]
    assert "https://hub.test/owner/name/actions/runs/42" in issue["body"]

    assert (state(world), world.objects(), len(writes(world))) == before

    world.pulumi("up", "--yes", "--skip-preview")
    code, output, _ = job.run("drift")
    assert code == 0, output
    assert "issue closed: " in output
    assert (issue["state"], len(job.hub.issues)) == ("closed", 1)
    assert [item["body"].splitlines()[1] for item in job.hub.comments[issue["number"]]] == [
        "No drift any more: the preview is empty and every check passes."
    ]


def test_a_scheduled_verification_tells_each_change_of_the_state_once(world, job, tmp_path):
    page = tmp_path / "backfill.html"
    with open_receiver() as receiver:
        urls = {"NOTIFY_URL": receiver.notify, "HEARTBEAT_URL": receiver.heartbeat}

        def verify(what="standstill"):
            """Return the exit code, and the numbers of messages and heartbeats so far."""
            told = {**urls, "STATE_FILE": str(tmp_path / "told.json"), "WHAT": what, "PAGE_FILE": str(page)}
            code, output, summary = job.run("verify", event="schedule", **told)
            assert "history" in summary
            assert ("### The stored days\n\n````text\ndeployment " in summary) is (what == "all")
            assert SECRET not in output + summary + receiver.messages_text
            return code, len(receiver.messages), receiver.beats

        assert verify("all") == (0, 0, 1)
        assert "<svg" in page.read_text()
        assert SECRET not in page.read_text()
        world.wait(faults.load_faults()["object-lost"].apply(world.local))
        assert verify() == (1, 1, 2)
        assert world.checks("trigger")[0] in (0, 1)  # copies the day again
        assert verify() == (0, 2, 3)
        assert "hub.test/owner/name/actions/runs/42" in receiver.messages_text
