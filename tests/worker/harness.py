"""Starts harness.mjs: one workerd with the workers of a test module."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import httpx
import pytest

from toolchain import node

ROOT = Path(__file__).resolve().parents[2]


def find_bundle(name: str) -> str:
    """Return the path of a worker's committed bundle, which is the code that the program uploads."""
    return str(ROOT / "workers" / "dist" / f"{name}.js")


class Harness:
    """A running workerd. ``urls`` has the address of each worker, ``http`` is a client without proxies."""

    def __init__(self, folder: Path, *, workers: dict[str, dict[str, Any]], **options: str) -> None:
        """Start workerd with these workers and with its data in ``folder``. ``options`` are those of harness.mjs."""
        environment = {**os.environ, **node.make_environment(os.environ["PATH"])}
        command = ["node", str(Path(__file__).with_name("harness.mjs"))]
        self._node = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
        )
        if self._node.stdin is None or self._node.stdout is None:
            pytest.fail("the harness has no pipes")
        self._input = self._node.stdin
        self._input.write(json.dumps({"workers": workers, "persist": str(folder), **options}) + "\n")
        self._input.flush()
        with self._node.stdout as output:
            started = output.readline()
        if not started:
            pytest.fail("the harness did not start")
        self._buckets = {name: worker.get("bucket") for name, worker in workers.items()}
        self._control, self._storage = (json.loads(started)[name] for name in ("control", "storage"))
        self.urls: dict[str, str] = json.loads(started)["workers"]
        once = httpx.Limits(max_keepalive_connections=0)  # a server may close an idle connection at the next request
        self.http = httpx.Client(timeout=60, trust_env=False, limits=once)

    def stop(self) -> None:
        """End workerd. It ends when its standard input closes, and is killed after 10 s."""
        self.http.close()
        self._input.close()
        try:
            self._node.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._node.pid, signal.SIGKILL)
            raise

    def reset_peak_memory(self) -> None:
        """Let the peak memory of workerd begin at its present memory."""
        self._find_workerd("clear_refs").write_text("5")

    def read_peak_memory(self) -> int:
        """Return the peak resident memory of workerd, in KiB."""
        lines = self._find_workerd("status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("VmHWM:")))

    def _find_workerd(self, file: str) -> Path:
        node = Path(f"/proc/{self._node.pid}/task/{self._node.pid}/children").read_text().split()
        return next(Path(f"/proc/{pid}/{file}") for pid in node if "workerd" in Path(f"/proc/{pid}/comm").read_text())

    def read_logs(self) -> str:
        """Return the output of the workers since the last call."""
        lines: str = self.http.post(self._control).raise_for_status().json()
        return lines

    def control(self, operation: str, *, worker: str, content: bytes = b"", **given: Any) -> Any:
        """Run an operation of storage.mjs for a worker or its bucket, and return its result. ``body`` of an object is bytes."""
        about = {"op": operation, "worker": worker, "bucket": self._buckets[worker], **given}
        headers = {"X-Operation": quote(json.dumps(about))}
        answer = self.http.post(self._storage, headers=headers, content=content)
        assert answer.status_code == 200, answer.text
        found = json.loads(unquote(answer.headers["X-Found"]))
        return found | {"body": answer.content} if operation == "get" and found else found

    def find_workerd(self) -> int:
        """Return the id of the process that runs the workers, a child of Node (Linux only)."""
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit():
                continue
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self._node.pid and "workerd" in (folder / "cmdline").read_text():
                    return int(folder.name)
            except OSError:
                continue  # it ended meanwhile
        raise LookupError("no workerd runs")
