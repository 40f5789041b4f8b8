"""The command is never green on an answer that is not the true one, and never has an internal error."""

import json
import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.run.request import RunRefused
from tests.fakes.healthy_system import healthy_system
from tests.fakes.strategies import BYTES, JSON, encode, mutants, some

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The requests of a healthy run, and the longest answer to each. The end of a tail changes no outcome.

    An object that a healthy system does not have, such as a pause, is left out: its absence is the true answer.
    """
    system, answers = healthy_system(), {}
    true = system.reply

    def reply(request):
        real = true(request)
        if request.method != "DELETE" and real.status_code != 404:
            name = f"{request.method} {request.url.path}"
            answers[name] = max(answers.get(name, b""), real.read(), key=len)
        return real

    system.reply = reply
    assert system.run(tmp_path_factory.mktemp("healthy"))[0] == 0
    return dict(sorted(answers.items()))


def run_with_wrong_answer(tmp_path, target, status, body):
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
    code, text = run_with_wrong_answer(tmp_path, target, status, data.draw(BYTES | JSON.map(encode)))
    assert code in (1, 3), text
    assert "a defect of the check" not in text, text


@some(40)
@given(st.data())
def test_the_command_has_no_defect_on_an_answer_that_is_nearly_true(tmp_path, answered, data):
    target = data.draw(st.sampled_from([name for name, body in answered.items() if body.startswith(b"{")]))
    body = data.draw(mutants(json.loads(answered[target])).map(encode))
    code, text = run_with_wrong_answer(tmp_path, target, 200, body)
    assert code in (0, 1, 3), text
    assert "a defect of the check" not in text, text


@pytest.mark.parametrize("version", [[], {"id": [], "tag": "t"}, {"id": "v1", "tag": {}}, "v1"])
def test_a_version_of_another_form_is_a_finding(tmp_path, version):
    body = {"status": "healthy", "service": "backfill-worker", "version": "1.0.0", "worker_version": version}
    code, text = run_with_wrong_answer(tmp_path, "GET /health", 200, encode(body))
    assert code == 1
    assert re.search(r"worker_version\.tag\n\s+expected +bv:", text)
