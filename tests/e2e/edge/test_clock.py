"""The clock of the rehearsal moves for workers, stored objects, crons, traces and answers alike."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest

DAY = timedelta(days=1)
NEAR = timedelta(seconds=20)
CODE = """
export default {
  async fetch(request, { BUCKET }) {
    if (request.method === "PUT") await BUCKET.put("after", "x");
    if (request.method === "POST") throw new Error("made up");
    const { uploaded } = (await BUCKET.head("before")) ?? {};
    const listed = (await BUCKET.list()).objects.map(({ key, uploaded }) => [key, uploaded]);
    const fixed = new Date(0).toISOString();
    console.log("asked");
    return Response.json({ now: Date.now(), made: new Date(), text: Date(), fixed, uploaded, listed, is: new Date() instanceof Date });
  },
  async scheduled({ scheduledTime }, { BUCKET }) { await BUCKET.put("cron", JSON.stringify([scheduledTime, Date.now()])); },
}
"""


def near(found, expected):
    found = (
        datetime.fromtimestamp(found / 1000, UTC) if isinstance(found, int | float) else datetime.fromisoformat(found)
    )
    return abs(found - expected) < NEAR


@pytest.fixture
def moved(edge):
    """Move the clock, and return it to the real time."""
    yield edge.clock
    edge.clock.reset()
    edge.do(edge.edge.follow_clock())


def test_every_time_of_the_edge_moves(edge, client, script, moved):
    bindings = ({"name": "BUCKET", "type": "r2_bucket", "bucket_name": "clock-bucket"},)
    url = edge.serve(script("clock", CODE, bindings=bindings))
    real = datetime.now(UTC)
    edge.do(edge.edge.r2_put("clock-bucket", "before", b"x", http_metadata={}, custom_metadata={}))
    assert near(client.get(url).json()["now"], real)
    moved.move_to(moved.now() + 3 * DAY)
    edge.do(edge.edge.follow_clock())
    answer = client.put(url)
    found, later = answer.json(), real + 3 * DAY
    assert near(found["now"], later)
    assert near(found["made"], later)
    assert f"{later:%b %d %Y}" in found["text"]
    assert (found["fixed"], found["is"]) == ("1970-01-01T00:00:00.000Z", True)
    assert abs(parsedate_to_datetime(answer.headers["date"]) - later) < NEAR
    listed = {item["key"]: item["uploaded"] for item in edge.do(edge.edge.r2_list("clock-bucket"))["objects"]}
    assert near(listed["before"], real)
    assert near(listed["after"], later)
    assert near(found["uploaded"], real)
    assert {key: near(uploaded, later) for key, uploaded in found["listed"]} == {"before": False, "after": True}


def test_crons_and_traces_have_the_moved_time(edge, client, script, moved):
    bindings = ({"name": "BUCKET", "type": "r2_bucket", "bucket_name": "clock-bucket"},)
    url = edge.serve(script("clock-cron", CODE, bindings=bindings))
    moved.move_to(moved.now() + DAY)
    edge.do(edge.edge.follow_clock())
    due = moved.now().replace(microsecond=0)
    assert edge.do(edge.edge.fire_cron("clock-cron", "* * * * *", due))["outcome"] == "ok"
    _, body = edge.do(edge.edge.r2_get("clock-bucket", "cron"))
    scheduled, ran = json.loads(body)
    assert scheduled == due.timestamp() * 1000
    assert near(ran, due)
    assert client.post(url).status_code == 500
    [fired, failed] = edge.traces_of("clock-cron", 2)
    assert near(fired["eventTimestamp"], due)
    assert near(failed["eventTimestamp"], due)
    assert near(failed["exceptions"][0]["timestamp"], due)
