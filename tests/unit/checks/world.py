"""A whole small system behind httpx.MockTransport: a worker, Cloudflare's API and a bucket, each breakable."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import queue
import re
import threading
from datetime import UTC, date, datetime, timedelta

import httpx

from checks.model.deadline import Deadline
from checks.run.execute import Outside, Request, execute
from checks.run.options import Target
from contract.operator_token import derive_operator_token
from rehearsal.ace.query import InvalidQuery, read
from rehearsal.ace.samples import Sample
from rehearsal.ace.window import page

KEY = "fake-ace-key-for-tests"
ACCOUNT = "0123456789abcdef0123456789abcdef"
API_TOKEN = "fake-cloudflare-token-for-rehearsals-0001"
TAG = "bv:11111111:222222222222:33333333"
NAME = "building-vitals-backfill"
ETL = "etl.rehearsal.workers.dev"
URL = f"https://{NAME}.rehearsal.workers.dev"
NOW = datetime(2024, 12, 20, 12, tzinfo=UTC)
COMMAND = re.compile(  # every hint, in whatever world: a command and nothing else
    r"(?!.*(, then|;))(pulumi|python -m checks|npx wrangler|curl|read|unset|env|sleep|\$\{EDITOR:-vi\}) [^`]+$"
)
ENVIRON = {"CLOUDFLARE_API_TOKEN": API_TOKEN, "ACE_API_KEY": KEY}


def manifest_data(**changes):
    data = {
        "schema": 1,
        "project": "building-vitals",
        "stack": "prod",
        "account_id": ACCOUNT,
        "worker": {"name": NAME, "url": URL, "service": "backfill-worker", "version": "1.0.0", "tag": TAG},
        "bindings": [
            {"name": "ACE_API_KEY", "type": "secret_text"},
            {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "ace-timeseries"},
            {"name": "CF_VERSION_METADATA", "type": "version_metadata"},
            {"name": "ACE_BASE_URL", "type": "plain_text", "text": "https://flightdeck.aceiot.cloud"},
            {"name": "SITE", "type": "plain_text", "text": "ses_falls_city"},
            {"name": "START_DATE", "type": "plain_text", "text": "2024-12-10"},
            {"name": "END_DATE", "type": "plain_text", "text": "2024-12-14"},
            {"name": "PAGE_SIZE", "type": "plain_text", "text": "10000"},
            {"name": "KEY_TEMPLATE", "type": "plain_text", "text": "timeseries/{site}/{date}/data.ndjson.gz"},
        ],
        "schedules": ["*/5 * * * *"],
        "storage": {
            "bucket": "ace-timeseries",
            "jurisdiction": "default",
            "key_template": "timeseries/{site}/{date}/data.ndjson.gz",
            "prefix": "timeseries/ses_falls_city/",
        },
        "ace": {
            "base_url": "https://flightdeck.aceiot.cloud",
            "site": "ses_falls_city",
            "start_date": "2024-12-10",
            "end_date": "2024-12-14",
            "page_size": 10000,
        },
        "siblings": {"query_url": None, "etl_worker": None},
    }
    for path, value in changes.items():
        *rooms, name = path.split("__")
        place = data
        for room in rooms:
            place = place[room]
        place[name] = value
    return data


def lines(day, count=3):
    start = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1000
    return [{"point_name": f"ses/p{n % 2}", "timestamp": start + 1000 * n, "value": 20.5 + n} for n in range(count)]


def window(day):
    following = date.fromisoformat(day) + timedelta(days=1)
    return f"{day}T00:00:00Z/{following}T00:00:00Z"


def stored(day, rows=None, *, raw=None, content=None, **metadata):
    """One object: (bytes, custom metadata), true unless told otherwise; None removes an entry."""
    samples = lines(day) if rows is None else rows
    content = "".join(json.dumps(sample) + "\n" for sample in samples).encode() if content is None else content
    times = [sample["timestamp"] for sample in samples]
    true = {"samples": str(len(samples)), "points": str(len({sample["point_name"] for sample in samples}))}
    true |= {"first": str(min(times)), "last": str(max(times))} if times else {}
    true |= {"sha256": hashlib.sha256(content).hexdigest(), "source": window(day), "worker_version": "v1"} | metadata
    return (gzip.compress(content) if raw is None else raw), {k: v for k, v in true.items() if v is not None}


def sample(row):
    """A stored line as ACE tells it: the value's text, at a naive time."""
    text = row["value"] if isinstance(row["value"], str) else json.dumps(row["value"])
    return Sample(row["point_name"], text, datetime.fromtimestamp(row["timestamp"] / 1000, UTC).replace(tzinfo=None))


def answer(status, body=None, **headers):
    return httpx.Response(status, json=body, headers=headers)


def envelope(result, **info):
    return answer(200, {"success": True, "errors": [], "messages": [], "result": result, "result_info": info})


def refusal(status, code, message="refused"):
    return answer(status, {"success": False, "errors": [{"code": code, "message": message}], "result": None})


class Clock:
    """Time that only passes when somebody sleeps."""

    def __init__(self):
        self.time = 1000.0
        self.slept = []
        self.lock = threading.Lock()

    def __call__(self):
        return self.time

    def sleep(self, seconds):
        with self.lock:
            self.slept.append(seconds)
            self.time += seconds


def trace(method, url, lines=(), **changes):
    """A TraceItem, as the tail sends it."""
    logs = [{"message": [json.dumps(line)], "level": "log", "timestamp": 0} for line in lines]
    event = {"request": {"method": method, "url": url, "headers": {}}, "response": {"status": 200}}
    return {"event": event, "outcome": "ok", "exceptions": [], "logs": logs, "scriptName": NAME} | changes


class Tail:
    """A tail's websocket without a network: what is fed arrives, and an exception that is fed is raised."""

    def __init__(self):
        self.url = "wss://tail.example/t1"
        self.items = queue.SimpleQueue()
        self.refused = []
        self.sent = []
        self.connected = []
        self.open = False
        self.change = lambda item: item

    def feed(self, item):
        if self.open:  # what ends before anybody listens is lost
            self.items.put(self.change(item))

    @contextlib.contextmanager
    def connect(self, url):
        self.connected.append(url)
        if self.refused:
            raise self.refused.pop()
        self.open = True
        try:
            yield self
        finally:
            self.open = False

    def send(self, message):
        self.sent.append(message)

    def recv(self, timeout=None):
        try:
            item = self.items.get(timeout=timeout and min(timeout, 0.05))
        except queue.Empty:
            raise TimeoutError from None
        if isinstance(item, Exception):
            raise item
        return item if isinstance(item, str | bytes) else json.dumps(item)


class World:
    """The healthy system; tests replace ``routes`` entries or attributes to break it."""

    def __init__(self, *, days=2, total=5, manifest=None):
        self.clock = Clock()
        self.manifest = manifest or manifest_data()
        self.total = total
        self.key = KEY
        self.healthy = True
        self.tag = TAG
        self.secrets = ["ACE_API_KEY"]
        self.schedules = list(self.manifest["schedules"])
        self.subdomain = "rehearsal"
        self.deployed = {"author_email": "dan@example.org", "created_on": "2024-12-19T11:00:00Z"}
        self.versions = [self.version(1, TAG, "upload")]
        self.live = ["v1"]
        self.objects = {}
        self.measured = {}
        self.expired = False
        self.now = NOW
        self.http_metadata = {"contentType": "application/x-ndjson"}
        self.page = 1000
        self.routes = {}
        self.asked = []
        self.tail = Tail()
        self.etl_key = KEY
        for n in range(days):
            self.write(self.day(n))

    def version(self, number, tag, triggered_by, **metadata):
        marks = {"workers/triggered_by": triggered_by} | ({"workers/tag": tag} if tag else {})
        made = {"author_email": "ann@example.org", "created_on": "2024-12-19T10:00:00Z"} | metadata
        bound = [item for item in self.manifest["bindings"] if item["type"] != "secret_text"]
        bound += [{"name": name, "type": "secret_text"} for name in self.secrets]
        resources = {"bindings": [dict(item) for item in bound]}
        return {"id": f"v{number}", "number": number, "metadata": made, "annotations": marks, "resources": resources}

    @property
    def bound(self):
        """The bindings of the newest version by name, to be changed in place."""
        return {item["name"]: item for item in self.versions[0]["resources"]["bindings"]}

    def unbind(self, *names):
        resources = self.versions[0]["resources"]
        resources["bindings"] = [item for item in resources["bindings"] if item["name"] not in names]

    def upload(self, tag=TAG, triggered_by="upload", **metadata):
        """What an upload does: a version, and the deployment that serves it."""
        self.versions.insert(0, self.version(len(self.versions) + 1, tag, triggered_by, **metadata))
        self.live, self.tag = [self.versions[0]["id"]], tag

    def change_secret(self, *secrets):
        """What `wrangler secret put|delete` does: other secrets, and a version and deployment without a mark."""
        self.secrets = list(secrets)
        self.versions.insert(0, self.version(len(self.versions) + 1, "", "secret"))
        self.live = [self.versions[0]["id"]]
        self.tag = ""

    @staticmethod
    def day(n):
        return (date(2024, 12, 10) + timedelta(days=n)).isoformat()

    @staticmethod
    def place(day):
        return f"timeseries/ses_falls_city/{day}/data.ndjson.gz"

    def write(self, day, *args, **kwargs):
        """Store a day; ACE has measured what it should hold, to be changed in `measured`."""
        self.objects[self.place(day)] = stored(day, *args, **kwargs)
        self.measured[day] = lines(day) if not args or args[0] is None else args[0]

    def handle(self, request):
        before = len(self.objects)
        reply = self.reply(request)
        if request.url.host == httpx.URL(self.manifest["worker"]["url"]).host:
            lines = self.logged(request.url.path, len(self.objects) - before, reply)
            self.tail.feed(trace(request.method, str(request.url), lines))
        if not reply.is_stream_consumed:
            return reply
        return httpx.Response(reply.status_code, headers=reply.headers, stream=httpx.ByteStream(reply.content))

    def reply(self, request):
        path = request.url.path
        self.asked.append(f"{request.method} {path}")
        for (method, part), reply in self.routes.items():
            if method == request.method and part in path:
                return reply(request) if callable(reply) else reply
        if request.url.host == "api.cloudflare.com":
            return self.api(request, path)
        if request.url.host == "flightdeck.aceiot.cloud":
            return self.ace(request, path)
        if request.url.host == ETL:
            return self.etl(request)
        return self.worker(request, path)

    # ---- what the tail shows, and the sibling

    def logged(self, path, written, reply):
        """The lines that the worker logs of a request."""
        if path != "/trigger":
            return []
        if reply.status_code == 502:
            error = json.loads(reply.content)["error"]
            failed = {"code": error["code"], "reason": error["message"]}
            return [{"message": "[ACE API] Failed", **failed}, {"message": "[Backfill] Batch failed", **failed}]
        said = {"message": "[Backfill] Batch ended", "continuation": True}
        lines = [{"message": "[ACE API] Success", "rows": 3}, {"message": "[Backfill] Data written to R2"}] * written
        return [*lines, said] if reply.status_code == 200 else []

    def etl(self, request):
        """The sibling: it knows who holds its key."""
        if request.headers.get("Authorization") != f"Bearer {derive_operator_token(self.etl_key)}":
            return answer(401, {"status": "error", "error": {"code": "unauthorized", "message": "needs the token"}})
        return answer(200, {"status": "idle"})

    # ---- ACE, with the real one's refusals and its cursor's defect

    def ace(self, request, path):
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return answer(401, {"message": "Missing Authorization Header"})
        if self.expired:
            return answer(401, {"message": "Token has expired"})
        if request.headers["Authorization"] != f"Bearer {KEY}":
            return answer(500, {"message": "An unhandled exception occurred."})
        if path != "/api/sites/ses_falls_city/timeseries/paginated":
            return answer(403, {"id": None, "name": None, "client": None})
        try:
            query = read(request.url.params)
        except InvalidQuery as error:
            return answer(400, {"message": str(error), "errors": error.errors})
        rows = [sample(row) for day in sorted(self.measured) for row in self.measured[day]]
        wanted = [row for row in rows if query.start <= row.time < query.end]
        return httpx.Response(200, content=page(wanted, query, quirks=True).encode())

    # ---- the worker

    def progress(self, **changes):
        done = sum(self.place(self.day(n)) in self.objects for n in range(self.total))
        current = next((self.day(n) for n in range(self.total) if self.place(self.day(n)) not in self.objects), None)
        return {
            "current_date": current or self.day(self.total - 1),
            "days_complete": done,
            "days_total": self.total,
            "samples_fetched": 0,
            "samples_written": 0,
        } | changes

    def worker(self, request, path):
        if path == "/health":
            body = {"service": "backfill-worker", "version": "1.0.0"}
            body |= {"worker_version": {"id": self.live[0], "tag": self.tag}}
            ok = self.healthy and self.key
            return answer(200 if ok else 503, {"status": "healthy" if ok else "unhealthy", **body})
        if path not in ("/status", "/trigger"):
            return answer(404, {"status": "error", "error": {"code": "not_found", "message": "no such route"}})
        if not self.key:
            return answer(503, {"status": "error", "error": {"code": "not_configured", "message": "lacks a binding"}})
        if request.headers.get("Authorization") != f"Bearer {derive_operator_token(self.key)}":
            return answer(401, {"status": "error", "error": {"code": "unauthorized", "message": "needs the token"}})
        return self.status() if path == "/status" else self.trigger()

    def status(self):
        return answer(200, {"status": "in_progress", "progress": self.progress(), "continuation": True})

    def trigger(self):
        day = self.progress()["current_date"]
        self.write(day)
        progress = self.progress(samples_fetched=3, samples_written=3)
        done = progress["days_complete"] == self.total
        state = "complete" if done else "in_progress"
        return answer(200, {"status": state, "progress": progress, "continuation": not done})

    # ---- Cloudflare

    def api(self, request, path):
        if request.headers.get("Authorization") != f"Bearer {API_TOKEN}":
            return refusal(403, 10000, "Authentication error")
        path = path.removeprefix(f"/client/v4/accounts/{ACCOUNT}/")
        if path == f"workers/scripts/{NAME}/secrets":
            return envelope([{"name": name, "type": "secret_text"} for name in self.secrets])
        if path == f"workers/scripts/{NAME}/deployments":
            shares = [{"version_id": item, "percentage": 100 / len(self.live)} for item in self.live]
            return envelope(
                {"deployments": [{"id": "d1", "strategy": "percentage", **self.deployed, "versions": shares}]}
            )
        if path == f"workers/scripts/{NAME}/versions":
            page = int(request.url.params["page"])
            shown = self.versions[(page - 1) * 10 : page * 10]
            return envelope({"items": [{k: v for k, v in item.items() if k != "resources"} for item in shown]})
        if path.startswith(f"workers/scripts/{NAME}/versions/"):
            found = [item for item in self.versions if item["id"] == path.rpartition("/")[2]]
            return envelope(found[0]) if found else refusal(404, 10007, "no such version")
        if path == f"workers/scripts/{NAME}/schedules":
            return envelope({"schedules": [{"cron": cron, "created_on": "x"} for cron in self.schedules]})
        if path == f"workers/scripts/{NAME}/tails":
            return envelope({"id": "t1", "url": self.tail.url, "expires_at": "2024-12-20T18:00:00Z"})
        if path == f"workers/scripts/{NAME}/tails/t1":
            return envelope(None)
        if path == "workers/subdomain":
            return envelope({"subdomain": self.subdomain})
        if path == "r2/buckets/ace-timeseries/objects":
            return self.listing(request.url.params)
        if path.startswith("r2/buckets/ace-timeseries/objects/"):
            return self.read(path.removeprefix("r2/buckets/ace-timeseries/objects/"))
        return refusal(404, 7003, "no route")

    def listing(self, params):
        keys = sorted(key for key in self.objects if key.startswith(params["prefix"]))
        start = int(params.get("cursor", "0"))
        size = min(self.page, int(params.get("per_page", "20")))
        items = [
            {
                "key": key,
                "size": len(self.objects[key][0]),
                "custom_metadata": self.objects[key][1],
                "http_metadata": self.http_metadata,
            }
            for key in keys[start : start + size]
        ]
        more = start + size < len(keys)
        return envelope(items, is_truncated=more, **({"cursor": str(start + size)} if more else {}))

    def read(self, key):
        if key not in self.objects:
            return refusal(404, 10007, "no such key")
        return httpx.Response(200, content=self.objects[key][0], headers={"Content-Type": "application/x-ndjson"})

    # ---- a run

    def run(self, tmp_path, *names, environ=None, formats=("text",), seconds=60.0, **options):
        """Run the command below click; returns exit code and standard output."""
        file = tmp_path / "manifest.json"
        file.write_text(json.dumps(self.manifest))
        written = []
        request = Request(
            stack=None,
            manifest=str(file),
            names=names,
            seconds=seconds,
            targets=tuple(Target(format=name) for name in formats),
            **options,
        )
        outside = Outside(
            environ=ENVIRON if environ is None else environ,
            write=written.append,
            transport=httpx.MockTransport(self.handle),
            connect=self.tail.connect,
            deadline=lambda given: Deadline.starting_now(given, clock=self.clock, sleep=self.clock.sleep),
            now=lambda: self.now,
        )
        return execute(request, outside), "".join(written)

    def report(self, tmp_path, *names, **options):
        """Run and return (exit code, {id: check of the JSON report})."""
        code, text = self.run(tmp_path, *names, formats=("json",), **options)
        checks = {check["id"]: check for check in json.loads(text)["checks"]}
        for check in checks.values():
            for item in check["findings"]:
                assert COMMAND.match(item["hint"]), f"not to be pasted: {item['hint']}"
        return code, checks


def finding(check):
    """The first finding of a check in the JSON report."""
    return check["findings"][0]
