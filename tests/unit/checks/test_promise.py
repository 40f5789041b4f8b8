"""Promises are read from a stack, a file or standard input, and what is wrong with them is one line."""

import io
import json
import subprocess
import sys

import pytest

from checks.run import pulumi_cli
from checks.run.deployed_manifest import UnreadableError, UnusableError, from_file, from_stack
from tests.unit.checks.world import manifest_data

CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


@pytest.fixture
def pulumi(tmp_path, monkeypatch):
    """Install a fake engine on PATH that prints what it is told to."""

    def install(*, out="", err="", code=0):
        script = f"#!{sys.executable}\nimport sys\nsys.stdout.write({out!r}); sys.stderr.write({err!r})\n"
        script += f"open({str(tmp_path / 'argv')!r}, 'w').write(' '.join(sys.argv[1:])); sys.exit({code})\n"
        file = tmp_path / "pulumi"
        file.write_text(script)
        file.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return tmp_path / "argv"

    return install


def test_a_stack(pulumi):
    argv = pulumi(out=json.dumps({"manifest": manifest_data(), "operatorToken": CANARY}))
    found = from_stack("prod")
    assert found.manifest.to_dict() == manifest_data()
    assert found.operator_token.reveal() == CANARY
    assert argv.read_text() == "stack output --json --show-secrets --non-interactive --stack=prod"


def test_a_stack_without_a_token(pulumi):
    pulumi(out=json.dumps({"manifest": manifest_data(), "operatorToken": ""}))
    assert from_stack("prod").operator_token is None


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        ({"code": 255, "err": "warn\nerror: no stack named 'x' found\n"}, UnusableError, "no stack named 'x' found"),
        ({"code": 255, "err": "error: passphrase must be set\nmore\n"}, UnreadableError, "passphrase must be set"),
        ({"code": 1, "err": "strange\n"}, UnreadableError, "strange"),
        ({"code": 1}, UnreadableError, "did not say why"),
        ({"out": "no json"}, UnreadableError, "something that is no JSON"),
        ({"out": "{}"}, UnreadableError, "pulumi up --stack prod"),
        ({"out": "[]"}, UnreadableError, "has no output manifest"),
        ({"out": '{"manifest": {"schema": 2}}'}, UnreadableError, "manifest.schema: expected 1"),
    ],
)
def test_a_stack_that_cannot_be_read(pulumi, answer, kind, text):
    pulumi(**answer)
    with pytest.raises(kind) as caught:
        from_stack("prod")
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_an_engine_that_hangs(monkeypatch, pulumi):
    pulumi()

    def hang(*args, **kwargs):
        raise subprocess.TimeoutExpired("pulumi", kwargs["timeout"])

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(UnreadableError, match="no answer within 120 s"):
        from_stack("prod")


def test_an_engine_that_cannot_be_run(tmp_path, monkeypatch):
    home = tmp_path / ".pulumi" / "versions"
    for version in ("3.9.0", "3.259.0", "dev"):
        (home / version / "bin").mkdir(parents=True)
        (home / version / "bin" / "pulumi").write_text("not executable")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "3.259.0" in pulumi_cli.executable()
    with pytest.raises(UnreadableError, match="cannot be run: Permission denied"):
        from_stack("prod")


def test_no_engine(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(UnreadableError, match="pulumi is not on PATH"):
        from_stack("prod")


def test_a_file_and_standard_input(tmp_path, monkeypatch):
    file = tmp_path / "m.json"
    file.write_text(json.dumps(manifest_data()))
    assert from_file(str(file)).manifest.stack == "prod"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(file.read_bytes())))
    assert from_file("-").manifest.stack == "prod"


@pytest.mark.parametrize("name", ["", "a b", "a/b/c/d", "a\nb", "$(x)"])
def test_a_name_that_no_stack_can_have_is_usage_and_asks_nobody(pulumi, name):
    argv = pulumi()
    with pytest.raises(UnusableError, match="is no stack's name"):
        from_stack(name)
    assert not argv.exists()


def test_a_file_that_is_no_json_says_so(tmp_path, monkeypatch):
    file = tmp_path / "m.json"
    for content, text in ((b"foo", "it is no JSON"), (b" \n", "it is empty"), (b"null", "expected an object")):
        file.write_bytes(content)
        with pytest.raises(UnusableError, match=text):
            from_file(str(file))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UnusableError, match="standard input is closed"):
        from_file("-")


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[", b"[]", b"{}", b"[" * 10**5, b"1" * 5000, b'{"schema": 1}', b" " * (2**20 + 1)]
)
def test_a_file_that_is_no_manifest(tmp_path, content):
    file = tmp_path / "m.json"
    file.write_bytes(content)
    with pytest.raises(UnusableError) as caught:
        from_file(str(file))
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UnusableError, match="No such file"):
        from_file(str(tmp_path / "none"))
