"""The time of a rehearsal is honoured on this machine only."""

import json
from datetime import timedelta

import pytest

from checks.clients import rehearsal_clock
from checks.clients.http.environment import UnusableEnvironmentError
from checks.run.request import RunRefused
from tests.fakes.healthy_system import healthy_system

LOCAL = "http://127.0.0.1:4711/client/v4"


def offset(tmp_path, content, base=LOCAL):
    file = tmp_path / "clock.json"
    file.write_text(content)
    return rehearsal_clock.read_offset({"REHEARSAL_CLOCK": str(file)}, base)


def test_without_a_rehearsal_the_time_is_the_real_one():
    assert rehearsal_clock.read_offset({}, "https://api.cloudflare.com/client/v4") == timedelta()
    assert rehearsal_clock.read_offset({"REHEARSAL_CLOCK": ""}, LOCAL) == timedelta()


def test_the_time_of_a_rehearsal_is_read(tmp_path):
    assert offset(tmp_path, json.dumps({"offset_seconds": 86400.5, "control": "x"})) == timedelta(days=1, seconds=0.5)


@pytest.mark.parametrize(
    "base", ["https://api.cloudflare.com/client/v4", "https://10.0.0.1", "https://localhost.example"]
)
def test_it_is_refused_for_an_api_elsewhere(tmp_path, base):
    with pytest.raises(UnusableEnvironmentError, match=r"^REHEARSAL_CLOCK is for rehearsals .* unset REHEARSAL_CLOCK$"):
        offset(tmp_path, '{"offset_seconds": 1}', base)


@pytest.mark.parametrize("content", ["", "1", "{}", '{"offset_seconds": null}', '{"offset_seconds": 1e300}'])
def test_a_file_of_another_form_is_refused(tmp_path, content):
    with pytest.raises(UnusableEnvironmentError, match="names no file of a running rehearsal"):
        offset(tmp_path, content)


def test_a_file_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(UnusableEnvironmentError, match="names no file"):
        rehearsal_clock.read_offset({"REHEARSAL_CLOCK": str(tmp_path / "absent")}, LOCAL)


def test_a_run_against_a_real_account_is_refused_in_one_line(tmp_path):
    system = healthy_system()
    with pytest.raises(RunRefused) as refused:
        system.run(tmp_path, "fresh", environ={**system.environ, "REHEARSAL_CLOCK": str(tmp_path / "clock.json")})
    assert refused.value.code == 2
    assert "\n" not in str(refused.value)
