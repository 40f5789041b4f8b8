"""A webhook receiver on loopback, which keeps the requests that it got."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

SECRET = "T0FAKE0000/B0FAKE0000/fake-webhook-token-0001"


class Receiver:
    """The requests in order, as method, path and body. ``status`` is the answer to a POST."""

    def __init__(self, port: int) -> None:
        self.notify = f"http://127.0.0.1:{port}/services/{SECRET}"
        self.heartbeat = f"http://127.0.0.1:{port}/ping/{SECRET}"
        self.requests: list[tuple[str, str, bytes]] = []
        self.status = 200

    @property
    def messages(self) -> list[bytes]:
        """Return the bodies of the messages that were accepted."""
        return [body for method, _, body in self.requests if method == "POST"]

    @property
    def messages_text(self) -> str:
        """Return all messages as one text."""
        return b"\n".join(self.messages).decode()

    @property
    def beats(self) -> int:
        """Return the number of heartbeats."""
        return sum(method == "GET" for method, _, _ in self.requests)


@contextlib.contextmanager
def open_receiver() -> Iterator[Receiver]:
    """Run a receiver until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.status == 200:
                receiver.requests.append(("POST", self.path, body))
            self._answer(receiver.status)

        def do_GET(self) -> None:
            receiver.requests.append(("GET", self.path, b""))
            self._answer(200)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
