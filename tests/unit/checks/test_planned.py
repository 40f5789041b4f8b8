"""Before anything is deployed: the promises of a preview, and the key of the stack's configuration."""

import json
import sys

import httpx
import pytest

from checks.run import deployed_manifest
from checks.run.execute import Outside, Request, execute
from checks.run.options import Refused
from checks.run.pulumi_cli import UnreadableError, UnusableError
from tests.unit.checks.world import ENVIRON, KEY, NOW, World, manifest_data

URN = "urn:pulumi:prod::building-vitals::building-vitals:edge:Worker$building-vitals:edge:Manifest::backfill"
NOT_THERE = {"err": "error: configuration key 'aceApiKey' not found for stack 'prod'\n", "code": 255}


@pytest.fixture
def pulumi(tmp_path, monkeypatch):
    """Install a fake engine on PATH that answers each command in its own way, and notes what it was asked."""

    def install(**answers):
        answers = {name: {"out": "", "err": "", "code": 0} | answer for name, answer in answers.items()}
        script = f"#!{sys.executable}\nimport sys\nanswers = {answers!r}\n"
        script += f"open({str(tmp_path / 'asked')!r}, 'a').write(' '.join(sys.argv[1:]) + chr(10))\n"
        script += "found = answers[sys.argv[1]]\nsys.stdout.write(found['out']); sys.stderr.write(found['err'])\n"
        script += "sys.exit(found['code'])\n"
        (tmp_path / "pulumi").write_text(script)
        (tmp_path / "pulumi").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path / "asked"

    return install


def preview(*steps, **more):
    return {"out": json.dumps({"steps": list(steps), **more})}


def step(data, urn=URN):
    return {"op": "create", "urn": urn, "newState": {"inputs": {"manifest": data}}}


@pytest.mark.parametrize("urn", [URN, URN.replace("building-vitals:edge:Worker$", "")])
def test_the_promises_of_a_preview(pulumi, urn):
    asked = pulumi(stack={"out": "{}"}, preview=preview({"urn": 5}, 7, step(manifest_data(), urn)))
    found = deployed_manifest.from_stack("prod", planned=True)
    assert found.manifest.to_dict() == manifest_data()
    assert found.operator_token is None
    assert asked.read_text().splitlines()[1] == "preview --json --non-interactive --stack=prod"


def test_a_preview_is_not_asked_for_where_something_is_deployed(pulumi):
    asked = pulumi(stack={"out": json.dumps({"manifest": manifest_data()})})
    deployed_manifest.from_stack("prod", planned=True)
    assert len(asked.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (preview(), UnreadableError, "shows no building-vitals:edge:Manifest"),
        (preview(step(None, urn="urn:pulumi:prod::x")), UnreadableError, "shows no"),
        ({"out": "[]"}, UnreadableError, "shows no"),
        (preview(step({"schema": 2})), UnreadableError, "manifest.schema: expected 1"),
        (preview(step(None)), UnreadableError, "expected an object"),
        ({"out": "no json", "code": 255, "err": "error: it broke\n"}, UnreadableError, "pulumi preview: it broke"),
        ({"out": "", "code": 1, "err": "error: no stack named 'x' found"}, UnusableError, "no stack named"),
        (
            {**preview(diagnostics=[{"severity": "warning", "message": "w"}, {"severity": "error", "message": "\n one\n"}]),
             "code": 255},
            UnreadableError,
            "pulumi preview: one",
        ),
    ],
)  # fmt: skip
def test_a_preview_that_does_not_say_is_one_line(pulumi, answer, kind, text):
    pulumi(stack={"out": "{}"}, preview=answer)
    with pytest.raises(kind) as caught:
        deployed_manifest.from_stack("prod", planned=True)
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("text", [f"{KEY}\n", KEY])
def test_the_key_of_the_stack(pulumi, text):
    asked = pulumi(config={"out": text})
    assert deployed_manifest.ace_key("prod").reveal() == KEY
    assert asked.read_text() == "config get aceApiKey --non-interactive --stack=prod\n"


def test_a_stack_without_a_key_and_one_that_cannot_be_decrypted(pulumi):
    pulumi(config=NOT_THERE)
    assert deployed_manifest.ace_key("prod") is None
    pulumi(config={"out": "\n"})
    assert deployed_manifest.ace_key("prod") is None
    pulumi(config={"err": "error: incorrect passphrase", "code": 255})
    with pytest.raises(UnreadableError, match="pulumi config get aceApiKey: incorrect passphrase"):
        deployed_manifest.ace_key("prod")


# ---- a whole run


def ran(*names, environ, world=None):
    world, written = world or World(), []
    outside = Outside(
        environ=environ, write=written.append, transport=httpx.MockTransport(world.handle), now=lambda: NOW
    )
    code = execute(Request(stack="prod", manifest=None, names=names, verbose=True), outside)
    return code, "".join(written)


def test_config_and_token_run_before_any_deployment_with_the_key_of_the_stack(pulumi):
    asked = pulumi(stack={"out": "{}"}, preview=preview(step(manifest_data())), config={"out": f"{KEY}\n"})
    code, text = ran("config", "token", environ={})
    assert code == 0, text
    assert "ACE accepts the stack's aceApiKey and serves ses_falls_city" in text
    assert KEY not in text
    assert [line.split()[0] for line in asked.read_text().splitlines()] == ["stack", "preview", "config"]


@pytest.mark.parametrize(
    ("names", "environ", "commands"),
    [(("config",), {}, ["stack"]), (("token",), ENVIRON, ["stack"]), (("token",), {}, ["stack", "config"])],
)
def test_the_key_of_the_stack_is_read_only_where_it_is_wanted_and_missing(pulumi, names, environ, commands):
    asked = pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config={"out": KEY})
    assert ran(*names, environ=environ)[0] == 0
    assert [line.split()[0] for line in asked.read_text().splitlines()] == commands


def test_a_stack_with_nothing_deployed_is_no_verdict_for_the_others(pulumi):
    asked = pulumi(stack={"out": "{}"})
    with pytest.raises(Refused, match="has no output manifest") as caught:
        ran("config", "health", environ={})
    assert caught.value.code == 3
    assert len(asked.read_text().splitlines()) == 1


def test_the_key_of_the_stack_is_masked_wherever_it_is_echoed(pulumi):
    pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config={"out": "fake-canary-key-0123456789"})
    world = World()
    world.routes["GET", "/paginated"] = httpx.Response(404, text="fake-canary-key-0123456789 and its tail 0123456789")
    code, text = ran("token", environ={}, world=world)
    assert code == 1
    assert "canary" not in text


def test_a_key_that_cannot_be_read_is_one_line(pulumi):
    pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config={"err": "error: locked", "code": 1})
    with pytest.raises(Refused, match="pulumi config get aceApiKey: locked") as caught:
        ran("token", environ={})
    assert caught.value.code == execute.EXIT_INCONCLUSIVE
