"""The credentials and the environment of a command: those of the stack come first, and no secret is shown."""

import json

import httpx
import pytest

from backfill.errors import CommandError
from backfill.session import RETRY_SECONDS, PatientDeadline, Surroundings, open_session
from checks.model.finding import Cause, Finding, TransientError
from checks.model.hint import Hint
from contract.operator_token import derive_operator_token
from tests.fakes import pulumi
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import manifest_data

CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


def make_surroundings(system, **environ):
    return Surroundings(
        environ=environ,
        transport=httpx.MockTransport(system.handle),
        now=lambda: system.now,
        clock=system.clock,
        sleep=system.clock.sleep,
    )


def test_a_stack_gives_its_token_and_its_key(tmp_path, monkeypatch):
    system = healthy_system()
    outputs = {"manifest": json.dumps(manifest_data()), "operatorToken": derive_operator_token(system.key)}
    monkeypatch.setenv("PATH", str(tmp_path))
    pulumi.install(tmp_path, {"stack": {"out": json.dumps(outputs)}, "config": pulumi.configuration(system.key)})
    stale = {"ACE_API_KEY": "a-stale-key-of-the-shell", "CLOUDFLARE_API_TOKEN": system.cloudflare.token}
    with open_session("prod", None, make_surroundings(system, **stale)) as session:
        assert session.worker.resume().status == 200
        assert session.credentials.unused == ("ACE_API_KEY",)
        assert (session.option, session.name_command("retry")) == (
            "--stack prod",
            "python -m backfill retry --stack prod",
        )
        assert session.name_checks("run", "key") == "python -m checks run key --stack prod"


@pytest.mark.parametrize(
    ("stack", "file", "environ", "code", "text"),
    [
        (None, None, {}, 2, "name the deployment"),
        ("", None, {}, 2, "--stack: the name is empty"),
        (None, "absent.json", {}, 2, "manifest absent.json: No such file"),
        (None, "FILE", {"CLOUDFLARE_API_TOKEN": f"{CANARY} x"}, 2, "CLOUDFLARE_API_TOKEN: contains white space"),
        (None, "FILE", {"CLOUDFLARE_BASE_URL": "http://example.org"}, 2, "CLOUDFLARE_BASE_URL: expected https"),
        ("a b", None, {}, 2, "is not a stack name"),
        ("prod", None, {}, 3, "pulumi is not on PATH"),
    ],
)
def test_an_unusable_environment_is_one_line(tmp_path, monkeypatch, stack, file, environ, code, text):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "m.json"
    path.write_text(json.dumps(manifest_data()))
    surroundings = make_surroundings(healthy_system(), **environ)
    with (
        pytest.raises(CommandError, match=text) as raised,
        open_session(stack, str(path) if file == "FILE" else file, surroundings),
    ):
        pass
    assert raised.value.code == code
    assert "\n" not in str(raised.value)
    assert "canary" not in str(raised.value)


def test_one_request_is_repeated_for_a_minute_at_most():
    finding = Finding(subject="s", expected="e", found="f", cause=Cause.ACE, hint=Hint.deploy())
    now, tries = [0.0], []

    def fail():
        tries.append(now[0])
        raise TransientError(finding)

    def sleep(seconds):
        now[0] += seconds

    deadline = PatientDeadline.starting_now(86_400.0, clock=lambda: now[0], sleep=sleep)
    with pytest.raises(TransientError):
        deadline.retry(fail)
    assert RETRY_SECONDS - 3 < now[0] <= RETRY_SECONDS
    assert len(tries) > 20
