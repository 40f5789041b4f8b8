"""Bindings to queues and queue handlers in workerd: any content, limits, concurrency, a swap and a killed workerd."""

from __future__ import annotations

import asyncio
import base64
import os
import signal

import httpx
import pytest

from rehearsal.edge import Edge
from rehearsal.edge.queue_socket import NotSentError
from tests import processes

CODE = """let active = 0, most = 0;
const SENDERS = {
  "/json": (days) => days.send({ v: 1 }, { delaySeconds: 60 }),
  "/text": (days) => days.send("text", { contentType: "text" }),
  "/v8": (days) => days.send(new Date(5), { contentType: "v8" }),
  "/batch": (days) => days.sendBatch([{ body: 1 }, { body: 2, delaySeconds: 5 }], { delaySeconds: 9 }),
  "/large": (days) => days.send("x".repeat(200_000)),
};
export default {
  async fetch(request, { DAYS }) {
    try { await SENDERS[new URL(request.url).pathname](DAYS); return new Response("sent"); }
    catch (error) { return new Response(String(error), { status: 500 }); }
  },
  async queue({ queue, messages: [message] }) {
    most = Math.max(most, ++active);
    const { body, attempts } = message;
    if (body === "slow") await new Promise((resolve) => setTimeout(resolve, 200));
    if (body === "endless") await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (body === "retry") message.retry({ delaySeconds: 30 });
    active--;
    console.log(queue, attempts, String(body instanceof Date ? body.getTime() : body), most);
    if (body === "throw") throw new Error("no");
  },
}"""
BINDINGS = ({"name": "DAYS", "type": "queue", "queue_name": "w-days"},)


def message(body: bytes, number: int = 1, kind: str = "text") -> dict[str, object]:
    encoded = base64.b64encode(body).decode()
    return {"id": f"m{number}", "timestamp": 1_734_600_000_000, "attempts": 2, "content_type": kind, "body": encoded}


@pytest.fixture(scope="module")
def sent(edge):
    """The messages of the workers, as (queue, [(body, kind, delay)])."""
    found = []

    async def on_send(queue, messages):
        if any(len(each.body) > 128_000 for each in messages):
            raise NotSentError(413, "too large")
        found.append((queue, [(each.body, each.content_type, each.delay) for each in messages]))

    edge.do(edge.edge.receive_sent(on_send))
    return found


def test_send_ends_when_the_control_plane_has_the_message(edge, script, client, sent):
    url = edge.serve(script("sender", CODE, bindings=BINDINGS))
    for path in ("json", "text", "v8", "batch"):
        assert client.get(f"{url}/{path}").text == "sent"
    assert [queue for queue, _ in sent] == ["w-days"] * 4
    (json,), (text,), (v8,), batch = (messages for _, messages in sent)
    assert json == (b'{"v":1}', "json", 60)
    assert text == (b"text", "text", None)
    assert batch == [(b"1", "json", 9), (b"2", "json", 5)]
    refused = client.get(f"{url}/large")
    assert (refused.status_code, len(sent)) == (500, 4), "a refused message is an exception in the worker"
    assert edge.do(edge.edge.deliver("sender", "w-days", [message(v8[0], kind="v8")]))["outcome"] == "ok"
    assert edge.traces_of("sender", 6)[-1]["logs"][0]["message"] == ["w-days", 2, "5", 1]


def test_the_result_of_a_handler_has_its_retries_and_its_trace_is_streamed(edge, script, sent):
    edge.serve(script("handler", CODE, bindings=BINDINGS))

    def deliver(*bodies):
        calls = [edge.edge.deliver("handler", "w-days", [message(body, n)]) for n, body in enumerate(bodies)]

        async def together():
            return await asyncio.gather(*calls)

        return edge.do(together())

    (retried,) = deliver(b"retry")
    assert (retried["outcome"], retried["retryMessages"]) == ("ok", [{"msgId": "m0", "delaySeconds": 30}])
    (failed,) = deliver(b"throw")
    assert failed["outcome"] == "exception"
    assert [result["outcome"] for result in deliver(*[b"slow"] * 8)] == ["ok"] * 8
    traces = edge.traces_of("handler", 10)
    assert traces[0]["event"] == {"queue": "w-days", "batchSize": 1}
    assert traces[1]["exceptions"][0]["message"] == "no"
    assert max(trace["logs"][0]["message"][-1] for trace in traces[2:]) == 8, "eight handlers at once"
    with pytest.raises(LookupError):
        edge.do(edge.edge.deliver("none", "w-days", [message(b"x")]))


def test_a_handler_that_a_swap_or_a_kill_ends_is_reported_as_killed(tmp_path, script):
    async def go() -> None:
        edge = await Edge.start(folder=tmp_path, drain_limit=0.2)
        try:
            await edge.deploy("w", [(script("w", CODE, bindings=BINDINGS), 100)], enabled=True)
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"{await edge.reserve('w')}/text")
            assert answer.status_code == 500, "there is no control plane that could hold a message"
            for end in ("kill", "swap"):
                running = asyncio.create_task(edge.deliver("w", "w-days", [message(b"endless")]))
                await edge.deliver("w", "w-days", [message(b"slow")])  # the other handler runs by then
                if end == "kill":
                    os.kill(*processes.list_workerd(edge), signal.SIGKILL)
                else:
                    await edge.deploy("x", [(script("x"), 100)], enabled=True)
                assert await running == {"outcome": "killed"}
                assert (await edge.deliver("w", "w-days", [message(b"again")]))["outcome"] == "ok"
        finally:
            await edge.close()

    asyncio.run(go())
