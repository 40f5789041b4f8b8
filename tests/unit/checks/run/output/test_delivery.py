"""Messages and heartbeats, with a receiver on loopback: one message per change, and no silence after a failure."""

import json
import ssl
from datetime import timedelta

import httpx
import pytest

from checks.model.report import Outcome
from checks.run.output.delivery import send_note
from checks.run.output.message import format_message
from checks.run.output.state import State
from checks.run.request import RunRefused
from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import API_TOKEN, KEY
from tests.fakes.reports import finding, report, result
from tests.fakes.webhook_receiver import SECRET, open_receiver

TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without certificates, which take longer to read than a run
CHECKS = ("secrets", "token")
SITE = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "42"}


@pytest.fixture
def receiver():
    with open_receiver() as opened:
        yield opened


class World:
    """A fake system whose runs reach the receiver over the network."""

    def __init__(self, folder, receiver, **environ):
        self.folder, self.warned = folder, []
        self.state = folder / "state.json"
        self.environ = {"NOTIFY_URL": receiver.notify, "HEARTBEAT_URL": receiver.heartbeat, **environ}
        self.now = healthy_system().now

    def run(self, condition="+", *names, **options):
        system = healthy_system()
        system.now = self.now
        fake = system.handle

        def handle(request):
            if request.url.host != "127.0.0.1":
                return fake(request)
            with httpx.Client(trust_env=False, verify=TLS) as client:
                return client.request(request.method, request.url, content=request.read(), timeout=5)

        system.handle = handle
        if condition == "-":
            system.worker.key = ""
            system.script.change_secrets()
        if condition == "?":
            system.routes["GET", "/paginated"] = answer(503, **{"retry-after": "3600"})
        options = {"state": self.state, "warn": self.warned.append} | options
        return system.run(self.folder, *(names or CHECKS), environ=system.environ | self.environ, **options)


@pytest.fixture
def world(tmp_path, receiver):
    return World(tmp_path, receiver)


def text_of(body):
    return json.loads(body)["text"]


def test_one_message_per_change_of_state_over_a_week_of_hourly_runs(world, receiver):
    """The acceptance of the issue: red, green again, and inconclusive twice in a row, each exactly once."""
    week = dict.fromkeys(range(7 * 24), "+")
    week |= dict.fromkeys((10, 60), "?") | dict.fromkeys((70, 71, 72), "?")
    week |= dict.fromkeys(range(30, 42), "-") | dict.fromkeys((100, 101), "-") | dict.fromkeys((102, 103, 104), "?")
    told = {}
    for hour, condition in week.items():
        before = len(receiver.messages)
        code, _ = world.run(condition)
        assert code == {"+": 0, "-": 1, "?": 3}[condition]
        world.now += timedelta(hours=1)
        for body in receiver.messages[before:]:
            told.setdefault(hour, []).append(text_of(body).split("stack prod: ")[1].split()[0].strip(":"))
    assert told == {
        30: ["RED"],
        42: ["GREEN"],
        71: ["INCONCLUSIVE"],
        73: ["GREEN"],
        100: ["RED"],
        103: ["INCONCLUSIVE"],
        105: ["GREEN"],
    }
    assert receiver.beats == len(week)
    assert world.warned == []


def test_a_message_names_the_change_the_check_the_cause_the_next_command_and_the_run(world, receiver):
    world.environ |= SITE
    world.run("-")
    (body,) = receiver.messages
    data = json.loads(body)
    lines = data["text"].splitlines()
    assert lines[0] == "Building Vitals, stack prod: RED: a check failed. Before: not told yet."
    assert lines[1].startswith("secrets failed: secret ACE_API_KEY: absent")
    assert [line for line in lines if line.startswith("1 failed, cause ") and "Next: pulumi up --stack prod" in line]
    assert lines[-1] == "Run: https://github.example/o/r/actions/runs/42"
    card = data["attachments"][0]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert [block["text"] for block in card["content"]["body"]] == lines


def test_no_secret_is_in_a_message_a_warning_or_the_report(world, receiver):
    world.environ["HEARTBEAT_URL"] = "http://127.0.0.1:1/" + SECRET
    receiver.status = 500
    _, text = world.run("-")
    receiver.status = 200
    _, more = world.run("-")
    said = text + more + "".join(world.warned) + "".join(map(text_of, receiver.messages))
    assert len(world.warned) == 2
    for secret in (SECRET, KEY, API_TOKEN):
        assert not [i for i in range(len(secret) - 11) if secret[i : i + 12] in said]


@pytest.mark.parametrize(("condition", "code"), [("+", 3), ("-", 1), ("?", 3)])
def test_a_message_that_was_not_delivered_is_sent_by_the_next_run_and_no_run_is_green_meanwhile(
    world, receiver, condition, code
):
    if condition == "+":
        world.run("-")
    if condition == "?":
        world.run("?")
    count, beats = len(receiver.messages), receiver.beats
    receiver.status = 503
    assert world.run(condition)[0] == code
    assert world.warned == ["the message was not delivered, and the next run sends it again: the answer is 503"]
    assert receiver.beats == beats
    receiver.status = 200
    world.run(condition)
    world.run(condition)
    assert len(receiver.messages) == count + 1
    assert receiver.beats == beats + 2


@pytest.mark.parametrize("content", ["", "{", '{"schema": 1, "stack": "dev", "told": "green", "checks": {}}'])
@pytest.mark.parametrize("condition", ["+", "-"])
def test_a_state_that_cannot_be_read_leads_to_a_message_and_never_to_silence(world, receiver, content, condition):
    world.state.write_text(content)
    world.run(condition)
    (body,) = receiver.messages
    assert "Before: unknown, because its file could not be read." in text_of(body)
    assert world.warned[0].startswith("the state cannot be read, so a message is sent: ")
    world.run(condition)
    assert len(receiver.messages) == 1


def test_a_state_that_cannot_be_stored_is_not_green(world, receiver):
    world.state.mkdir()
    assert world.run("+")[0] == 3
    assert [line.partition(":")[0] for line in world.warned] == [
        "the state cannot be read, so a message is sent",
        "the state was not stored",
    ]
    assert len(receiver.messages) == 1


def test_a_run_that_ends_before_its_checks_is_told_at_its_second_time_and_sends_no_heartbeat(world, receiver):
    for _ in range(3):
        with pytest.raises(RunRefused):
            world.run("+", "nosuchcheck")
    (body,) = receiver.messages
    assert "The run ended before its checks: no check 'nosuchcheck'" in text_of(body)
    assert receiver.beats == 0
    world.run("+")
    assert text_of(receiver.messages[1]).startswith("Building Vitals, stack prod: GREEN again")
    assert receiver.beats == 1


def test_a_lost_heartbeat_is_one_line_and_does_not_change_the_exit_code(world):
    world.environ["HEARTBEAT_URL"] = "http://127.0.0.1:1/x"
    assert world.run("+")[0] == 0
    assert world.warned == ["the heartbeat was not delivered: ConnectError"]


def test_without_addresses_nothing_is_sent_and_no_state_is_written(world, receiver):
    world.environ = {"NOTIFY_URL": "", "HEARTBEAT_URL": ""}
    assert world.run("-")[0] == 1
    assert receiver.requests == []
    assert not world.state.exists()


def test_notify_without_an_address_is_a_usage_error(world):
    world.environ = {}
    with pytest.raises(RunRefused, match="NOTIFY_URL is not set") as caught:
        world.run("+", notify=True)
    assert caught.value.code == 2


@pytest.mark.parametrize("url", ["hooks.example/x", "http://hooks.example/x", "https://", "https://h/ x", "file:///x"])
@pytest.mark.parametrize("name", ["NOTIFY_URL", "HEARTBEAT_URL"])
def test_an_address_that_cannot_be_used_is_a_usage_error_without_its_value(world, name, url):
    world.environ[name] = url
    with pytest.raises(RunRefused, match=f"{name}: expected an https URL") as caught:
        world.run("+")
    assert caught.value.code == 2
    assert url not in str(caught.value)


def test_the_state_is_kept_below_the_users_folder_for_states(world, tmp_path, receiver):
    world.environ |= {"XDG_STATE_HOME": str(tmp_path / "states")}
    world.run("+", state=None)
    assert [file.name for file in (tmp_path / "states" / "building-vitals").iterdir()] == ["manifest.json"]
    world.environ |= {"XDG_STATE_HOME": "", "HOME": ""}
    with pytest.raises(RunRefused, match="--state FILE"):
        world.run("+", state=None)


def test_a_text_of_a_system_makes_no_link_and_no_mention():
    told = report(result("key", Outcome.FAIL, finding(text="<!channel> [l](https://evil.example) <https://e>")))
    text = format_message(State(stack="prod").add_report(told, ["key"]), told, "", {}, is_lost=False)
    assert "channel" in text
    assert not set("<>[]") & set(text)


def test_a_long_message_is_cut_by_whole_lines_and_names_failures_of_earlier_runs():
    earlier = report(result("secrets", Outcome.FAIL, finding()))
    now = report(*(result(f"c{number}", Outcome.FAIL, finding(number)) for number in range(12)))
    known = ["secrets", *(result.id for result in now.results)]
    state = State(stack="prod").add_report(earlier, known).add_report(now, known)
    lines = format_message(state, now, "", {}, is_lost=False).splitlines()
    assert "and 4 more" in lines
    assert lines[-1] == "secrets is still red, from an earlier run"


def test_a_note_is_one_message_with_the_link_and_no_state(receiver):
    """A `pulumi up` that failed is told before any check ran."""
    send_note("prod", "FAILED:\n `pulumi up` <x>", {"NOTIFY_URL": receiver.notify, **SITE})
    assert json.loads(receiver.messages[0])["text"] == (
        "Building Vitals, stack prod: FAILED: `pulumi up` (x)\nRun: https://github.example/o/r/actions/runs/42"
    )


def test_a_note_that_is_not_delivered_is_one_line(receiver):
    receiver.status = 500
    with pytest.raises(RunRefused, match="the message was not delivered: the answer is 500") as refused:
        send_note("prod", "x", {"NOTIFY_URL": receiver.notify})
    assert refused.value.code == 3
    with pytest.raises(RunRefused, match="NOTIFY_URL is not set") as refused:
        send_note("prod", "x", {})
    assert refused.value.code == 2
