"""Requests reach the deployed version and are neither lost nor changed."""

from __future__ import annotations

import gzip
import itertools
import threading
import time
from collections import Counter

import httpx
import pytest

from rehearsal.edge import RejectedUpload
from rehearsal.network_faults import NetworkFault, NetworkFaultKind

NOTHING = "There is nothing here yet\n"


def test_an_address_is_stable_and_serves_only_a_deployed_and_enabled_script(edge, script, client):
    url = edge.do(edge.edge.reserve("stages"))
    before = client.get(url)
    edge.do(edge.edge.deploy("stages", [(script("stages"), 100)], enabled=False))
    disabled = client.get(url)
    edge.do(edge.edge.deploy("stages", [(script("stages"), 100)], enabled=True))
    enabled = client.get(url)
    assert edge.do(edge.edge.reserve("stages")) == url
    edge.do(edge.edge.remove("stages"))
    removed = client.get(url)
    edge.do(edge.edge.remove("stages"))

    assert (enabled.status_code, enabled.text) == (200, "hello")
    for answer in before, disabled, removed:
        assert (answer.status_code, answer.text) == (404, NOTHING)


ECHO = """export default { async fetch(request) {
  const body = new Uint8Array(await request.arrayBuffer());
  return new Response(body, { status: 418, encodeBody: "manual", headers: [
    ["x-seen", JSON.stringify([request.method, request.url, request.headers.get("x-mine"), body.length])],
    ["content-encoding", request.headers.get("content-encoding") ?? "identity"],
    ["set-cookie", "a=1"], ["set-cookie", "b=2"]] });
} }"""


def test_a_request_and_its_answer_pass_unchanged(edge, script, client):
    url = edge.serve(script("w", ECHO))
    packed = gzip.compress(b"rows" * 1000)
    headers = {"x-mine": "kept", "content-encoding": "gzip"}
    with client.stream("PATCH", f"{url}/a%2Fb/?q=%20", content=packed, headers=headers) as answer:
        body = b"".join(answer.iter_raw())

    assert answer.status_code == 418
    assert answer.headers["x-seen"] == f'["PATCH","{url}/a%2Fb/?q=%20","kept",{len(packed)}]'
    assert (body, answer.headers["content-encoding"]) == (packed, "gzip")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    chunked = client.post(url, content=itertools.repeat(b"x" * 1000, 300))
    assert len(chunked.content) == 300_000
    assert client.post(url).headers["x-seen"].endswith(",null,0]")
    assert client.head(url).content == b""


SLOW = """export default { fetch() {
  const { readable, writable } = new TransformStream();
  const writer = writable.getWriter();
  const write = async () => {
    await writer.write(new TextEncoder().encode("first"));
    await scheduler.wait(300);
    await writer.write(new TextEncoder().encode("last"));
    await writer.close();
  };
  write();
  return new Response(readable);
} }"""


def test_an_answer_is_streamed(edge, script, client):
    with client.stream("GET", edge.serve(script("w", SLOW))) as answer:
        parts = answer.iter_bytes()
        started = next(parts)
        assert (started, b"".join(parts)) == (b"first", b"last")


def test_a_worker_that_throws_answers_500_and_the_next_request_is_served(edge, script, client):
    code = (
        "export default { fetch(r) { if (r.url.endsWith('boom')) throw new Error('no'); return new Response('ok') } }"
    )
    url = edge.serve(script("w", code))
    assert [client.get(f"{url}/boom").status_code, client.get(url).text] == [500, "ok"]


def test_versions_share_the_requests_by_their_percentages(edge, script, client):
    code = "export default { fetch(_, env) { return new Response(env.VERSION.id) } }"
    bindings = ({"name": "VERSION", "type": "version_metadata"},)
    one, two, three = (script("w", code, version=id_, bindings=bindings) for id_ in ("one", "two", "three"))
    url = edge.serve(one)
    edge.do(edge.edge.deploy("w", [(one, 25), (two, 75), (three, 0)], enabled=True))
    seen = Counter(client.get(url).text for _ in range(200))
    assert set(seen) == {"one", "two"}
    assert 20 < seen["one"] < 85
    for chosen in ("one", "two", "three"):  # a version at 0 % is served to a request that chooses it
        headers = {"Cloudflare-Workers-Version-Overrides": f'another="two", w="{chosen}"'}
        assert {client.get(url, headers=headers).text for _ in range(8)} == {chosen}
    for unusable in ('w="absent"', 'another="three"', "w=three", "w"):  # then the percentages decide
        headers = {"Cloudflare-Workers-Version-Overrides": unusable}
        assert client.get(url, headers=headers).text in {"one", "two"}
    edge.do(edge.edge.deploy("w", [(two, 100)], enabled=True))
    assert {client.get(url).text for _ in range(10)} == {"two"}


@pytest.mark.parametrize("percentages", [[], [0], [-1, 101]])
def test_a_deployment_without_a_share_is_refused(edge, script, percentages):
    with pytest.raises(ValueError, match="above 0"):
        edge.do(edge.edge.deploy("none", [(script("none"), share) for share in percentages], enabled=True))


SECRET = "fake-ace-key-for-tests"
KEY = {"name": "KEY", "type": "secret_text", "text": SECRET}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"code": "export default nonsense here("}, "SyntaxError: Unexpected identifier 'here'\n  at worker.js:1"),
        ({"code": "throw new Error('at the top')"}, "Uncaught Error: at the top\n  at worker.js:1"),
        (
            {"code": "import { env } from 'cloudflare:workers'; throw new Error(env.KEY)", "bindings": (KEY,)},
            r"Uncaught Error: \[secret\]",
        ),
        ({"code": "import './absent.js'; export default {}"}, 'No such module "absent.js"'),
        ({"compatibility_date": "2026-11-01"}, "newest date supported"),
        ({"compatibility_date": "2999-01-01"}, "in the future"),
        ({"compatibility_flags": ("no_such_flag",)}, "no_such_flag"),
        ({"main_module": "absent.js"}, '"absent.js" is not among'),
        ({"bindings": ({"name": "X", "type": "magic"},)}, 'binding X: unknown type "magic"'),
        ({"bindings": ({"name": "X", "type": "toString"},)}, "binding X: unknown type"),
        ({"bindings": ({"name": "X", "type": "secret_text"},)}, "binding X: a secret_text needs text"),
        ({"bindings": ({"name": "X", "type": "r2_bucket", "bucket_name": "../up"},)}, "not the name of an R2 bucket"),
        ({"bindings": ({"name": "X", "type": "service", "service": "absent"},)}, 'there is no service "absent"'),
        ({"bindings": (KEY, KEY)}, "binding KEY: declared twice"),
        ({"bindings": ({"type": "plain_text", "text": ""},)}, "a binding has no name"),
    ],
)
def test_a_rejected_version_is_reported_and_the_earlier_version_still_runs(edge, script, client, change, words):
    url = edge.serve(script("w"))
    with pytest.raises(RejectedUpload, match=words) as caught:
        edge.do(edge.edge.deploy("w", [(script("w", **change), 100)], enabled=True))
    assert len(str(caught.value)) <= 500
    assert SECRET not in str(caught.value)
    assert client.get(url).text == "hello"


def test_a_version_that_does_not_start_with_other_values_is_rejected_and_the_earlier_one_still_runs(
    edge, script, client
):
    code = "import { env } from 'cloudflare:workers'\nif (env.X === 'bad') throw new Error('not with this value')\n"
    code += "export default { fetch() { return new Response('hello') } }"
    values = {value: ({"name": "X", "type": "secret_text", "text": value},) for value in ("good", "bad")}
    url = edge.serve(script("w", code, bindings=values["good"]))
    with pytest.raises(RejectedUpload, match="not with this value"):
        edge.do(edge.edge.deploy("w", [(script("w", code, bindings=values["bad"]), 100)], enabled=True))
    assert client.get(url).text == "hello"


def test_a_version_that_started_once_starts_again_and_a_rejected_one_is_rejected_again(edge, script, client):
    good, bad = script("w"), script("w", code="throw new Error('at the start')")
    for _ in range(2):
        assert client.get(edge.serve(good)).text == "hello"
        with pytest.raises(RejectedUpload, match="at the start"):
            edge.do(edge.edge.deploy("w", [(bad, 100)], enabled=True))


ALL = """export default { async fetch(request, env) {
  await env.KV.put("k", "kv");
  await env.DB.exec("CREATE TABLE IF NOT EXISTS t (v TEXT)");
  await env.DB.prepare("INSERT INTO t VALUES (?)").bind("d1").run();
  await env.BUCKET.put("k", "r2");
  return Response.json({ secret: env.KEY, plain: env.SITE, json: env.JSON, version: env.VERSION,
    kv: await env.KV.get("k"), d1: (await env.DB.prepare("SELECT v FROM t").first()).v,
    r2: await (await env.BUCKET.get("k")).text(), service: await (await env.SERVICE.fetch(request)).text(),
    absent: env.ABSENT ?? null });
} }"""
BINDINGS = (
    KEY,
    {"name": "SITE", "type": "plain_text", "text": "ses_falls_city"},
    {"name": "JSON", "type": "json", "json": {"a": [1, None]}},
    {"name": "VERSION", "type": "version_metadata"},
    {"name": "KV", "type": "kv_namespace", "namespace_id": "0f2ac74b498b48028cb68387c421e279"},
    {"name": "DB", "type": "d1", "id": "2ad8d3bb-c1fb-4d31-87e2-7f6e2c1d8a5c"},
    {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "everything"},
    {"name": "SERVICE", "type": "service", "service": "related"},
)


def test_a_worker_reads_each_type_of_binding(edge, script, client):
    """A queue needs the local Cloudflare, so test_queues.py has it."""
    edge.serve(script("related"))
    url = edge.serve(script("w", ALL, bindings=BINDINGS))
    assert client.get(url).json() == {
        "secret": SECRET,
        "plain": "ses_falls_city",
        "json": {"a": [1, None]},
        "version": {"id": "v1", "tag": "tag of v1", "timestamp": "2026-04-01T00:00:00Z"},
        "kv": "kv",
        "d1": "d1",
        "r2": "r2",
        "service": "hello",
        "absent": None,
    }
    edge.do(edge.edge.remove("related"))
    assert client.get(url).json()["service"] == 'There is no service "related"'
    edge.do(edge.edge.remove("w"))


def test_redeployments_under_load_fail_no_request_and_lose_no_trace(edge, script):
    code = """export default { async fetch(request, env, ctx) {
      ctx.waitUntil(scheduler.wait(20).then(() => console.log("after")));
      await scheduler.wait(10);
      return new Response(env.N);
    } }"""
    versions = [
        script("loaded", code, version=str(n), bindings=({"name": "N", "type": "secret_text", "text": str(n)},))
        for n in range(11)
    ]
    url = edge.serve(versions[0])
    answers: list[int | str] = []
    over = threading.Event()

    def load() -> None:
        with httpx.Client(timeout=20, trust_env=False) as client:
            while not over.is_set():
                try:
                    answers.append(client.get(url).status_code)
                except httpx.HTTPError as error:
                    answers.append(repr(error))
                time.sleep(0.01)

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for version in versions[1:]:
            edge.serve(version)
    finally:
        over.set()
        for thread in threads:
            thread.join()

    assert Counter(answers).keys() == {200}
    assert len(answers) >= len(versions)
    traces = edge.traces_of("loaded", len(answers))
    assert len(traces) == len(answers)
    assert all(item["logs"][-1]["message"] == ["after"] for item in traces)
    assert httpx.get(url, trust_env=False).text == "10"


def test_a_cron_fires_on_request_and_returns_its_outcome(edge, script):
    code = """export default { scheduled(controller) {
      console.log("[Backfill]", controller.cron);
      if (controller.cron !== "*/5 * * * *") throw new Error("broken");
    } }"""
    edge.do(edge.edge.deploy("cron", [(script("cron", code), 100)], enabled=False))
    assert edge.do(edge.edge.fire_cron("cron", "*/5 * * * *"))["outcome"] == "ok"
    assert edge.do(edge.edge.fire_cron("cron", "0 0 * * *"))["outcome"] == "exception"
    kept, broken = edge.traces_of("cron", 2)
    assert (kept["event"]["cron"], kept["logs"][0]["message"]) == ("*/5 * * * *", ["[Backfill]", "*/5 * * * *"])
    assert broken["exceptions"][0]["message"] == "broken"
    edge.serve(script("w"))
    assert edge.do(edge.edge.fire_cron("w", "* * * * *"))["outcome"] == "exception"
    with pytest.raises(LookupError, match="absent"):
        edge.do(edge.edge.fire_cron("absent", "* * * * *"))


def test_a_network_fault_affects_the_requests_that_it_names_and_counts_them(edge, script, client):
    url = edge.serve(script("disturbed"))
    client.get(url)
    assert edge.edge.network_of("disturbed") is None
    edge.do(edge.edge.set_network_fault("disturbed", NetworkFault(kind=NetworkFaultKind.STATUS, every=2)))
    assert [client.get(url).status_code for _ in range(3)] == [502, 200, 502]
    assert edge.edge.network_of("disturbed").affected == 2
    edge.do(edge.edge.set_network_fault("disturbed", None))
    assert (client.get(url).status_code, edge.edge.network_of("disturbed").fault) == (200, None)


def test_a_request_and_its_answer_pass_unchanged_through_the_fault_proxy(edge, script, client):
    url = edge.serve(script("proxied", ECHO))
    edge.do(edge.edge.set_network_fault("proxied", NetworkFault(kind=NetworkFaultKind.DELAY, seconds=0.05)))
    packed = gzip.compress(b"rows" * 1000)
    headers = {"x-mine": "kept", "content-encoding": "gzip"}
    with client.stream("PATCH", f"{url}/a%2Fb/?q=%20", content=packed, headers=headers) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.status_code == 418
    assert answer.elapsed.total_seconds() >= 0.05
    assert answer.headers["x-seen"] == f'["PATCH","{url}/a%2Fb/?q=%20","kept",{len(packed)}]'
    assert (body, answer.headers["content-encoding"]) == (packed, "gzip")
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert client.head(url).content == b""
    assert client.post(url).headers["x-seen"].endswith(",null,0]")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (NetworkFaultKind.RESET, httpx.ReadError),
        (NetworkFaultKind.TRUNCATED, httpx.RemoteProtocolError),
    ],
)
def test_a_broken_connection_reaches_the_client_as_one(edge, script, client, kind, error):
    url = edge.serve(script(f"broken-{kind}"))
    edge.do(edge.edge.set_network_fault(f"broken-{kind}", NetworkFault(kind=kind, times=1)))
    with pytest.raises(error):
        client.get(url)
    assert client.get(url).text == "hello"


def test_a_deployment_does_not_wait_for_a_disturbed_request(edge, script):
    url = edge.serve(script("slow-way"))
    edge.do(edge.edge.set_network_fault("slow-way", NetworkFault(kind=NetworkFaultKind.DELAY, seconds=1.0)))
    answers = []
    with httpx.Client(trust_env=False) as own:
        thread = threading.Thread(target=lambda: answers.append(own.get(url, timeout=20).text))
        thread.start()
        time.sleep(0.1)
        begun = time.monotonic()
        newer = script("slow-way", "export default { fetch() { return new Response('newer') } }", version="v2")
        edge.do(edge.edge.deploy("slow-way", [(newer, 100)], enabled=True))
        assert time.monotonic() - begun < 15
        thread.join()
    assert answers == ["newer"]
