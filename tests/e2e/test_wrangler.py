"""The real wrangler against the local Cloudflare: each command's own code, and most commands in one process.

`tail`, `secret put` and a refused command start as a user's do. In test_rehearse.py, so do `secret delete` and `secret list`.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.local_account import ACCOUNT, CODE, TOKEN, LocalAccount, started
from toolchain import node

PACKAGES = Path(__file__).parents[2] / "rehearsal/edge/node_modules"
WRANGLER = PACKAGES / ".bin/wrangler"
SESSION = Path(__file__).with_name("wrangler_session.cjs")
ONE, TWO = "canary-one", "canary-two"
CONFIG = """name = "{name}"
main = "worker.js"
compatibility_date = "2026-04-01"
workers_dev = true
r2_buckets = [{{ binding = "BUCKET", bucket_name = "{name}-data" }}]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrangler:
    """Wrangler with an account on this machine. ``home`` is the folder that it takes for its home."""

    environment: dict[str, str]
    home: Path
    session: subprocess.Popen[str]

    def start(self, *arguments: str, token: str = TOKEN, folder: Path | None = None) -> subprocess.Popen[str]:
        """Start it as a user does, in a process group of its own."""
        return start([WRANGLER, *arguments], folder or self.home, self.environment | {"CLOUDFLARE_API_TOKEN": token})

    def run_as_user(self, *arguments: str, value: str = "", token: str = TOKEN) -> tuple[int, str]:
        """Run it to its end as a user does, and return its exit code and output."""
        process = self.start(*arguments, token=token)
        try:
            written, _ = process.communicate(value, timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return process.returncode, written

    def __call__(
        self, *arguments: str, value: str = "", token: str = TOKEN, folder: Path | None = None, fails: bool = False
    ) -> str:
        """Run its code in the process that has loaded it, and return its output."""
        command = {"args": arguments, "token": token, "folder": str(folder or self.home), "value": value}
        assert self.session.stdin is not None
        assert self.session.stdout is not None
        self.session.stdin.write(json.dumps(command) + "\n")
        self.session.stdin.flush()
        ready, _, _ = select.select([self.session.stdout], [], [], 30)
        assert ready, f"wrangler {' '.join(arguments)} takes more than 30 s"
        done = json.loads(self.session.stdout.readline())
        assert (done["code"] != 0) is fails, done["written"]
        return str(done["written"])


def start(command: list[str | Path], folder: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAccount]:
    with started(tmp_path_factory.mktemp("edge")) as running:
        yield running


@pytest.fixture(scope="module")
def wrangler(account: LocalAccount, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wrangler]:
    home = tmp_path_factory.mktemp("home")
    environment = {
        **node.make_environment(os.environ["PATH"]),
        "NODE_OPTIONS": f"--require={Path(__file__).with_name('record_hosts.cjs')}",
        "LOOKED_UP": str(home / "hosts"),
        "HOME": str(home),
        "TMPDIR": str(home),
        "CI": "1",
        "CLOUDFLARE_API_BASE_URL": account.base,
        "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
        "WRANGLER_SEND_METRICS": "false",
        "WRANGLER_HIDE_BANNER": "true",  # the banner asks the network for updates
    }
    cli = PACKAGES / "wrangler/wrangler-dist/cli.js"
    with start(["node", "--no-warnings", SESSION, cli.resolve()], home, environment) as session:
        yield Wrangler(environment=environment, home=home, session=session)
        session.communicate(timeout=10)  # its standard input ends, and so does it


def project(folder: Path, name: str, *, run: str = "one") -> Path:
    (folder / "wrangler.toml").write_text(CONFIG.format(name=name))
    (folder / "worker.js").write_text(CODE.replace("RUN", json.dumps(run)))
    return folder


def test_deploy_makes_the_bucket_and_the_page_and_deploying_again_keeps_the_secret(
    wrangler: Wrangler, account: LocalAccount, tmp_path: Path
) -> None:
    written = wrangler("deploy", folder=project(tmp_path, "deployed"))
    assert "https://deployed.rehearsal.workers.dev" in written
    assert account.page("deployed") == {"run": "one", "key": None, "stored": False}
    account.api.put("workers/scripts/deployed/secrets", json={"name": "KEY", "text": ONE}).raise_for_status()
    wrangler("deploy", folder=project(tmp_path, "deployed", run="two"))
    assert account.page("deployed") == {"run": "two", "key": ONE, "stored": False}
    assert account.triggers("deployed") == ["version_upload", "secret", "upload"]
    assert account.result("workers/scripts/deployed/schedules") == {"schedules": []}
    with (tmp_path / "wrangler.toml").open("a") as config:
        config.write('[triggers]\ncrons = ["*/5 * * * *"]\n')
    written = wrangler("triggers", "deploy", folder=tmp_path)
    assert "schedule: */5 * * * *" in written
    assert [item["cron"] for item in account.result("workers/scripts/deployed/schedules")["schedules"]] == [
        "*/5 * * * *"
    ]
    assert account.page("deployed")["run"] == "two"


def test_a_syntax_error_is_refused_and_the_old_worker_runs_on(
    wrangler: Wrangler, account: LocalAccount, tmp_path: Path
) -> None:
    account.seed("broken")
    project(tmp_path, "broken", run="two")
    with (tmp_path / "worker.js").open("a") as code:
        code.write("export const wrong = /(/;\n")  # wrangler's bundler lets it pass, the runtime does not
    written = wrangler("deploy", folder=tmp_path, fails=True)
    assert "SyntaxError" in written
    assert "[code: 10021]" in written
    assert account.page("broken")["run"] == "one"
    assert account.triggers("broken") == ["upload"]


def test_secrets_put_list_delete(wrangler: Wrangler, account: LocalAccount) -> None:
    account.seed("keeper")
    code, written = wrangler.run_as_user("secret", "put", "KEY", "--name", "keeper", value=ONE)
    assert code == 0, written
    assert account.page("keeper")["key"] == ONE
    listed = wrangler("secret", "list", "--name", "keeper")
    assert json.loads(listed) == [{"name": "KEY", "type": "secret_text"}]
    wrangler("secret", "delete", "KEY", "--name", "keeper")
    assert account.page("keeper")["key"] is None
    assert account.triggers("keeper") == ["secret", "secret", "upload"]


def test_secret_bulk_is_one_version(wrangler: Wrangler, account: LocalAccount) -> None:
    account.seed("bulk", bindings=[{"name": "KEY", "type": "secret_text", "text": ONE}])
    wrangler("secret", "bulk", "--name", "bulk", value=json.dumps({"KEY": TWO, "MORE": ONE}))
    assert account.page("bulk")["key"] == TWO
    assert account.triggers("bulk") == ["secret", "upload"]


def test_a_first_secret_makes_a_stub(wrangler: Wrangler, account: LocalAccount) -> None:
    written = wrangler("secret", "put", "KEY", "--name", "stub", value=ONE)
    assert 'Creating new Worker "stub"' in written
    assert account.triggers("stub") == ["secret", "upload"]


def test_lists_of_versions_and_deployments_and_a_rollback(wrangler: Wrangler, account: LocalAccount) -> None:
    account.seed("history", bindings=[{"name": "KEY", "type": "secret_text", "text": ONE}])
    account.api.put("workers/scripts/history/secrets", json={"name": "KEY", "text": TWO}).raise_for_status()
    deployments = wrangler("deployments", "list", "--name", "history")
    assert deployments.index("Upload") < deployments.index("Secret Change")
    assert deployments.count("(100%)") == 2
    versions = json.loads(wrangler("versions", "list", "--name", "history", "--json"))
    assert [version["number"] for version in versions] == [1, 2]
    written = wrangler("rollback", versions[0]["id"], "--name", "history", "--message", "back", "--yes")
    assert "The following secrets have changed" in written
    assert account.page("history")["key"] == ONE


def test_a_version_is_uploaded_viewed_and_deployed(wrangler: Wrangler, account: LocalAccount, tmp_path: Path) -> None:
    account.seed("staged", bindings=[{"name": "KEY", "type": "secret_text", "text": ONE}])
    account.api.post("r2/buckets", json={"name": "staged-data"}).raise_for_status()
    wrangler("versions", "upload", "--tag", "second", folder=project(tmp_path, "staged", run="two"))
    assert account.page("staged")["run"] == "one"
    newest = account.result("workers/scripts/staged/versions")["items"][0]["id"]
    shown = wrangler("versions", "view", newest, "--name", "staged")
    assert re.search(r"^Tag: +second$", shown, re.MULTILINE)
    assert "staged-data" in shown
    wrangler("versions", "deploy", f"{newest}@100%", "--name", "staged", "--yes")
    assert account.page("staged") == {"run": "two", "key": ONE, "stored": False}


def test_tail_shows_a_log_line_and_ends_when_told(wrangler: Wrangler, account: LocalAccount) -> None:
    account.seed("tailed")
    process = wrangler.start("tail", "tailed", "--format", "json")
    seen: list[str] = []
    reader = threading.Thread(target=lambda: seen.extend(process.stdout or ()))
    reader.start()
    try:
        until = time.monotonic() + 20
        while "[Page]" not in "".join(seen) and time.monotonic() < until:
            account.page("tailed", authorization="Bearer canary-header")
            time.sleep(0.1)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=10)
        reader.join(5)
    item, _ = json.JSONDecoder().raw_decode("".join(seen))
    assert (item["scriptName"], item["outcome"]) == ("tailed", "ok")
    assert json.loads(item["logs"][0]["message"][0]) == {"tag": "[Page]", "path": "/seen"}
    assert "canary-header" not in "".join(seen)


def test_buckets_and_objects(wrangler: Wrangler, account: LocalAccount, tmp_path: Path) -> None:
    wrangler("r2", "bucket", "create", "data")
    account.seed("reader", bindings=[{"name": "BUCKET", "type": "r2_bucket", "bucket_name": "data"}])
    assert "name:           data" in wrangler("r2", "bucket", "list")
    (tmp_path / "body").write_bytes(b"\x00\xff")
    wrangler("r2", "object", "put", "data/key", "--file", str(tmp_path / "body"), "--remote")
    assert account.page("reader")["stored"] is True
    info = json.loads(wrangler("r2", "bucket", "info", "data", "--json"))
    assert (info["name"], info["object_count"], info["bucket_size"]) == ("data", "1", "2 B")
    wrangler("r2", "object", "get", "data/key", "--file", str(tmp_path / "back"), "--remote")
    assert (tmp_path / "back").read_bytes() == b"\x00\xff"
    wrangler("r2", "object", "delete", "data/key", "--remote")
    assert account.page("reader")["stored"] is False


def test_the_commands_that_the_check_of_the_bucket_prints(wrangler: Wrangler, account: LocalAccount) -> None:
    account.api.post("r2/buckets", json={"name": "open"}).raise_for_status()
    account.api.put("r2/buckets/open/domains/managed", json={"enabled": True}).raise_for_status()
    age = {"condition": {"type": "Age", "maxAge": 86_400}}
    rule = {"id": "cleanup", "enabled": True, "conditions": {"prefix": ""}, "deleteObjectsTransition": age}
    account.api.put("r2/buckets/open/lifecycle", json={"rules": [rule]}).raise_for_status()
    wrangler("r2", "bucket", "lifecycle", "remove", "open", "--name", "cleanup")
    assert account.result("r2/buckets/open/lifecycle")["rules"] == []
    wrangler("r2", "bucket", "dev-url", "disable", "open", "--force")
    assert account.result("r2/buckets/open/domains/managed")["enabled"] is False
    wrangler("r2", "bucket", "delete", "open")
    assert account.api.get("r2/buckets/open").status_code == 404


def test_whoami_shows_the_account(wrangler: Wrangler) -> None:
    written = wrangler("whoami")
    assert "rehearsal@example.com" in written
    assert ACCOUNT in written


def test_a_wrong_token_an_unknown_script_and_an_unknown_bucket_have_different_errors(
    wrangler: Wrangler, account: LocalAccount
) -> None:
    code, written = wrangler.run_as_user("deployments", "list", "--name", "x", token="fake-wrong-token")
    assert code == 1
    assert "Authentication error [code: 10000]" in written
    assert 'Worker "absent" not found' in wrangler("secret", "list", "--name", "absent", fails=True)
    assert "[code: 10006]" in wrangler("r2", "bucket", "info", "absent", fails=True)


def test_every_request_is_known_no_host_was_looked_up_and_no_secret_was_written(
    wrangler: Wrangler, account: LocalAccount
) -> None:
    assert account.unknown_requests() == []
    hosts = wrangler.home / "hosts"
    assert not hosts.exists(), hosts.read_text()
    files = [path for path in wrangler.home.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"canary-" in path.read_bytes()]
    subprocess.run(["node", "-e", "fetch('http://host.invalid').catch(() => 0)"], env=wrangler.environment, check=True)
    assert hosts.read_text() == "host.invalid\n", "a look-up would not have been seen"
