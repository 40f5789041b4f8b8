"""The manifest of a stack, a preview, a file or standard input, and one line for each way to fail."""

import io
import json
import subprocess
import sys
import threading

import pytest

from checks.run.stack import pulumi_cli
from checks.run.stack.deployed_manifest import UnreadableError, UnusableError, read_from_file, read_from_stack
from contract.manifest import Manifest
from tests.fakes.manifest import KEY, NAME, SITE, URL, manifest_data
from tests.fakes.pulumi import URN, configuration, list_commands, preview, step

CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


def test_a_stack(pulumi):
    argv = pulumi(stack={"out": json.dumps({"manifest": manifest_data(), "operatorToken": CANARY})})
    found = read_from_stack("prod")
    assert found.manifest == Manifest.from_dict(manifest_data())
    assert found.operator_token.reveal() == CANARY
    assert argv.read_text() == "stack output --json --show-secrets --non-interactive --stack=prod\n"


def test_the_manifest_is_a_json_text_or_the_object_of_an_older_deployment(pulumi):
    """Case P18: the manifest is one text, so that `pulumi up` ends in a few lines."""
    pulumi(stack={"out": json.dumps({"manifest": json.dumps(manifest_data())})})
    assert read_from_stack("prod").manifest == Manifest.from_dict(manifest_data())
    pulumi(stack={"out": json.dumps({"manifest": "no json"})})
    with pytest.raises(UnreadableError, match=r"found another text\. Deploy it again with: pulumi up --stack prod"):
        read_from_stack("prod")


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
        ({"out": '{"manifest": {"schema": 3}}'}, UnreadableError, "manifest.schema: expected 1 or 2"),
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
    file.write_text(json.dumps(json.dumps(manifest_data())))  # pulumi stack output manifest --show-secrets --json
    assert read_from_file(str(file)).manifest.stack == "prod"
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
    for content, text in (
        (b"foo", "it is not JSON. Write one with: pulumi stack output manifest --show-secrets"),
        (b" \n", "it is empty"),
        (b"[secret]\n", "the engine left the manifest out. Write one with: .* --show-secrets"),
        (b"null", "expected an object"),
    ):
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


def refused(text):
    """Return the answer of a preview whose program refuses its settings. Each problem is a line."""
    message = f"error: {text}\nanother: expected x, found y\n"
    return {**preview(diagnostics=[{"severity": "error", "message": message}]), "code": 255}


@pytest.mark.parametrize("urn", [URN, URN.replace("building-vitals:edge:Worker$", "")])
def test_the_manifest_of_a_preview(pulumi, urn):
    steps = preview({"urn": 5}, 7, step(manifest_data(), urn))
    asked = pulumi(stack={"out": "{}"}, preview=steps, config=configuration())
    found = read_from_stack("prod", planned=True)
    assert found.manifest == Manifest.from_dict(manifest_data())
    assert found.operator_token is None
    assert asked.read_text().splitlines()[2] == "preview --json --non-interactive --stack=prod"


def test_the_steps_of_the_refresh_have_the_deployed_settings(pulumi):
    """A preview begins with the refresh of the deployed manifest. `backfill plan` showed that one."""
    deployed, new = manifest_data(), manifest_data(ace__page_size=5000)
    steps = preview({**step(deployed), "op": "refresh"}, {**step(new), "op": "update"})
    pulumi(stack={"out": json.dumps({"manifest": deployed})}, preview=steps, config=configuration(pageSize="5000"))
    assert read_from_stack("prod", planned=True).manifest == Manifest.from_dict(new)


def test_a_preview_is_not_made_where_something_is_deployed(pulumi):
    asked = pulumi(stack={"out": json.dumps({"manifest": manifest_data()})}, config=configuration())
    read_from_stack("prod", planned=True)
    assert list_commands(asked) == ["config", "stack"]


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (preview(), UnreadableError, "shows no building-vitals:edge:Manifest"),
        (preview(step(None, urn="urn:pulumi:prod::x")), UnreadableError, "shows no"),
        ({"out": "[]"}, UnreadableError, "shows no"),
        (preview(step({"schema": 3})), UnreadableError, "manifest.schema: expected 1 or 2"),
        (preview(step(None)), UnreadableError, "expected an object"),
        ({"out": "no json", "code": 255, "err": "error: it broke\n"}, UnreadableError, "pulumi preview: it broke"),
        ({"out": "", "code": 1, "err": "error: no stack named 'x' found"}, UnusableError, "no stack named"),
        (
            {**preview(diagnostics=[{"severity": "warning", "message": "w"}, {"severity": "error", "message": "\n one\n"}]),
             "code": 255},
            UnreadableError,
            "pulumi preview: one",
        ),
        (refused("pageSize: expected one of 1000, found '7'"), UnusableError, "pulumi preview: pageSize: expected"),
        (refused("workersSubdomain or workerUrl: expected exactly one of them, found both"), UnusableError, "found both"),
        (refused("'pagesize' is not a setting: did you mean pageSize?"), UnusableError, "preview: 'pagesize' is"),
        (refused("site and startDate: replaced by sites, a list"), UnusableError, "preview: site and startDate: replaced"),
        (refused("aceApiKey is not set (run: pulumi config set)"), UnreadableError, "preview: aceApiKey is not set"),
        (refused("Cloudflare API: expected a token, found none"), UnreadableError, "preview: Cloudflare API: expected"),
    ],
)  # fmt: skip
def test_a_preview_without_a_manifest_is_one_line(pulumi, answer, kind, text):
    pulumi(stack={"out": "{}"}, preview=answer, config=configuration())
    with pytest.raises(kind) as caught:
        read_from_stack("prod", planned=True)
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


# ---- the configuration of a stack

DEPLOYED = {"out": json.dumps({"manifest": manifest_data()})}


def test_the_key_of_the_stack(pulumi):
    pulumi(stack=DEPLOYED, config=configuration(KEY))
    assert read_from_stack("prod", key=True).ace_key.reveal() == KEY
    pulumi(stack=DEPLOYED, config=configuration())
    assert read_from_stack("prod", key=True).ace_key is None


def test_a_key_that_cannot_be_decrypted_is_one_line(pulumi):
    pulumi(stack=DEPLOYED, config={"err": "error: incorrect passphrase", "code": 255})
    with pytest.raises(UnreadableError, match="pulumi config: incorrect passphrase"):
        read_from_stack("prod", key=True)


def test_the_engine_is_asked_both_questions_concurrently(monkeypatch):
    both = threading.Barrier(2, timeout=5)

    def answer(stack, *command):
        both.wait()
        return {"manifest": manifest_data()} if command[0] == "stack" else {}

    monkeypatch.setattr(pulumi_cli, "read_json", answer)
    assert read_from_stack("prod", key=True).ace_key is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("sites", '[{"name": "nosuchsite", "startDate": "2024-12-10"}]'),
        ("sites", "no list"),
        ("pageSize", "5000"),
        ("schedule", ""),
        ("workerName", "other"),
    ],
)
def test_a_configured_setting_that_is_not_deployed_is_previewed(pulumi, setting, value):
    """Case C9: a check that needs no deployment reads the configured settings."""
    planned = manifest_data(names=["as-previewed"])
    asked = pulumi(stack=DEPLOYED, preview=preview(step(planned)), config=configuration(KEY, **{setting: value}))
    if setting == "workerName":
        asked = pulumi(
            stack=DEPLOYED, preview=preview(step(planned)), config=configuration(KEY, workerName=value, workerUrl="")
        )
    assert read_from_stack("prod", planned=True).manifest.sites[0].name == "as-previewed"
    assert list_commands(asked) == ["config", "preview", "stack"]


def test_the_url_of_a_worker_is_compared_as_the_program_builds_it(pulumi):
    """Case C9: no preview where nothing changed."""
    host = URL.removeprefix(f"https://{NAME}.").removesuffix(".workers.dev")
    asked = pulumi(stack=DEPLOYED, config=configuration(workerUrl="", workersSubdomain=host))
    read_from_stack("prod", planned=True)
    assert list_commands(asked) == ["config", "stack"]


def test_a_check_of_the_deployment_reads_the_deployed_manifest(pulumi):
    """Case C9: the deployed worker is compared with its own settings."""
    asked = pulumi(
        stack=DEPLOYED, config=configuration(KEY, sites='[{"name": "nosuchsite", "startDate": "2024-12-10"}]')
    )
    assert read_from_stack("prod", key=True).manifest.sites[0].name == SITE
    assert list_commands(asked) == ["config", "stack"]


# ---- the engine


@pytest.mark.parametrize("home", ["", "/nowhere"])
def test_without_home_and_pulumi_the_message_names_path(monkeypatch, tmp_path, home):
    """Case C15: no HOME, an empty PATH."""
    monkeypatch.setenv("PATH", "" if home else str(tmp_path))
    monkeypatch.setenv("HOME", home)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnreadableError, match="pulumi is not on PATH"):
        pulumi_cli.find_pulumi()


def test_without_any_home_the_message_names_path(monkeypatch, tmp_path):
    """Case C15: neither HOME nor the system names a home."""

    def no_home():
        raise RuntimeError

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(pulumi_cli.Path, "home", no_home)
    with pytest.raises(UnreadableError, match="pulumi is not on PATH"):
        pulumi_cli.find_pulumi()
