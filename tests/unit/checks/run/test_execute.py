"""A whole run before anything is deployed, with the key of the stack's configuration."""

import json

import httpx
import pytest

from checks.model.report import EXIT_INCONCLUSIVE
from checks.run.execute import execute
from checks.run.request import Request, RunRefused, Surroundings
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON, KEY, NOW, manifest_data
from tests.fakes.pulumi import preview, step


def run(*names, environ, system=None):
    system, written = system or healthy_system(), []
    outside = Surroundings(
        environ=environ, write=written.append, transport=httpx.MockTransport(system.handle), now=lambda: NOW
    )
    code = execute(Request(stack="prod", manifest=None, names=names, verbose=True), outside)
    return code, "".join(written)


def test_config_and_token_run_before_any_deployment_with_the_key_of_the_stack(pulumi):
    asked = pulumi(stack={"out": "{}"}, preview=preview(step(manifest_data())), config={"out": f"{KEY}\n"})
    code, text = run("config", "token", environ={})
    assert code == 0, text
    assert "ACE accepts the stack's aceApiKey and serves ses_falls_city" in text
    assert KEY not in text
    assert [line.split()[0] for line in asked.read_text().splitlines()] == ["stack", "preview", "config"]


@pytest.mark.parametrize(
    ("names", "environ", "commands"),
    [(("config",), {}, ["stack"]), (("token",), ENVIRON, ["stack"]), (("token",), {}, ["stack", "config"])],
)
def test_the_key_of_the_stack_is_read_only_where_it_is_needed(pulumi, names, environ, commands):
    asked = pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config={"out": KEY})
    assert run(*names, environ=environ)[0] == 0
    assert [line.split()[0] for line in asked.read_text().splitlines()] == commands


def test_a_stack_with_nothing_deployed_is_inconclusive_for_other_checks(pulumi):
    asked = pulumi(stack={"out": "{}"})
    with pytest.raises(RunRefused, match="has no output manifest") as caught:
        run("config", "health", environ={})
    assert caught.value.code == 3
    assert len(asked.read_text().splitlines()) == 1


def test_the_key_of_the_stack_is_masked_wherever_it_is_echoed(pulumi):
    pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config={"out": "fake-canary-key-0123456789"})
    system = healthy_system()
    system.routes["GET", "/paginated"] = httpx.Response(404, text="fake-canary-key-0123456789 and its tail 0123456789")
    code, text = run("token", environ={}, system=system)
    assert code == 1
    assert "canary" not in text


def test_a_key_that_cannot_be_read_is_one_line(pulumi):
    pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config={"err": "error: locked", "code": 1})
    with pytest.raises(RunRefused, match="pulumi config get aceApiKey: locked") as caught:
        run("token", environ={})
    assert caught.value.code == EXIT_INCONCLUSIVE
