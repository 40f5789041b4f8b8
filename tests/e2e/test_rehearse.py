"""`scripts/rehearse` and `python -m rehearsal` as a user runs them."""

import base64
import functools
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from rehearsal.pulumi_stand_ins import PLUGIN, find_path_entries
from tests import processes, warm_plugins
from toolchain import engine

ROOT = Path(__file__).parents[2]
PLUGIN_NAMES = (PLUGIN, "rehearsal.pulumi_stand_ins.plugin")  # the official plugin, or the stand-in
CANARY = "canarycanarycanary"
JUDGED = [
    "config",
    "token",
    "secrets",
    "bindings",
    "bucket",
    "deployed",
    "failures",
    "fresh",
    "health",
    "history",
    "key",
    "trigger",
    "logs",
    "proof",
    "r2",
]
CHECKS = [*JUDGED, "parity", "query"]  # these do not apply: no related worker


@functools.cache
def jwt():
    """Return a key of this year with a canary, which is the same in all tests of a process."""

    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part({'exp': int(time.time()) + 364 * 86_400 + 43_200})}.{CANARY}"


def start(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "rehearsal", *arguments],
        cwd=ROOT,
        env={**os.environ, **more},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def rehearse(*arguments, **more):
    with start(*arguments, **more) as process:
        output, _ = process.communicate(timeout=120)
    return process.returncode, output


def warm_path():
    """Return PATH with a warm start of the stand-ins, for tests of something else than their start."""
    return warm_plugins.entries(os.pathsep.join([*find_path_entries(os.environ), os.environ["PATH"]]))


def shown(command):
    """Return the README's lines below a command without the parts that change from run to run."""
    block = (ROOT / "README.md").read_text().partition(f"$ {command}")[2].partition("```")[0]
    lines = [steady(line) for line in block.partition("\n$ ")[0].splitlines()[1:]]
    return [
        line
        for line in lines
        if re.match(rf"({'|'.join(CHECKS)}|rehearsal:|fault:|\d+ failed| +(expected|found|cause))", line)
    ]


def steady(line):
    """Return a line without the parts that change from run to run or from day to day."""
    changing = r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d UTC)?| in \d+\.\d s|\b[0-9a-f]{8}\b|\b[0-9a-f]{12}$|\b36[45] days"
    return re.sub(changing, "…", line)


class Runs(NamedTuple):
    code: int
    output: str
    errors: str
    arguments: set[str]
    folder: Path
    green: tuple[int, str]


@pytest.fixture(scope="module")
def incident():
    """A cold run of the script with a canary in its key and a kept folder, the arguments of all its processes, and a green run.

    The green run has a warm start of the stand-ins, and runs at the same time.
    """
    seen = set()
    with (
        start("up", PATH=warm_path()) as other,
        subprocess.Popen(
            ["scripts/rehearse", "--fault", "secret-missing", "--keep"],
            cwd=ROOT,
            env={**os.environ, "ACE_API_KEY": jwt()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        while process.poll() is None:
            seen |= {processes.arguments(pid) for pid in processes.descendants(process.pid)}
            time.sleep(0.05)
        output, errors = process.communicate()
        green, _ = other.communicate(timeout=120)
    folder = Path(re.search(r"^kept: (.+)$", output, re.MULTILINE)[1])
    yield Runs(process.returncode, output, errors, seen, folder, (other.returncode, green))
    shutil.rmtree(folder)


def test_the_incident_is_explained_in_few_lines(incident):
    after = incident.output.partition("Duration:")[2].splitlines()[1:]
    *said, last = [line for line in after if line.strip()]
    assert last.startswith("kept: ")
    assert incident.code == 1, incident.output + incident.errors
    assert len(said) < 37  # a finding takes four
    text = "\n".join(said)
    assert "wrangler secret delete ACE_API_KEY" in said[0]
    assert "cause: outside_change" in text
    assert "pulumi up --stack rehearsal" in text
    assert [steady(line) for line in said] == shown("scripts/rehearse --fault secret-missing")
    assert [check for check in ("secrets", "key") if re.search(rf"^{check} +failed", text, re.MULTILINE)] == [
        "secrets",
        "key",
    ]


def test_a_run_beside_the_incident_is_independent_and_green(incident):
    code, output = incident.green
    assert code == 0, output
    assert "+ 16 created" in output
    assert [check for check in CHECKS if re.search(rf"^{check} +ok ", output, re.MULTILINE)] == JUDGED
    assert output.splitlines()[-1].startswith(f"rehearsal: ok={len(JUDGED)}  skipped=2 ")
    assert [steady(line) for line in output.splitlines()][-len(CHECKS) - 1 :] == shown("scripts/rehearse ")


def test_the_key_is_in_no_output(incident):
    for text in (incident.output, incident.errors):
        assert text
        assert CANARY not in text
        assert jwt() not in text


def test_the_key_is_in_no_process_arguments(incident):
    seen = incident.arguments
    for program in ("workerd", "main.mjs", "pulumi up", "wrangler secret"):
        assert any(program in arguments for arguments in seen), program
    assert any(name in arguments for arguments in seen for name in PLUGIN_NAMES)
    assert [arguments for arguments in seen if CANARY in arguments] == []


def test_the_key_is_in_no_file_of_the_run_nor_of_the_checkout(incident):
    folder = incident.folder
    assert list(folder.glob("state/.pulumi/stacks/building-vitals/rehearsal.json"))
    files = [path for path in folder.rglob("*") if path.is_file()]
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    files += [ROOT / name for name in tracked.splitlines() if name != "tests/e2e/test_rehearse.py"]
    assert [path for path in files if path.is_file() and CANARY.encode() in path.read_bytes()] == []


def test_an_unknown_fault_is_one_line_with_the_known_ones():
    code, output = rehearse("up", "--fault", "no-such")
    assert code == 2
    assert output.splitlines()[-1].startswith(
        "Error: Invalid value for --fault: no fault 'no-such'. Known faults: ace-down, "
    )


def test_the_faults_are_listed_without_starting_anything():
    code, output = rehearse("faults")
    assert code == 0
    assert re.search(
        r"^secret-missing +`wrangler secret delete .*\n +caught by: secrets, deployed, health, key, cause: outside_change$",
        output,
        re.MULTILINE,
    )


def test_without_an_engine_one_line_names_the_next_command(tmp_path):
    code, output = rehearse("up", HOME=str(tmp_path), PATH="/usr/bin:/bin")
    assert code == 3
    assert output == "rehearsal: the Pulumi engine is missing. Run scripts/setup\n"


@pytest.mark.parametrize("moment", ["while it serves", "while it deploys"])
def test_a_kill_leaves_no_process_and_the_next_run_removes_its_folder(moment, tmp_path):
    command, signs = (["serve"], ("main.mjs",)) if moment == "while it serves" else (["up"], PLUGIN_NAMES)
    with start(*command, TMPDIR=str(tmp_path)) as process:
        pids = set()
        while not any(sign in processes.arguments(pid) for pid in pids for sign in signs):
            assert process.poll() is None
            time.sleep(0.05)
            pids |= processes.descendants(process.pid)
        time.sleep(0.3)
        pids |= processes.descendants(process.pid)
        process.send_signal(signal.SIGKILL)
    assert processes.gone(pids, seconds=6) == {}
    assert list(tmp_path.glob("building-vitals-*/"))
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    remove = "from rehearsal.local_system.run_folder import open_run_folder\nwith open_run_folder() as folder: pass"
    subprocess.run([sys.executable, "-c", remove], cwd=ROOT, env=environment, check=True)
    assert list(tmp_path.glob("building-vitals-*/")) == []


def test_the_lines_of_serve_are_all_that_another_terminal_needs():
    with start("serve", "--days", "1", ACE_API_KEY=jwt(), PATH=warm_path()) as process:
        printed = []
        while not printed or "Ctrl-C" not in printed[-1]:
            printed.append(process.stdout.readline())
            assert printed[-1], "".join(printed)
        exports = "".join(line for line in printed if line.startswith(("export ", "unset ")))
        assert CANARY not in exports
        [query_worker] = re.findall(
            r"`(pulumi .*REHEARSAL_QUERY_URL.*)`", (ROOT / "docs" / "query-worker.md").read_text()
        )
        commands = [
            "pulumi preview",
            "pulumi up --yes --skip-preview",
            "npx --no-install wrangler secret list --name building-vitals-backfill",
            'curl -sS "$(pulumi stack output url)/health"',
            "python -m checks --stack rehearsal --quiet",
            "pulumi preview --expect-no-changes",
            query_worker,
            "python -m checks run query --stack rehearsal",
        ]
        shell = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", exports + "\n".join(f"echo '$'; {command}" for command in commands)],
            cwd=ROOT,
            env={key: value for key, value in os.environ.items() if key in ("PATH", "HOME")},
            capture_output=True,
            text=True,
            timeout=120,
        )
        [file] = re.findall(r"^export PULUMI_OPTION_CONFIG_FILE=(.+)$", exports, re.MULTILINE)
        [site] = yaml.safe_load(Path(*shlex.split(file)).read_text())["config"]["building-vitals:sites"]
        pids = processes.descendants(process.pid)
        process.send_signal(signal.SIGINT)
    assert site["startDate"] == site["endDate"]  # --days 1
    said = shell.stdout.split("$\n")
    assert shell.returncode == 0, shell.stdout + shell.stderr
    assert "16 to create" in said[1]
    assert '"name": "ACE_API_KEY"' in said[3]
    assert json.loads(said[4])["status"] == "healthy"
    assert re.search(r"^query +ok ", said[8], re.MULTILINE)
    assert CANARY not in shell.stdout + shell.stderr
    assert process.returncode == 130
    assert processes.gone(pids, seconds=3) == {}


@pytest.mark.parametrize(("command", "sign"), [("serve", "# Ctrl-C ends it."), ("up", "Updating (rehearsal)")])
def test_it_ends_when_its_edge_is_killed(command, sign):
    with start(command, PATH=warm_path()) as process:
        while sign not in (line := process.stdout.readline()):
            assert line
        pids = processes.descendants(process.pid)
        [node] = [pid for pid in pids if "main.mjs" in processes.arguments(pid)]
        os.kill(node, signal.SIGKILL)
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 3
    assert said.splitlines()[-1].startswith("rehearsal: the local edge has died")
    assert processes.gone(pids, seconds=3) == {}


def test_a_refused_key_of_the_environment_is_reported_at_the_end():
    code, output = rehearse("up", ACE_API_KEY=f" {jwt()}", PATH=warm_path())
    assert code == 3
    assert output.splitlines()[-1].startswith("rehearsal: ACE_API_KEY of this environment was used, but it has white")
    assert CANARY not in output


def test_a_python_without_the_packages_is_one_line():
    command = [sys.executable, "-S", "-m", "rehearsal", "up"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert process.returncode == 3
    assert re.fullmatch(r"rehearsal: \S+ has no package \w+. Run scripts/setup, .*rehearsal\n", process.stderr)


def test_a_new_production_stack_keeps_the_comments_of_its_file(tmp_path):
    for name in ("Pulumi.yaml", "Pulumi.prod.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    engine_folder = engine.find()
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{engine_folder}:{os.environ['PATH']}",
        "PULUMI_BACKEND_URL": f"file://{tmp_path}",
        "PULUMI_CONFIG_PASSPHRASE": "fake",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    for command in (("stack", "init", "prod"), ("config", "set", "accountId", "0" * 32)):
        subprocess.run(["pulumi", *command], cwd=tmp_path, env=environment, check=True, capture_output=True)
    before, after = ((folder / "Pulumi.prod.yaml").read_text().splitlines() for folder in (ROOT, tmp_path))
    assert [line for line in before if line.startswith("#")]
    assert [line for line in before if line not in after] == []
