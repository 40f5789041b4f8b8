"""Starts server.mjs: the simulation of the backfill worker, as one Node process for many examples."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from toolchain import node


class Simulator:
    """A running simulation. ``mutation`` changes the worker's code, and ``fits`` says whether its texts were found."""

    def __init__(self, mutation: Mapping[str, Any] | None = None) -> None:
        program = node.find()
        if program is None:
            raise FileNotFoundError("Node is not installed. Run scripts/setup")
        command = [str(program), "--no-warnings", str(Path(__file__).with_name("server.mjs"))]
        self._node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.fits: bool = self._send({"mutation": mutation})["ready"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._node.stdin is not None and self._node.stdout is not None:
            self._node.stdin.close()
            self._node.stdout.close()
        self._node.wait(10)

    def run(self, command: str, **given: Any) -> dict[str, Any]:
        """Run one command of driver.mjs and return the state after it."""
        answer = self._send({"do": command, **given})
        if "error" in answer:
            raise RuntimeError(f"the simulation failed at {command} {given}: {answer['error']}")
        return answer

    def _send(self, message: Mapping[str, Any]) -> dict[str, Any]:
        if self._node.stdin is None or self._node.stdout is None:
            raise RuntimeError("the simulation has no pipes")
        self._node.stdin.write(json.dumps(message) + "\n")
        self._node.stdin.flush()
        line = self._node.stdout.readline()
        if not line:
            raise RuntimeError("the simulation ended")
        answer: dict[str, Any] = json.loads(line)
        return answer
