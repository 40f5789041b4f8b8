"""The manifest of a stack, a preview, a file or standard input, and one line for each way to fail."""

import io
import json
import subprocess
import sys

import pytest

from checks.run import pulumi_cli
from checks.run.deployed_manifest import UnreadableError, UnusableError, read_ace_key, read_from_file, read_from_stack
from contract.manifest import Manifest
from tests.fakes.manifest import KEY, manifest_data
from tests.fakes.pulumi import NO_KEY, URN, preview, step

CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


def test_a_stack(pulumi):
    argv = pulumi(stack={"out": json.dumps({"manifest": manifest_data(), "operatorToken": CANARY})})
    found = read_from_stack("prod")
    assert found.manifest == Manifest.from_dict(manifest_data())
    assert found.operator_token.reveal() == CANARY
    assert argv.read_text() == "stack output --json --show-secrets --non-interactive --stack=prod\n"


def test_a_stack_without_a_token(pulumi):
    pulumi(stack={"out": json.dumps({"manifest": manifest_data(), "operatorToken": ""})})
    assert read_from_stack("prod").operator_token is None


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ({"code": 255, "err": "warn\nerror: no stack named 'x' found\n"}, UnusableError, "no stack named 'x' found"),
        ({"code": 255, "err": "error: passphrase must be set\nmore\n"}, UnreadableError, "passphrase must be set"),
        ({"code": 1, "err": "strange\n"}, UnreadableError, "strange"),
        ({"code": 1}, UnreadableError, "failed without a message"),
        ({"out": "no json"}, UnreadableError, "the answer is not JSON"),
        ({"out": "{}"}, UnreadableError, "pulumi up --stack prod"),
        ({"out": "[]"}, UnreadableError, "has no output manifest"),
        ({"out": '{"manifest": {"schema": 2}}'}, UnreadableError, "manifest.schema: expected 1"),
    ],
)
def test_a_stack_that_cannot_be_read(pulumi, answer, kind, text):
    pulumi(stack=answer)
    with pytest.raises(kind) as caught:
        read_from_stack("prod")
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_an_engine_that_hangs(monkeypatch, pulumi):
    pulumi(stack={})

    def hang(*args, **kwargs):
        raise subprocess.TimeoutExpired("pulumi", kwargs["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(UnreadableError, match="no answer within 120 s"):
        read_from_stack("prod")


def test_an_engine_that_cannot_be_run(tmp_path, monkeypatch):
    home = tmp_path / ".pulumi" / "versions"
    for version in ("3.9.0", "3.259.0", "dev"):
        (home / version / "bin").mkdir(parents=True)
        (home / version / "bin" / "pulumi").write_text("not executable")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "3.259.0" in pulumi_cli.find_pulumi()
    with pytest.raises(UnreadableError, match="cannot be run: Permission denied"):
        read_from_stack("prod")


def test_no_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UnreadableError, match="pulumi is not on PATH"):
        read_from_stack("prod")


def test_a_file_and_standard_input(tmp_path, monkeypatch):
    file = tmp_path / "m.json"
    file.write_text(json.dumps(manifest_data()))
    assert read_from_file(str(file)).manifest.stack == "prod"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    assert read_from_file("-").manifest.stack == "prod"


@pytest.mark.parametrize("name", ["", "a b", "a/b/c/d", "a\nb", "$(x)"])
def test_an_impossible_stack_name_is_a_usage_error_without_a_call(pulumi, name):
    argv = pulumi(stack={})
    with pytest.raises(UnusableError, match="is not a stack name"):
        read_from_stack(name)
    assert not argv.exists()


def test_a_file_that_is_not_json(tmp_path, monkeypatch):
    file = tmp_path / "m.json"
    for content, text in ((b"foo", "it is not JSON"), (b" \n", "it is empty"), (b"null", "expected an object")):
        file.write_bytes(content)
        with pytest.raises(UnusableError, match=text):
            read_from_file(str(file))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnusableError, match="standard input is closed"):
        read_from_file("-")


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[", b"[]", b"{}", b"[" * 10**5, b"1" * 5000, b'{"schema": 1}', b" " * (2**20 + 1)]
)
def test_a_file_that_is_not_a_manifest(tmp_path, content):
    file = tmp_path / "m.json"
    file.write_bytes(content)
    with pytest.raises(UnusableError) as caught:
        read_from_file(str(file))
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UnusableError, match="No such file"):
        read_from_file(str(tmp_path / "none"))


# ---- before anything is deployed


@pytest.mark.parametrize("urn", [URN, URN.replace("building-vitals:edge:Worker$", "")])
def test_the_manifest_of_a_preview(pulumi, urn):
    asked = pulumi(stack={"out": "{}"}, preview=preview({"urn": 5}, 7, step(manifest_data(), urn)))
    found = read_from_stack("prod", planned=True)
    assert found.manifest == Manifest.from_dict(manifest_data())
    assert found.operator_token is None
    assert asked.read_text().splitlines()[1] == "preview --json --non-interactive --stack=prod"


def test_a_preview_is_not_made_where_something_is_deployed(pulumi):
    asked = pulumi(stack={"out": json.dumps({"manifest": manifest_data()})})
    read_from_stack("prod", planned=True)
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
def test_a_preview_without_a_manifest_is_one_line(pulumi, answer, kind, text):
    pulumi(stack={"out": "{}"}, preview=answer)
    with pytest.raises(kind) as caught:
        read_from_stack("prod", planned=True)
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("text", [f"{KEY}\n", KEY])
def test_the_key_of_the_stack(pulumi, text):
    asked = pulumi(config={"out": text})
    assert read_ace_key("prod").reveal() == KEY
    assert asked.read_text() == "config get aceApiKey --non-interactive --stack=prod\n"


def test_a_stack_without_a_key_and_one_that_cannot_be_decrypted(pulumi):
    pulumi(config=NO_KEY)
    assert read_ace_key("prod") is None
    pulumi(config={"out": "\n"})
    assert read_ace_key("prod") is None
    pulumi(config={"err": "error: incorrect passphrase", "code": 255})
    with pytest.raises(UnreadableError, match="pulumi config get aceApiKey: incorrect passphrase"):
        read_ace_key("prod")
