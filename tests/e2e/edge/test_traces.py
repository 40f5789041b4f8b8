"""Every invocation is traced, in order, with script, version and logs, and without credentials."""

from __future__ import annotations

import asyncio
import logging

import httpx

from rehearsal.edge import Edge

CODE = """export default { fetch(request) {
  console.log("[ACE API]", { page: 1 });
  if (request.url.endsWith("boom")) throw new Error("boom");
  return new Response("ok");
} }"""


def test_a_trace_names_its_script_and_version_and_hides_credentials(edge, script, client):
    url = edge.serve(script("traced", CODE))
    headers = {"authorization": "Bearer fake-ace-key-for-tests", "cookie": "session=fake", "x-other": "shown"}
    client.get(f"{url}/page?n=1", headers=headers)
    client.post(f"{url}/boom")
    fine, broken = edge.traces_of("traced", 2)

    assert (fine["scriptName"], fine["scriptVersion"], fine["outcome"]) == ("traced", {"id": "v1"}, "ok")
    request = fine["event"]["request"]
    assert (request["url"], request["method"], fine["event"]["response"]) == (f"{url}/page?n=1", "GET", {"status": 200})
    seen = request["headers"]
    assert (seen["authorization"], seen["cookie"], seen["x-other"]) == ("REDACTED", "REDACTED", "shown")
    assert fine["logs"][0]["message"] == ["[ACE API]", {"page": 1}]
    assert (broken["outcome"], broken["exceptions"][0]["message"]) == ("exception", "boom")
    assert "fake-ace-key" not in str([fine, broken])


def test_traces_come_in_the_order_in_which_invocations_ended(edge, script, client):
    url = edge.serve(script("ordered", CODE))
    for n in range(50):
        client.get(f"{url}/{n}")
    paths = [item["event"]["request"]["url"].rpartition("/")[2] for item in edge.traces_of("ordered", 50)]
    assert paths == [str(n) for n in range(50)]


def test_a_service_is_traced_under_its_own_name(edge, script, client):
    edge.serve(script("called", CODE))
    code = "export default { fetch(request, env) { return env.CALLED.fetch(request) } }"
    url = edge.serve(script("caller", code, bindings=({"name": "CALLED", "type": "service", "service": "called"},)))
    client.get(url)
    assert len(edge.traces_of("caller", 1)) == len(edge.traces_of("called", 1)) == 1


def test_a_failing_listener_is_logged_and_receives_the_other_traces(tmp_path, script, caplog):
    heard = []

    def on_trace(_: str, item: dict[str, object]) -> None:
        heard.append(item)
        if len(heard) == 1:
            raise RuntimeError("first")

    async def go() -> None:
        edge = await Edge.start(folder=tmp_path, on_trace=on_trace)
        try:
            await edge.deploy("w", [(script("w", CODE), 100)], enabled=True)
            async with httpx.AsyncClient(trust_env=False) as client:
                for _ in range(2):
                    await client.get(await edge.reserve("w"))
            async with asyncio.timeout(5):
                while len(heard) < 2:  # noqa: ASYNC110 - there is nothing else to wait for
                    await asyncio.sleep(0.01)
        finally:
            await edge.close()

    with caplog.at_level(logging.ERROR):
        asyncio.run(go())
    assert "on_trace failed" in caplog.text
