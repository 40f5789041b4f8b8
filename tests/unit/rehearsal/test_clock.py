"""The time of a rehearsal: moves, the firing of crons, the control from another terminal."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from rehearsal import cli
from rehearsal.clock import Clock, control
from rehearsal.clock import file as clock_file
from rehearsal.clock.crons import Crons
from rehearsal.cloudflare.queues import Broker, Consumer, ConsumerSettings, Queue
from rehearsal.edge.queue_socket import SentMessage

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Real:
    """The real time, which a test sets."""

    def __init__(self):
        self.time = NOON

    def __call__(self):
        return self.time


@pytest.fixture
def real():
    return Real()


@pytest.fixture
def clock(real):
    return Clock(real)


class Edge:
    """Records the fired crons with the time of the rehearsal, and the moves."""

    def __init__(self, clock):
        self.clock, self.fired, self.moves = clock, [], 0
        self.delivered, self.delays = [], []

    async def deliver(self, name, queue, messages):
        """Retry each message with the next delay, and acknowledge it after the last one."""
        self.delivered.append((name, self.clock.now()))
        retried = [{"msgId": each["id"], "delaySeconds": self.delays.pop(0)} for each in messages if self.delays]
        return {"outcome": "ok", "retryMessages": retried}

    async def follow_clock(self):
        self.moves += 1

    async def fire_cron(self, name, cron, at):
        if name == "gone":
            raise LookupError(name)
        self.fired.append((name, cron, at, self.clock.now()))


def crons_of(clock, **workers):
    schedules = {name: [SimpleNamespace(cron=cron) for cron in crons] for name, crons in workers.items()}
    records = {name: SimpleNamespace(name=name, schedules=each) for name, each in schedules.items()}
    edge = Edge(clock)
    broker = Broker(edge=edge, clock=clock.now)
    return edge, Crons(account=SimpleNamespace(workers=records, broker=broker), edge=edge, clock=clock)


def test_time_passes_and_moves_ahead(real, clock):
    clock.move_to(NOON + DAY)
    real.time += HOUR
    assert clock.now() == NOON + DAY + HOUR
    assert clock.offset == DAY


def test_a_moment_before_a_move_keeps_its_time(real, clock):
    real.time += HOUR
    clock.move_to(clock.now() + DAY)
    assert clock.shift(NOON) == NOON
    assert clock.shift(real.time) == NOON + HOUR + DAY


def test_time_never_goes_back(clock):
    with pytest.raises(ValueError, match="has passed"):
        clock.move_to(NOON - HOUR)
    clock.move_to(NOON + DAY)
    clock.reset()
    assert clock.offset == timedelta()


def test_crons_that_become_due_fire_once_for_a_day(clock):
    edge, crons = crons_of(clock, w=["*/5 * * * *"])
    lines = asyncio.run(crons.advance(NOON + 3 * DAY, with_crons=True))
    assert lines == ["crons became due 864 times, and fired 3 times: once for all due times of a day"]
    assert [fired[2] for fired in edge.fired] == [NOON + DAY, NOON + 2 * DAY, NOON + 3 * DAY]
    assert all(at <= now for *_, at, now in edge.fired)
    assert clock.now() == NOON + 3 * DAY


def test_a_long_way_has_a_limited_number_of_stops(clock):
    edge, crons = crons_of(clock, w=["0 * * * *"])
    asyncio.run(crons.advance(NOON + 365 * DAY, with_crons=True))
    assert len(edge.fired) == 40


def test_each_due_cron_of_each_worker_fires(clock):
    edge, crons = crons_of(clock, one=["0 13 * * *", "0 0 1 1 *"], other=["*/30 * * * *"], gone=["* * * * *"], idle=[])
    asyncio.run(crons.advance(NOON + 2 * HOUR, with_crons=True))
    assert [fired[:3] for fired in edge.fired] == [
        ("one", "0 13 * * *", NOON + HOUR),
        ("other", "*/30 * * * *", NOON + 2 * HOUR),
    ]


def test_a_move_stops_where_a_delayed_message_is_due_and_waits_for_its_consumer(clock):
    edge, crons = crons_of(clock, w=["0 */6 * * *"])
    edge.delays = [60, 120, 7 * 3600]
    settings = ConsumerSettings(batch_size=1)
    worker = Consumer(id="c", type="worker", script="w", dead_letter_queue="", settings=settings, created_on="")
    queue = Queue(id="q", name="days", created_on="", modified_on="", consumers=(worker,))

    async def go():
        crons._account.broker.replace({"days": queue})
        sent = SentMessage(body=b"x", content_type="text", delay=30)
        await crons._account.broker.accept("days", [sent])
        await crons.advance(NOON + DAY, with_crons=True)
        assert crons._account.broker.find_next_due() is None

    asyncio.run(go())
    seconds = [int((at - NOON).total_seconds()) for _, at in edge.delivered]
    assert seconds == [30, 90, 210, 210 + 7 * 3600]
    assert edge.moves == 5, "each due message, and the end, where the crons of the day fire"


def test_a_message_that_is_retried_for_ever_has_a_limited_number_of_stops(clock):
    edge, crons = crons_of(clock, w=[])
    edge.delays = [1] * 1000
    worker = Consumer(
        id="c",
        type="worker",
        script="w",
        dead_letter_queue="",
        settings=ConsumerSettings(max_retries=100),
        created_on="",
    )

    async def go():
        queue = Queue(id="q", name="days", created_on="", modified_on="", consumers=(worker,))
        crons._account.broker.replace({"days": queue})
        await crons._account.broker.accept("days", [SentMessage(body=b"x", content_type="text", delay=1)])
        await crons.advance(NOON + DAY, with_crons=True)

    asyncio.run(go())
    assert edge.moves == 21


def test_dead_crons_never_fire_for_the_time_that_passed(clock):
    edge, crons = crons_of(clock, w=["*/5 * * * *"])
    assert asyncio.run(crons.advance(NOON + DAY, with_crons=False)) == []
    assert asyncio.run(crons.advance(NOON + DAY, with_crons=True)) == []
    assert edge.fired == []
    assert clock.now() == NOON + DAY


@pytest.mark.parametrize(
    ("text", "duration"),
    [("+1d", DAY), ("6h", 6 * HOUR), ("+30m", HOUR / 2), ("+90s", timedelta(seconds=90))],
)
def test_durations(text, duration):
    assert control.parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "1", "-1d", "1w", "+1.5h", "tomorrow"])
def test_other_texts_are_no_durations(text):
    with pytest.raises(clock_file.ClockError, match="expected a duration such as"):
        control.parse_duration(text)


def run_command(tmp_path, clock, *arguments):
    """Run ``clock`` against a served control, in a thread as another terminal does. Return exit code and output."""
    environment = {clock_file.VARIABLE: str(tmp_path / "clock.json")}
    _, crons = crons_of(clock, w=["0 * * * *"])

    async def move(by, *, with_crons):
        return await crons.advance(clock.now() + by, with_crons=with_crons)

    local = SimpleNamespace(clock=clock, move_clock=move)

    async def serve():
        clock_file.write(environment, clock)
        async with control.serve_control(local) as url:
            clock_file.write_control(environment, url)
            return await asyncio.to_thread(CliRunner(env=environment).invoke, cli.main, ["clock", *arguments])

    result = asyncio.run(serve())
    return result.exit_code, result.output


def test_the_command_shows_and_moves_the_time(tmp_path, clock):
    assert run_command(tmp_path, clock) == (0, "the time of the rehearsal: 2026-11-27 12:00:00 UTC\n")
    code, output = run_command(tmp_path, clock, "+1d")
    assert (code, output.splitlines()[-1]) == (0, "the time of the rehearsal: 2026-11-28 12:00:00 UTC")
    assert "crons became due 24 times" in output
    code, output = run_command(tmp_path, clock, "--to", "2026-12-01T06:30", "--without-crons")
    assert (code, output) == (0, "the time of the rehearsal: 2026-12-01 06:30:00 UTC\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["tomorrow"], "rehearsal: expected a duration such as +30m, +6h or +1d, found 'tomorrow'\n"),
        (["--to", "noon"], "rehearsal: expected a time such as 2026-12-01T06:30, found 'noon'\n"),
        (["--to", "2026-11-27"], "rehearsal: 2026-11-27 00:00:00 UTC has passed: it is 2026-11-27 12:00:00 UTC\n"),
        (["+999999d"], "rehearsal: expected at most 366 days at once\n"),
    ],
)
def test_a_refused_time_is_one_line(tmp_path, clock, arguments, line):
    assert run_command(tmp_path, clock, *arguments) == (3, line)


@pytest.mark.parametrize("content", [None, "{}", "no json", '{"control": "http://127.0.0.1:9/gone"}'])
def test_without_a_running_rehearsal_the_command_says_so(tmp_path, monkeypatch, content):
    file = tmp_path / "clock.json"
    if content is not None:
        file.write_text(content)
    result = CliRunner(env={clock_file.VARIABLE: str(file)}).invoke(cli.main, ["clock"])
    assert result.exit_code == 3
    assert "python -m rehearsal serve" in result.output
    assert len(result.output.splitlines()) == 1


def test_the_file_of_the_time_is_for_this_user_only(tmp_path, clock):
    file = tmp_path / "clock.json"
    clock.move_to(NOON + DAY)
    clock_file.write({clock_file.VARIABLE: str(file)}, clock)
    assert json.loads(file.read_text()) == {"offset_seconds": 86400.0}
    assert file.stat().st_mode & 0o077 == 0
