"""docs/getting-started.md pasted into a terminal, block by block: a fresh account, from `pulumi login` to green checks."""

import os
import pty
import re
import select
import shutil
import subprocess
import termios
import time

import pytest

from rehearsal import local_system as local

PROMPT = "pasted> "
COPIED = ("checks", "cloudflare_client", "contract", "infra", "workers/dist")
KEPT = (
    "PATH",
    "CLOUDFLARE_BASE_URL",
    "NO_PROXY",
    "no_proxy",
    "PULUMI_SKIP_UPDATE_CHECK",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
)
QUERY, REPLY = "\x1b[6n", "\x1b]11;rgb:0000/0000/0000\x1b\\\x1b[1;1R"  # the engine asks for colour and cursor
UP_AND_ENTER = "\x1b[A\r"  # the choice above the default, which is no


class Terminal:
    """A shell in a terminal of its own. What it shows is in ``shown``."""

    def __init__(self, folder, environment):
        self.own, other = pty.openpty()
        command = ["bash", "--noprofile", "--norc", "-i"]
        self.shell = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=other, stdout=other, stderr=other, start_new_session=True
        )
        os.close(other)
        self.shown = ""
        self.wait_for(PROMPT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.own)  # the shell and its commands get SIGHUP
        self.shell.wait(timeout=30)

    def wait_for(self, text, count=1, seconds=60):
        """Read until the text was shown so many more times. Answers the engine's questions as a terminal does."""
        end, new = time.monotonic() + seconds, ""
        while new.count(text) < count:
            ready, _, _ = select.select([self.own], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"no {text!r} within {seconds} s: {self.shown[-2000:]}"
            part = os.read(self.own, 65536).decode("utf-8", "replace")
            for _ in range(part.count(QUERY)):
                self.type(REPLY)
            new, self.shown = new + part, self.shown + part

    def type(self, text):
        os.write(self.own, text.encode())

    def wait_until_hidden(self):
        """Wait until a command reads a line that is not shown. The shell's own editor reads characters instead."""
        while (termios.tcgetattr(self.own)[3] & (termios.ICANON | termios.ECHO)) != termios.ICANON:
            self.shown += os.read(self.own, 65536).decode() if select.select([self.own], [], [], 0.01)[0] else ""

    def paste(self, block, answers):
        """Paste a block at once, and answer the command at its end if it asks."""
        *before, last = block.strip().splitlines()
        self.type(block.strip() + "\n")
        found = next((item for start, item in answers.items() if last.startswith(start)), None)
        if found is None:
            self.wait_for(PROMPT, 1 + len(before))
            return
        question, answer = found
        if question is None:
            self.wait_until_hidden()
        else:
            self.wait_for(question)
        self.type(answer)
        self.wait_for(PROMPT)


@pytest.fixture
def project(tmp_path, empty_world):
    """A clone, in which only the addresses of the local systems are set besides the template."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in COPIED:
        shutil.copytree(local.ROOT / name, folder / name)
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.prod.yaml"):
        shutil.copy(local.ROOT / name, folder)
    (folder / ".venv").symlink_to(local.ROOT / ".venv")
    with (folder / "Pulumi.prod.yaml").open("a") as file:
        file.write('      endDate: "2024-12-11"\n')  # of the template's site
        file.write(f"  building-vitals:aceBaseUrl: {empty_world.local.ace.url}\n")
    return folder


def read_blocks(world):
    """Return the commands of the page. The examples are replaced, and set-up is that of this checkout."""
    page = (local.ROOT / "docs" / "getting-started.md").read_text().partition("## Afterwards")[0]
    found = re.findall(r"^```bash\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    replaced = {
        "scripts/setup": "true",
        'export PATH="$HOME': 'export PATH="$PATH:$HOME',
        "0123456789abcdef0123456789abcdef": local.ACCOUNT_ID,
        "workersSubdomain=example": f"workerUrl={world.local.worker_url}",
    }
    for old, new in replaced.items():
        assert sum(old in block for block in found) == 1
        found = [block.replace(old, new) for block in found]
    return found


def test_the_page_works_as_pasted(empty_world, project, tmp_path):
    """Case P17. Three values are all that production needs."""
    own = empty_world.local.environment
    key, token = own["ACE_API_KEY"], own["CLOUDFLARE_API_TOKEN"]
    answers = {  # by the start of a command: its question, and what a user types
        "pulumi config set --secret": ("value:", f"{key}\r"),
        "read -rs": (None, f"{token}\r"),
        "pulumi up": ("Do you want to perform this update?", UP_AND_ENTER),
    }
    environment = {
        **{name: own[name] for name in KEPT if name in own},
        "HOME": str(tmp_path),
        "PULUMI_HOME": str(tmp_path / "pulumi"),
        "PS1": PROMPT,
        "TERM": "xterm",
    }
    with Terminal(project, environment) as terminal:
        for block in read_blocks(empty_world):
            terminal.paste(block, answers)
        terminal.type("echo ended-$?\n")
        terminal.wait_for("ended-0")
    assert terminal.shown.count("16 created") == 1
    assert "all checks passed" in terminal.shown
    configuration = (project / "Pulumi.prod.yaml").read_text()
    assert "secure: v1:" in configuration
    assert [secret for secret in (key, token) if secret in terminal.shown + configuration] == []
