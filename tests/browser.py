"""Drives Chromium through its DevTools protocol over a pipe, for the tests that look at a page."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe")
SECONDS = 60


def find_browser() -> str | None:
    """Return the path of Chromium, None where it is not installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """A page of the browser. ``events`` are all messages that are not an answer, in their order."""

    def __init__(self, requests: int, answers: int) -> None:
        self._requests, self._answers, self._session, self._buffer = requests, answers, "", b""
        self._numbers, self.events = itertools.count(1), list[dict[str, Any]]()
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Log", "Network", "Runtime"):
            self.send(f"{domain}.enable")

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        os.write(self._requests, json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != number:
            self.events.append(answer)
        assert "error" not in answer, answer
        found: dict[str, Any] = answer["result"]
        return found

    def open(self, file: Path) -> None:
        """Open a file, and wait until it is loaded. The events start anew."""
        self.events.clear()
        self.send("Page.navigate", url=file.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, in the page."""
        result = self.send("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def show(self, *, width: int, theme: str) -> None:
        """Set the width (CSS pixels) and the preferred theme, ``light`` or ``dark``."""
        self.send("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": theme}]
        self.send("Emulation.setEmulatedMedia", features=features)

    def take(self, **clip: float) -> str:
        """Return a rectangle of the page as PNG in base64."""
        data = self.send("Page.captureScreenshot", clip=clip | {"scale": 1}, captureBeyondViewport=True)["data"]
        return str(data)

    def close(self) -> None:
        """Close the browser."""
        self._session = ""
        self.send("Browser.close")

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            assert select.select([self._answers], [], [], SECONDS)[0], "the browser does not answer"
            part = os.read(self._answers, 1 << 20)
            assert part, "the browser has ended"
            self._buffer += part
        text, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(text)
        return found


@contextlib.contextmanager
def open_browser(path: str, folder: Path) -> Iterator[Page]:
    """Start the browser with a profile in the folder, and yield a page. The browser ends with the block."""
    (read, answers), (requests, write) = os.pipe(), os.pipe()
    command = [path, *OPTIONS, f"--user-data-dir={folder}"]
    wrapped = ["bash", "-c", f'exec "$@" 3<&{requests} 4>&{answers}', "bash", *command]
    process = subprocess.Popen(
        wrapped, pass_fds=(requests, answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(requests)
    os.close(answers)
    try:
        page = Page(write, read)
        yield page
        page.close()
        process.wait(SECONDS)
    finally:
        process.kill()
        process.wait()
        os.close(write)
        os.close(read)
