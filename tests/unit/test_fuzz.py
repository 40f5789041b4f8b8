"""Any input from outside leads to the right outcome in time: never to another exception, and never to a false green."""

import copy
import gzip
import json
import re
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosedError

from checks.clients.ace.client import Ace
from checks.clients.cloudflare.transport import ApiTransport
from checks.clients.http.client import Http
from checks.clients.query.client import QueryWorker, Question
from checks.clients.tail.trace import Invocation, is_overload
from checks.clients.worker.client import BackfillWorker
from checks.clients.worker.progress import Progress
from checks.model.credentials import Secret
from checks.model.deadline import Deadline
from checks.model.finding import Cause, Inconclusive, ShapeError
from checks.run import deployed_manifest
from checks.run.request import RunRefused
from checks.stored_days.gzip_reader import BrokenDayError, DayTooLargeError
from checks.stored_days.stored_day import compare_with_metadata, decode_day
from contract import drift
from contract.manifest import Manifest, ManifestError
from infra import settings as infra_settings
from review import comment, preview
from tests.fakes.clock import Clock
from tests.fakes.days import lines, stored
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ACCOUNT, ETL, NAME, QUERY, URL, manifest_data
from tests.fakes.tail import trace

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested

QUICK = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def some(examples):
    """Few examples, none of which hangs. On a busy machine each may be slow."""
    return settings(max_examples=examples, deadline=5000, suppress_health_check=QUICK)


TEXT = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["", " ", "\x00", "\ud800", "-1", "1e999", "9" * 5000, "0001-01-01T00:00:00+23:59", "2024-12-10"]),
    st.sampled_from(["9999-12-31T23:59:59-23:59", "NaN", "{site}", "../..", "https://[", "null", "::error::x"]),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.just(10**400), st.floats(), TEXT, st.sampled_from([0, 1, -1, 1e308])
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8
)
NESTED = b"[" * 100_000
BYTES = st.one_of(st.binary(max_size=200), st.sampled_from([b"", b"null", b"[]", b"{}", b"\xff\xfe", NESTED]))


def places(data, path=()):
    """Every place in some JSON, as paths."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(place for key, item in items for place in places(item, (*path, key)))]


def changed(data, path, value):
    if not path:
        return value
    data = copy.deepcopy(data)
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


@st.composite
def mutants(draw, data):
    """Some true JSON with up to two places in it replaced by anything."""
    for _ in range(draw(st.integers(1, 2))):
        data = changed(data, draw(st.sampled_from(places(data))), draw(JSON))
    return data


# ---- manifest and configuration


@some(100)
@given(mutants(manifest_data()) | JSON)
def test_a_manifest_is_read_whole_or_refused(data):
    try:
        read_ = Manifest.from_dict(data)
    except ManifestError as error:
        assert str(error)
    else:
        assert read_.to_dict() == data


@some(60)
@given(BYTES | mutants(manifest_data()).map(lambda data: json.dumps(data).encode()))
def test_a_manifest_s_file_is_read_or_refused_in_one_line(tmp_path, raw):
    file = tmp_path / "manifest.json"
    file.write_bytes(raw)
    try:
        deployed_manifest.read_from_file(str(file))
    except deployed_manifest.UnusableError as error:
        assert str(error)


KEYS = sorted(infra_settings._KNOWN)
DECLARED = {
    "accountId": "0" * 32, "aceApiKey": "fake-key-for-fuzzing-0001", "bucket": "ace-timeseries", "workerName": "w",
    "workersSubdomain": "s", "site": "ses_falls_city", "startDate": "2024-12-10", "adopt": "false", "pageSize": "10000",
    "aceBaseUrl": "https://flightdeck.aceiot.cloud", "keyTemplate": "timeseries/{site}/{date}/data.ndjson.gz",
    "schedule": "*/5 * * * *", "extraBindings": "[]",
}  # fmt: skip


@some(100)
@given(st.dictionaries(st.sampled_from(KEYS), TEXT | JSON.map(json.dumps) | st.none(), max_size=3), st.booleans())
def test_a_configuration_is_used_or_refused_by_one_line_a_problem(values, secret):
    source = infra_settings.Source(
        names=(DECLARED | values).keys(),
        get=(DECLARED | values).get,
        provider=lambda key: "fake-token-0001" if key == "apiToken" else None,
        is_secret=lambda key: secret,
        environment={},
        now=datetime(2024, 12, 20, tzinfo=UTC),
    )
    try:
        used = infra_settings.read(source)
    except infra_settings.SettingsError as error:
        assert all(line.strip() for line in str(error).split("\n"))
    else:
        assert secret
        assert used.start_date <= (used.end_date or used.start_date)


# ---- stored days


@some(80)
@given(st.one_of(BYTES, BYTES.map(gzip.compress), mutants(lines("2024-12-10")).map(json.dumps).map(str.encode)))
def test_a_stored_day_of_any_bytes_is_not_a_day(raw):
    for content in (raw, gzip.compress(raw, mtime=0), gzip.compress(raw)[:-5]):
        try:
            found = decode_day(content, day=date(2024, 12, 10))
        except (BrokenDayError, DayTooLargeError) as error:
            assert str(error)
        else:
            assert found.samples == 0


@some(120)
@given(
    mutants(lines("2024-12-10", 1)[0]), st.dictionaries(st.sampled_from(["samples", "first", "last", "sha256"]), TEXT)
)
def test_a_line_is_a_sample_or_the_day_is_broken(sample, metadata):
    try:
        day = stored("2024-12-10", content=(json.dumps(sample) + "\n").encode())
        found = decode_day(day.body, day=date(2024, 12, 10))
        compare_with_metadata(found, day.custom | metadata)
    except (BrokenDayError, DayTooLargeError):
        return
    assert isinstance(sample["point_name"], str)
    assert type(sample["timestamp"]) is int


# ---- answers of systems


def http(handle, clock):
    deadline = Deadline.starting_now(20.0, clock=clock, sleep=clock.sleep)
    return Http.open(
        "https://x.example", cause=Cause.CLOUDFLARE, deadline=deadline, transport=httpx.MockTransport(handle)
    )


def reply(draw, truth):
    """An answer that is anything: any status, any headers that matter, a body of bytes, JSON or a damaged truth."""
    status = draw(st.sampled_from([200, 200, 200, 200, 204, 302, 400, 401, 403, 404, 429, 500, 503, 599]))
    headers = draw(st.sampled_from([{}, {"Retry-After": "1"}, {"Retry-After": "9" * 9}, {"Location": "https://["}]))
    body = draw(st.one_of(BYTES, JSON.map(encoded), mutants(truth).map(encoded), mutants(truth).map(encoded)))
    return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))


def encoded(data):
    return json.dumps(data).encode()


def json_answer(status, data):
    return httpx.Response(status, stream=httpx.ByteStream(encoded(data)))


PAGE = {
    "point_samples": [{"name": "a", "value": "1", "time": "2024-12-10T00:00:01"}],
    "has_more": True,
    "next_cursor": "eyJ0aW1lc3RhbXAiOiAiMjAyNC0xMi0xMFQwMDowMDowMSIsICJvZmZzZXQiOiAxfQ==",
}


@some(80)
@given(st.data())
def test_ace_answers_rows_or_is_inconclusive(data):
    asked = []

    def handle(request):
        asked.append(request)
        return reply(data.draw, PAGE) if len(asked) < 5 else json_answer(401, {})

    with http(handle, Clock()) as client:
        ace = Ace(http=client, site="s", key=Secret("fake-key-0001"))
        start, end = datetime(2024, 12, 10, tzinfo=UTC), datetime(2024, 12, 11, tzinfo=UTC)
        try:
            rows = list(ace.rows(start, end, size=1000))
        except Inconclusive as error:
            assert error.finding.found
        else:
            assert all(row.name for row in rows)


MADE = {"author_email": "a@example.org", "created_on": "2024-12-19T10:00:00Z"}
VERSION = {
    "id": "v1",
    "number": 1,
    "metadata": MADE,
    "annotations": {"workers/tag": "t", "workers/triggered_by": "upload"},
}
API = {
    "secrets": (lambda api: api.list_secrets(NAME), [{"name": "A", "type": "secret_text"}]),
    "deployment": (
        lambda api: api.read_deployment(NAME),
        {"deployments": [{"strategy": "percentage", **MADE, "versions": [{"version_id": "v1", "percentage": 100}]}]},
    ),
    "versions": (lambda api: api.list_versions(NAME, lambda found: len(found) > 1), {"items": [VERSION]}),
    "version": (
        lambda api: api.read_version(NAME, "v1"),
        {**VERSION, "resources": {"bindings": [{"name": "A", "type": "b"}]}},
    ),
    "schedules": (lambda api: api.list_schedules(NAME), {"schedules": [{"cron": "* * * * *"}]}),
    "subdomain": (lambda api: api.read_subdomain(), {"subdomain": "s"}),
    "objects": (
        lambda api: list(api.list_objects("b", prefix="p", jurisdiction="default")),
        [{"key": "k", "size": 1, "custom_metadata": {"a": "b"}, "http_metadata": {"contentEncoding": "gzip"}}],
    ),
    "read": (lambda api: api.read_object("b", "k", jurisdiction="eu"), {}),
}


@pytest.mark.parametrize("call", API)
@some(40)
@given(st.data())
def test_cloudflare_answers_the_documented_form_or_is_inconclusive(call, data):
    asked, (ask, result) = [], API[call]
    truth = {"success": True, "errors": [], "messages": [], "result": result, "result_info": {"cursor": "c"}}

    def handle(request):
        asked.append(request)
        return reply(data.draw, truth) if len(asked) < 4 else json_answer(200, truth | {"result_info": {}})

    with http(handle, Clock()) as client:
        api = ApiTransport(http=client, account_id=ACCOUNT, token=Secret("fake-token-0001")).client()
        try:
            hash(repr(ask(api)))
        except Inconclusive as error:
            assert error.finding.found


@some(60)
@given(st.data())
def test_any_answer_of_the_worker_is_read_or_inconclusive(data):
    truth = {
        "status": "error",
        "error": {"code": "storage", "message": "m"},
        "last_error": {"code": "storage", "message": "m"},
        "progress": healthy_system().worker.progress(),
    }
    with http(lambda request: reply(data.draw, truth), Clock()) as client:
        worker = BackfillWorker(http=client)
        for ask in (worker.health, lambda: worker.status(Secret("fake-0001")), lambda: worker.trigger(None)):
            try:
                found = ask()
                hash((found.status, found.code, repr(found.error), repr(found.last_error), found.own, found.shown))
                Progress.read(found.body)
            except Inconclusive as error:
                assert error.finding.found
            except ShapeError as error:
                assert str(error)


# ---- drift and previews


@some(100)
@given(st.text(max_size=80) | TEXT)
def test_a_line_on_drift_is_read_or_none(text):
    found = drift.parse(text)
    assert found is None or drift.parse(str(found)) == found


STEP = {
    "op": "update",
    "urn": "urn:pulumi:prod::building-vitals::building-vitals:edge:Worker::w",
    "oldState": {"inputs": {"promise": manifest_data()}, "outputs": {"contentSha256": "a"}},
    "newState": {"inputs": {"promise": manifest_data(ace__site="other")}},
}
STEPS = {
    "config": {"building-vitals:site": "x"},
    "steps": [STEP, {**STEP, "urn": STEP["urn"].replace("building-vitals:edge:Worker", preview.SCRIPT)}],
    "diagnostics": [{"message": "site must be", "severity": "error", "urn": STEP["urn"]}],
}


@some(40)
@given(BYTES | mutants(STEPS).map(encoded))
def test_a_review_is_a_comment_for_any_output_of_the_engine(raw):
    seen = preview.read(raw, stack="prod")
    text = comment.render(seen)
    assert 0 < len(text) <= 65_536
    assert seen.failed or seen.changes or "urn" in raw.decode("utf-8", "replace")


# ---- the whole command


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The requests of a healthy run, and the longest answer to each. The end of a tail changes no outcome."""
    system, answers = healthy_system(), {}
    true = system.reply

    def reply(request):
        real = true(request)
        if request.method != "DELETE":
            name = f"{request.method} {request.url.path}"
            answers[name] = max(answers.get(name, b""), real.read(), key=len)
        return real

    system.reply = reply
    assert system.run(tmp_path_factory.mktemp("healthy"))[0] == 0
    return dict(sorted(answers.items()))


def lied_to(tmp_path, target, status, body):
    """Run the command on a system in which one answer is always another one. Returns exit code and output."""
    system = healthy_system()
    true = system.reply

    def reply(request):
        real = true(request)
        wrong = f"{request.method} {request.url.path}" == target
        return httpx.Response(status, stream=httpx.ByteStream(body)) if wrong else real

    system.reply = reply
    try:
        return system.run(tmp_path)
    except RunRefused as error:
        return error.code, str(error)


@some(40)
@given(st.data())
def test_the_command_is_never_green_on_any_other_answer(tmp_path, answered, data):
    target = data.draw(st.sampled_from(list(answered)))
    status = data.draw(st.sampled_from([200, 200, 200, 404, 403, 500]))
    code, text = lied_to(tmp_path, target, status, data.draw(BYTES | JSON.map(encoded)))
    assert code in (1, 3), text
    assert "a defect of the check" not in text, text


@some(40)
@given(st.data())
def test_the_command_has_no_defect_on_an_answer_that_is_nearly_true(tmp_path, answered, data):
    target = data.draw(st.sampled_from([name for name, body in answered.items() if body.startswith(b"{")]))
    body = data.draw(mutants(json.loads(answered[target])).map(encoded))
    code, text = lied_to(tmp_path, target, 200, body)
    assert code in (0, 1, 3), text
    assert "a defect of the check" not in text, text


@pytest.mark.parametrize("version", [[], {"id": [], "tag": "t"}, {"id": "v1", "tag": {}}, "v1"])
def test_a_version_of_another_form_is_a_finding(tmp_path, version):
    body = {"status": "healthy", "service": "backfill-worker", "version": "1.0.0", "worker_version": version}
    code, text = lied_to(tmp_path, "GET /health", 200, encoded(body))
    assert code == 1
    assert "worker_version.tag: expected bv:" in text


# ---- related workers and the tail

R2 = {"X-Data-Source": "R2", "X-Query-Strategy": "R2_ONLY"}


@some(60)
@given(st.data())
def test_any_answer_of_the_query_worker_is_read_or_inconclusive(data):
    truth = {"samples": lines("2024-12-10"), "count": 3, "error": {"code": "storage", "message": "m"}}

    def handle(request):
        tail = data.draw(
            st.sampled_from([b"", b'],"error":{"code":"storage"}', b'],"error":{"code":[]}', b'],"error":{}'])
        )
        real = reply(data.draw, truth)
        return httpx.Response(
            real.status_code, headers=real.headers, stream=httpx.ByteStream(b"".join(real.stream) + tail)
        )

    with http(handle, Clock()) as client:
        worker = QueryWorker(http=client)
        try:
            told = worker.query(Question(site="s", points=("a",), start=0, end=1))
            hash((told.error.code, told.error.shown, told.samples))
        except Inconclusive as error:
            assert error.finding.found
        except ShapeError as error:
            assert str(error)


@some(150)
@given(JSON | mutants(trace("POST", "https://x.example/trigger", [{"message": "[ACE API] Failed", "code": "storage"}])))
def test_any_item_of_a_tail_is_read_as_short_text(item):
    if not isinstance(item, dict):
        return
    seen = Invocation.read(item)
    is_overload(item)
    assert len(seen.what) < 100
    assert re.fullmatch("[A-Za-z]{1,40}", seen.outcome)
    assert all(len(text) <= 210 for text in (*seen.exceptions, *(line.text for line in seen.lines)))
    assert all(line.text.startswith(("[ACE API]", "[Backfill]")) for line in seen.lines)


def paired_system():
    """Return a system with both related workers."""
    return healthy_system(manifest=manifest_data(siblings__query_url=QUERY, siblings__etl_worker=ETL))


def verdict(system, tmp_path, *names):
    """The exit code and the checks of a run, none of which is at fault itself."""
    code, text = system.run(tmp_path, *names, formats=("json",))
    assert code in (0, 1, 3), text
    assert "a defect of the check" not in text, text
    return code, {check["id"]: check["outcome"] for check in json.loads(text)["checks"]}


def rows(body):
    """The samples of a query worker's answer, None if it is not whole: by other means than the check's."""
    found = body.get("samples") if isinstance(body, dict) else None
    if not isinstance(found, list) or body.get("count", len(found)) != len(found):
        return None
    fields = [
        tuple(row.get(name) for name in ("point_name", "timestamp", "value")) for row in found if isinstance(row, dict)
    ]
    return sorted((repr(name), repr(at), is_text, repr(value if is_text else float(value)))
                  for name, at, value in fields if (is_text := isinstance(value, str)) or type(value) in (int, float)) \
        if len(fields) == len(found) else None  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The query worker's true answer to the check, which asks the same each time."""
    system, bodies = paired_system(), []
    system.query.change = lambda body: bodies.append(body) or body
    assert verdict(system, tmp_path_factory.mktemp("served"), "query")[0] == 0
    return bodies[0]


@st.composite
def misserved(draw, body):
    """A well-formed answer that is not the stored one."""
    found = copy.deepcopy(body["samples"])
    place = draw(st.integers(0, len(found) - 1))
    how = draw(st.sampled_from(["left out", "twice", "value", "timestamp", "point_name"]))
    if how == "left out":
        del found[place]
    elif how == "twice":
        found.append(found[place])
    else:
        wrong = {"value": ["20.5", 1e-9, True, 0], "timestamp": [0, 1.5, "1"], "point_name": ["p0", "", "ses/p9"]}
        found[place][how] = draw(st.sampled_from(wrong[how]))
    return {"samples": found, "count": len(found)}


@some(60)
@given(st.data())
def test_the_command_is_green_on_an_answer_of_the_query_worker_only_if_it_is_the_stored_one(tmp_path, served, data):
    body = data.draw(st.one_of(st.just(served), JSON, mutants(served), misserved(served), misserved(served)))
    names = st.sampled_from(["R2", "SPLIT", "R2_ONLY", "D1", "", "r2"])
    source, strategy = data.draw(st.just(tuple(R2.values())) | st.tuples(names, names))
    headers = {"X-Data-Source": source, "X-Query-Strategy": strategy}
    system = paired_system()
    system.query.answer = lambda request: httpx.Response(200, headers=headers, stream=httpx.ByteStream(encoded(body)))
    code, _ = verdict(system, tmp_path, "query")
    labelled = source in ("R2", "SPLIT") and strategy in ("R2_ONLY", "SPLIT")
    assert code == (0 if labelled and rows(body) == rows(served) else 1)


def shows_a_good_batch(item):
    """Whether a message is a batch that ended well and logged both successes: by other means than the check's."""
    try:
        asked, logs = item["event"]["request"], item["logs"]
        lines_ = [json.loads(log["message"][0]) for log in logs if isinstance(log, dict)]
        messages = [line["message"] for line in lines_ if "code" not in line]
        errors = item["exceptions"] if isinstance(item["exceptions"], list) else []
        good = item["outcome"] == "ok" and not [error for error in errors if isinstance(error, dict)]
        starts = all(any(said.startswith(line["message"]) for said in messages) for line in RESULTS)
        return (
            good
            and starts
            and len(messages) == len(lines_)
            and asked["method"] == "POST"
            and urlsplit(asked["url"]).path == "/trigger"
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        return False


RESULTS = [{"message": "[ACE API] Success", "rows": 3}, {"message": "[Backfill] Data written to R2"}]
ITEM = trace("POST", f"{URL}/trigger", RESULTS)
RAW = st.sampled_from([b"", b"null", b"[]", b"\xff\xfe", NESTED, "\ud800"])


FAILED = {"message": ['{"message":"[Backfill] Batch failed","code":"storage","reason":"r"}']}
WORSE = st.sampled_from(
    [
        {"outcome": "exception"},
        {"outcome": "canceled"},
        {"exceptions": [{"name": "TypeError"}]},
        {"exceptions": [{}]},
        {"logs": ITEM["logs"][1:]},
        {"logs": ITEM["logs"][:1]},
        {"logs": [*ITEM["logs"], FAILED]},
        {"event": {"request": {"method": "GET", "url": f"{URL}/trigger"}}},
    ]
).map(lambda changes: ITEM | changes)


@some(50)
@given(st.one_of(st.just(ITEM), RAW, JSON, mutants(ITEM), mutants(ITEM), WORSE, WORSE))
def test_the_command_is_green_on_messages_of_a_tail_only_if_they_show_a_good_batch(tmp_path, monkeypatch, message):
    monkeypatch.setattr(
        "checks.diagnosis.batch_recording.SETTLE_SECONDS", 0.5
    )  # of which the system's tail takes a tenth
    system = healthy_system()
    system.script.tail.change = lambda item: message if item["event"]["request"]["url"].endswith("/trigger") else item
    code, _ = verdict(system, tmp_path, "logs")
    assert code != 0 or shows_a_good_batch(message)
    assert code == 0 or message != ITEM


@some(20)
@given(
    st.lists(
        st.one_of(BYTES, TEXT, JSON, st.sampled_from([ConnectionClosedError(None, None), OSError("x"), EOFError()])),
        max_size=5,
    )
)
def test_the_command_survives_any_message_of_a_tail(tmp_path, monkeypatch, messages):
    monkeypatch.setattr("checks.diagnosis.batch_recording.SETTLE_SECONDS", 0.5)
    system = healthy_system()
    for message in messages:
        system.script.tail.items.put(message)
    verdict(system, tmp_path, "logs")


@some(30)
@given(st.data())
def test_the_command_is_never_green_on_a_related_worker_with_any_answer(tmp_path, data):
    system = paired_system()
    status = data.draw(st.sampled_from([200, 204, 302, 404, 429, 500, 503]))
    body = data.draw(BYTES | JSON.map(encoded))
    name = data.draw(st.sampled_from(["query", "parity"]))
    anything = lambda *_: httpx.Response(status, stream=httpx.ByteStream(body))  # noqa: E731
    getattr(system, {"query": "query", "parity": "etl"}[name]).answer = anything
    code, checks = verdict(system, tmp_path, name)
    assert (code, checks[name]) in ((1, "fail"), (3, "inconclusive"))


def test_a_system_with_related_workers_is_healthy(tmp_path):
    code, checks = verdict(paired_system(), tmp_path)
    assert (code, set(checks.values())) == (0, {"pass"})
