"""A whole run before anything is deployed, with the key of the stack's configuration."""

import json

import httpx
import pytest

from checks.model.report import EXIT_INCONCLUSIVE
from checks.run.execute import execute
from checks.run.request import Request, RunRefused, Surroundings
from contract.operator_token import derive_operator_token
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON, KEY, NOW, manifest_data
from tests.fakes.pulumi import configuration, list_commands, preview, step


def run(*names, environ, system=None, manifest=None):
    system, written = system or healthy_system(), []
    outside = Surroundings(
        environ=environ, write=written.append, transport=httpx.MockTransport(system.handle), now=lambda: NOW
    )
    code = execute(Request(stack="prod", manifest=manifest, names=names, verbose=True), outside)
    return code, "".join(written)


def test_config_and_token_run_before_any_deployment_with_the_key_of_the_stack(pulumi):
    asked = pulumi(stack={"out": "{}"}, preview=preview(step(manifest_data())), config=configuration(KEY))
    code, text = run("config", "token", environ={})
    assert code == 0, text
    assert "ACE accepts the stack's aceApiKey and serves ses_falls_city" in text
    assert KEY not in text
    assert list_commands(asked) == ["config", "preview", "stack"]


@pytest.mark.parametrize(
    ("names", "environ", "commands"),
    [
        (("health",), {}, ["stack"]),
        (("config",), {}, ["config", "stack"]),
        (("token",), ENVIRON, ["config", "stack"]),
        (("token",), {}, ["config", "stack"]),
    ],
)
def test_the_configuration_is_read_only_where_it_is_needed(pulumi, names, environ, commands):
    asked = pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config=configuration(KEY))
    assert run(*names, environ=environ)[0] == 0
    assert list_commands(asked) == commands


def test_an_earlier_manifest_is_checked_with_the_credentials_of_the_stack(pulumi, tmp_path):
    """Issue 13, item 4: a version that was put back is verified by its own manifest."""
    pulumi(stack={"out": json.dumps({"manifest": manifest_data(worker__url="https://gone.example")})})
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest_data()))
    assert run("health", environ={}, manifest=str(file))[0] == 0


def test_a_stack_with_nothing_deployed_is_inconclusive_for_other_checks(pulumi):
    asked = pulumi(stack={"out": "{}"})
    with pytest.raises(RunRefused, match="has no output manifest") as caught:
        run("config", "health", environ={})
    assert caught.value.code == 3
    assert len(asked.read_text().splitlines()) == 1


def test_the_key_of_the_stack_is_masked_wherever_it_is_echoed(pulumi):
    pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config=configuration("fake-canary-key-0123456789"))
    system = healthy_system()
    system.routes["GET", "/paginated"] = httpx.Response(404, text="fake-canary-key-0123456789 and its tail 0123456789")
    code, text = run("token", environ={}, system=system)
    assert code == 1
    assert "canary" not in text


def test_a_key_that_cannot_be_read_is_one_line(pulumi):
    pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config={"err": "error: locked", "code": 1})
    with pytest.raises(RunRefused, match="pulumi config: locked") as caught:
        run("token", environ={})
    assert caught.value.code == EXIT_INCONCLUSIVE


STALE = "fake-stale-key-0123456789"


def deployed(**more):
    return {"out": json.dumps({"manifest": manifest_data(), **more})}


def test_the_key_of_the_stack_counts_and_a_stale_variable_is_named(pulumi):
    """Case C8: a stale ACE_API_KEY of the shell, and a good key in the stack."""
    pulumi(stack=deployed(), config=configuration(KEY))
    for names in (("token",), ("config", "token")):
        code, text = run(*names, environ={**ENVIRON, "ACE_API_KEY": STALE})
        assert code == 0, text
        assert "ACE accepts the stack's aceApiKey" in text
        assert text.count("ACE_API_KEY of the environment differs from the stack's own and was not used") == 1
        assert "set --secret" not in text
        assert STALE[:12] not in text


def test_the_same_key_in_the_stack_and_in_the_shell_gives_no_warning(pulumi):
    """Case C8: kept."""
    pulumi(stack=deployed(), config=configuration(KEY))
    assert "differs" not in run("config", "token", environ=ENVIRON)[1]


def test_the_variable_counts_where_the_stack_has_no_key(pulumi):
    """Case C8: a stack whose program gets the key from the environment."""
    pulumi(stack=deployed(), config=configuration())
    code, text = run("token", environ=ENVIRON)
    assert code == 0, text
    assert "ACE accepts the key in ACE_API_KEY" in text


def test_a_wrong_key_of_the_stack_fails_although_the_shell_has_a_good_one(pulumi):
    """Case C8: broken. The deployment gets the stack's key."""
    pulumi(stack=deployed(), config=configuration(STALE))
    code, text = run("token", environ=ENVIRON)
    assert code == 1
    assert "pulumi config set --secret aceApiKey" in text


def test_the_operator_token_of_the_stack_counts_and_a_stale_variable_is_named(pulumi):
    """Case C8: the same for OPERATOR_TOKEN."""
    pulumi(stack=deployed(operatorToken=derive_operator_token(KEY)), config=configuration(KEY))
    code, text = run("config", "key", environ={**ENVIRON, "OPERATOR_TOKEN": "fake-stale-token-0123456789"})
    assert code == 0, text
    assert "OPERATOR_TOKEN of the environment differs from the stack's own and was not used" in text
    assert "stale-token" not in text


def test_the_configured_site_is_tested_before_it_is_deployed(pulumi):
    """Case C9: `pulumi config set site nosuchsite`, then `checks run config token`."""
    planned = preview(step(manifest_data(names=["nosuchsite"])))
    pulumi(
        stack=deployed(),
        preview=planned,
        config=configuration(KEY, sites='[{"name": "nosuchsite", "startDate": "2024-12-10"}]'),
    )
    code, text = run("token", environ=ENVIRON)
    assert code == 1
    assert "serves nosuchsite" in text
