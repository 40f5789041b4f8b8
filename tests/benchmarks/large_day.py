"""A day of 500,000 samples as ACE's pages and as NDJSON, served from memory."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

POINTS, TIMES = 1_000, 500
SAMPLES = POINTS * TIMES
START = datetime(2024, 12, 10, tzinfo=UTC)
STEP = timedelta(seconds=172)
FOLDER = "ses/ses_falls_city/8033-building-automation"


class LargeDay:
    """The rows of the day. ``is_late`` leaves out the last tenth of them, as ACE may do on the day after."""

    def __init__(self) -> None:
        """Make the rows. The same point and time have the same value in each run."""
        names = [f"{FOLDER}/AHU-{n % 17:02}/floor-{n % 5}/VAV-{n:06}.DischargeAirTmp" for n in range(POINTS)]
        self.times = [START + count * STEP for count in range(TIMES)]
        self.rows: list[str] = []
        self.lines: list[str] = []
        self.is_late = False
        for number, time in enumerate(self.times):
            ms, text = int(time.timestamp()) * 1000, f"{time:%Y-%m-%dT%H:%M:%S.%f}"
            for point, name in enumerate(names):
                mixed = (number * POINTS + point) * 0x9E3779B97F4A7C15 % 2**64 >> 40
                value = f"{60 + mixed % 25}.{mixed // 25 % 10}"
                self.rows.append(f'{{"name": "{name}", "value": "{value}", "time": "{text}"}}')
                self.lines.append(f'{{"point_name":"{name}","timestamp":{ms},"value":{value}}}\n')

    def page(self, size: int, cursor: str | None) -> bytes:
        """Return a page of ACE."""
        begin = 0
        if cursor is not None:
            found = json.loads(base64.b64decode(cursor))
            begin = (datetime.fromisoformat(f"{found['timestamp']}+00:00") - START) // STEP * POINTS + found["offset"]
        count = SAMPLES * 9 // 10 if self.is_late else SAMPLES
        end = min(begin + size, count)
        following = None
        if end < count:
            last = (end - 1) // POINTS
            state = {"offset": end - last * POINTS, "timestamp": f"{self.times[last]:%Y-%m-%dT%H:%M:%S.%f}"}
            following = base64.b64encode(json.dumps(state).encode()).decode()
        about = json.dumps({"next_cursor": following, "has_more": following is not None})
        return f'{{"point_samples": [{", ".join(self.rows[begin:end])}], {about[1:]}'.encode()

    def ndjson(self, number: int, size: int) -> bytes:
        """Return the lines of a page as they are stored. Empty after the last one."""
        return "".join(self.lines[number * size : (number + 1) * size]).encode()


@contextmanager
def serve(day: LargeDay, page_size: int) -> Iterator[str]:
    """Serve the day and give its URL: ACE's route, and ``/ndjson/NUMBER``. Each body is made once."""
    kept: dict[tuple[str, bool], bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            key = (self.path, day.is_late)
            if key not in kept:
                kept[key] = self.make()
            self.send_response(200 if kept[key] else 404)
            self.send_header("Content-Length", str(len(kept[key])))
            self.end_headers()
            self.wfile.write(kept[key])

        def make(self) -> bytes:
            url = urlsplit(self.path)
            if url.path.startswith("/ndjson/"):
                return day.ndjson(int(url.path.rpartition("/")[2]), page_size)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            return day.page(int(query["page_size"]), query.get("cursor"))

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
