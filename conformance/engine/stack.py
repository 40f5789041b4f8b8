"""The throw-away stack: the program of this checkout and the user's engine, with a state in the run's folder."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from toolchain.engine import ROOT

PROJECT = "building-vitals"
MAX_SECONDS = 600.0  # of one run of the engine
GRACE = 60.0  # seconds in which an interrupted engine may end its requests
# These would lead the engine to the state, the secrets or the settings of another stack.
_FOREIGN = ("PULUMI_", "ACE_", "OPERATOR_TOKEN", "TF_LOG")
_CHANGED = re.compile(r"[+~-]{1,2} (\S+ \S+ (?:create|update|delete|replace|import).*)")
_KEPT = ("PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",)


class EngineError(Exception):
    """The engine did not run to its end. The message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The end of one run of the engine, with its output."""

    code: int
    output: str

    @property
    def last_line(self) -> str:
        """Return the line that tells most about a failure."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("error:")]
        return (errors or lines or ["no output"])[-1][:300]

    @property
    def changed(self) -> str:
        """Return the resources that a preview changes, an empty text where it lists none."""
        lines = (" ".join(line.split()) for line in self.output.splitlines())
        return ", ".join(found[1] for found in map(_CHANGED.match, lines) if found)[:300]


@dataclass(slots=True, kw_only=True)
class Stack:
    """A stack in a folder of its own. ``environment`` holds secrets. ``settings`` are those of its next run."""

    name: str
    folder: Path
    environment: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)
    _head: str = ""  # the engine's own part of the stack's file

    @property
    def file(self) -> Path:
        """Return the stack's file with its settings."""
        return self.folder / f"Pulumi.{self.name}.yaml"

    def create(self) -> None:
        """Create the empty stack. The engine writes its file beside Pulumi.yaml, so it gets a copy."""
        (self.folder / "state").mkdir()
        shutil.copy(ROOT / "Pulumi.yaml", self.folder)
        made = self._run(("stack", "init", self.name, "--no-select"), self.folder)
        if made.code != 0:
            raise EngineError(f"the throw-away stack could not be created: {made.last_line}")
        self._head = self.file.read_text() if self.file.exists() else ""

    def up(self) -> Update:
        """Run one update without a preview before it. Raises EngineError when it fails."""
        done = self.try_up()
        if done.code != 0:
            raise EngineError(f"`pulumi up` ended with {done.code}: {done.last_line}")
        return done

    def try_up(self) -> Update:
        """Run one update, which may be refused."""
        return self._run(("up", "--yes", "--skip-preview", "--suppress-outputs"), ROOT)

    def describe_changes(self) -> str:
        """Return the changes of a preview that must be empty, an empty text where it is."""
        done = self._run(("preview", "--expect-no-changes", "--suppress-outputs"), ROOT)
        return "" if done.code == 0 else f"the next preview is not empty: {done.changed or done.last_line}"

    def _run(self, arguments: tuple[str, ...], folder: Path) -> Update:
        if self._head:
            lines = [f"  {PROJECT}:{key}: {json.dumps(value)}" for key, value in self.settings.items()]
            self.file.write_text("\n".join([self._head.rstrip(), "config:", *lines, ""]))
        command = ["pulumi", *arguments, "--non-interactive", "--color", "never"]
        process: subprocess.Popen[bytes] | None = None
        try:
            with _held_signals():  # so that no engine is started without being known
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C reaches the engine once, by _end
                )
            output, _ = process.communicate(timeout=MAX_SECONDS)
        except OSError as error:
            raise EngineError(f"the Pulumi engine cannot be started ({error.strerror}). Run scripts/setup") from None
        except subprocess.TimeoutExpired:
            _end(process)
            raise EngineError(f"`pulumi {arguments[0]}` did not end within {MAX_SECONDS:g} s") from None
        except BaseException:
            _end(process)
            raise
        return Update(code=process.returncode, output=output.decode(errors="replace"))


@contextmanager
def _held_signals() -> Iterator[None]:
    """Hold the signals that end a run, and handle them at the end of the block."""
    held: list[tuple[int, FrameType | None]] = []
    former = {
        number: signal.signal(number, lambda number, frame: held.append((number, frame)))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for each, handler in former.items():
            signal.signal(each, handler)
    for number, frame in held:
        handler = former[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)


def _end(process: subprocess.Popen[bytes] | None) -> None:
    """End the engine. It finishes its present requests, so that nothing is made after the clean-up."""
    if process is None or process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.communicate(timeout=GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def make_stack(
    *, name: str, folder: Path, given: Mapping[str, str], engine: Path, token: str, base_url: str, key: str
) -> Stack:
    """Return a stack whose engine keeps everything below ``folder`` and uses the plugins of the user."""
    home = folder / "pulumi-home"
    home.mkdir()
    plugins = Path(given.get("PULUMI_HOME") or Path.home() / ".pulumi", "plugins")
    if plugins.is_dir():
        (home / "plugins").symlink_to(plugins)
    kept = {name: value for name, value in given.items() if name in _KEPT or not name.startswith(_FOREIGN)}
    environment = {
        **kept,
        "PATH": os.pathsep.join([kept.get("PATH", os.defpath), str(engine)]),
        "ACE_API_KEY": key,
        "CLOUDFLARE_API_TOKEN": token,
        "CLOUDFLARE_BASE_URL": base_url,
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(16),
        "PULUMI_STACK": name,
        "PULUMI_OPTION_CONFIG_FILE": str(folder / f"Pulumi.{name}.yaml"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    return Stack(name=name, folder=folder, environment=environment)
