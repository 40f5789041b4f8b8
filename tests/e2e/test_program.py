"""The program under the real engine: the messages for a wrong setting, a foreign worker and a foreign bucket."""

import json
import shutil

import pytest
import yaml

from rehearsal import local_system as local
from rehearsal.local_system import commands as process
from review import preview


class Stack:
    def __init__(self, world, file):
        self.world, self.file = world, file

    def run(self, *arguments, given=None, folder=local.ROOT):
        environment = {
            **self.world.local.environment,
            "ACE_API_KEY": "",
            "PULUMI_STACK": "prod",
            "PULUMI_OPTION_CONFIG_FILE": str(self.file),
        }
        command = process.run(("pulumi", *arguments), environment=environment, folder=folder, given=given)
        return self.world.wait(command)


@pytest.fixture
def stack(world, tmp_path):
    """A second stack of the same backend, made as docs/getting-started.md says, from the template of production."""
    shutil.copy(local.ROOT / "Pulumi.yaml", tmp_path)
    made = Stack(world, shutil.copy(local.ROOT / "Pulumi.prod.yaml", tmp_path / "Pulumi.prod.yaml"))
    code, output = made.run("stack", "init", "prod", "--no-select", folder=tmp_path)
    assert code == 0, output
    yield made
    made.run("stack", "rm", "prod", "--yes", "--force", "--preserve-config", folder=tmp_path)


def settings(stack):
    assert stack.run("config", "set", "accountId", local.ACCOUNT_ID)[0] == 0
    assert stack.run("config", "set", "workersSubdomain", "rehearsal")[0] == 0
    assert stack.run("config", "set", "--secret", "aceApiKey", given="fake-ace-key-for-tests\n")[0] == 0


def test_every_problem_is_one_line_and_nothing_is_previewed(stack):
    for key, value in {"bucket": "No", "pageSize": "123", "startDate": "2024-12-10", "settlehours": "2"}.items():
        assert stack.run("config", "set", key, value)[0] == 0
    assert stack.run("config", "set", "--path", "sites[1].startDate", "2024-02-30")[0] == 0
    assert stack.run("config", "set", "--plaintext", "aceApiKey", "fake-ace-key-for-tests")[0] == 0
    for path, value in {"name": "NOTE", "type": "plain_text"}.items():
        assert stack.run("config", "set", "--path", f"extraBindings[0].{path}", value)[0] == 0
    assert stack.run("config", "set", "--secret", "--path", "extraBindings[0].text", given="fake-canary\n")[0] == 0
    code, output = stack.run("preview")
    assert code != 0
    assert "Traceback" not in output
    assert "fake-canary" not in output
    assert "fake-ace-key" not in output
    lines = [line.strip().removeprefix("error: ") for line in output.splitlines()]
    for problem in (
        "accountId: expected 32 hex digits, found nothing. Run: pulumi config set --stack prod accountId VALUE",
        "bucket: expected 3 to 63 of a-z, 0-9 and '-', with no '-' at either end, found 'No'",
        "pageSize: expected one of 1000, 5000, 10000, 50000, 100000, found '123'",
        "workersSubdomain or workerUrl: expected exactly one of them, found neither",
        "sites[1].name: expected letters, digits, '_', '-' and '.', with no '.' at its start, found nothing",
        "sites[1].startDate: expected a date as YYYY-MM-DD, found '2024-02-30'",
        "'settlehours' is not a setting: did you mean settleHours? Run: pulumi config rm --stack prod NAME",
    ):
        assert problem in lines, output
    assert any(
        line.startswith("startDate: replaced by sites, a list (docs/upgrade.md). Run: pulumi") for line in lines
    ), output
    assert any(line.startswith("aceApiKey is stored in clear") for line in lines), output
    assert any(line.startswith("extraBindings holds a value that is stored as a secret") for line in lines), output


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"CLOUDFLARE_API_TOKEN": ""}, "cloudflare:apiToken is not set (export CLOUDFLARE_API_TOKEN)"),
        (
            {"CLOUDFLARE_API_TOKEN": "fake" * 10},
            "Cloudflare's API refused with 403 [10000]: Authentication error: expected a CLOUDFLARE_API_TOKEN with the permission Workers Scripts: Read",
        ),
        ({"CLOUDFLARE_BASE_URL": "http://127.0.0.1:9/client/v4"}, "Cloudflare's API cannot be reached (ConnectError)"),
    ],
)
def test_a_preview_without_access_to_the_api_fails_in_one_line(world, environment, said):
    """Case C12: as far as the program can, because a refresh precedes it."""
    code, output = world.run("pulumi", "preview", "--refresh=false", **environment)
    assert code != 0
    assert said in output
    assert "Traceback" not in output


def test_adopt_with_an_existing_state_deletes_nothing(world, tmp_path):
    world.wait(world.local.edge.r2_put(world.local.bucket, "kept", b"data", http_metadata={}, custom_metadata={}))
    file = tmp_path / "Pulumi.rehearsal.yaml"
    shutil.copy(world.local.environment["PULUMI_OPTION_CONFIG_FILE"], file)
    assert world.run("pulumi", "config", "set", "adopt", "true", PULUMI_OPTION_CONFIG_FILE=str(file))[0] == 0
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview", PULUMI_OPTION_CONFIG_FILE=str(file))
    assert code == 0, output
    assert "kept" in world.objects()
    lines = [request for request in world.local.cloudflare.requests if request.method == "DELETE"]
    assert [
        line.path for line in lines if line.path.endswith((f"buckets/{world.local.bucket}", world.local.worker_name))
    ] == []
    world.wait(world.local.edge.r2_delete(world.local.bucket, "kept"))


def test_an_ordinary_change_is_not_drift_and_is_verified(world, tmp_path):
    file = tmp_path / "Pulumi.rehearsal.yaml"
    shutil.copy(world.local.environment["PULUMI_OPTION_CONFIG_FILE"], file)
    environment = {"PULUMI_OPTION_CONFIG_FILE": str(file)}
    assert world.run("pulumi", "config", "set", "pageSize", "5000", **environment)[0] == 0
    code, output = world.run("pulumi", "preview", "--diff", **environment)
    assert code == 0
    assert '=> "drift:' not in output
    assert "10000" in output
    assert "5000" in output
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview", **environment)
    assert code == 0
    shown = output.partition("Outputs:")[2].strip().partition("\n\n")[0].splitlines()
    if not shown:  # on a busy machine the engine at times prints no outputs at all
        shown = world.run("pulumi", "stack", "output", **environment)[1].splitlines()[2:]
    assert [line.split()[0].rstrip(":") for line in shown] == ["bucket", "manifest", "operatorToken", "url"], output
    assert all(len(line) <= 80 for line in shown), "case P18: a few readable lines"
    code, report = world.checks()
    assert code == 0
    not_declared = {"parity", "query"}
    assert {check["id"] for check in report["checks"] if check["outcome"] != "pass"} == not_declared


def test_a_secret_in_clear_is_refused_at_preview(stack):
    """Case P7: a variable of 6.5 KB is refused as well."""
    settings(stack)
    file = yaml.safe_load(stack.file.read_text())
    file["config"]["building-vitals:extraBindings"] = [
        {"type": "plain_text", "name": "NOTE", "text": "https://jo:fakefake@db.example.org " + "plain words " * 540}
    ]
    file["config"] |= {"building-vitals:workerName": "another", "building-vitals:bucket": "another"}
    stack.file.write_text(yaml.safe_dump(file))
    code, output = stack.run("preview")
    assert code != 0
    assert "Traceback" not in output
    assert "has a value that looks like a secret" in output
    assert "6,515 bytes, and Cloudflare stores at most 5,120" in output
    assert "fakefake" not in output


def test_a_key_that_cannot_work_is_refused_at_preview(stack):
    """Case P7: a key of 7,322 characters. Cloudflare stores 5 KB."""
    settings(stack)
    assert stack.run("config", "set", "--secret", "aceApiKey", given=f"{'longer' * 1220}ab\n")[0] == 0
    code, output = stack.run("preview")
    assert code != 0
    assert "aceApiKey has more than 5,120 characters" in output


def test_a_bucket_without_protection_is_refused_at_preview(stack, tmp_path):
    settings(stack)
    for key in ("workerName", "bucket"):
        stack.run("config", "set", key, "another")
    program = tmp_path / "program"
    program.mkdir()
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(local.ROOT / name, program)
    for name in ("cloudflare_client", "contract", "infra", "workers"):
        shutil.copytree(local.ROOT / name, program / name)
    (program / ".venv").symlink_to(local.ROOT / ".venv")
    bucket = program / "infra" / "resources" / "bucket.py"
    bucket.write_text(bucket.read_text().replace("protect=True, ", ""))
    code, output = stack.run("preview", folder=program)
    assert code != 0
    assert "the bucket 'timeseries' is declared without protect=True" in output, output
    assert "Traceback" not in output


def test_a_state_of_the_former_version_is_kept_and_no_resource_of_cloudflare_is_touched(world, tmp_path):
    file = tmp_path / "state.json"
    world.pulumi("up", "--yes", "--skip-preview")  # with the settings of this world
    world.pulumi("stack", "export", "--file", str(file))
    state = json.loads(file.read_text().replace("building-vitals:edge:Manifest", "building-vitals:edge:Promise"))
    resources = state["deployment"]["resources"]
    state["deployment"]["resources"] = [item for item in resources if item["type"] != "building-vitals:edge:Drift"]
    former = {"manifest": {"schema": 1}, "operatorToken": resources[0]["outputs"]["operatorToken"]}
    resources[0]["outputs"] = former  # the manifest was an object, and the only other output was the token
    file.write_text(json.dumps(state))
    world.pulumi("stack", "import", "--force", "--file", str(file))
    before = len(world.local.cloudflare.requests)
    output = world.pulumi("up", "--yes", "--skip-preview")
    assert "+ 1 created" in output  # the record of drift
    assert "deleted" not in output
    assert "replaced" not in output
    assert {request.method for request in world.local.cloudflare.requests[before:]} == {"GET"}
    world.pulumi("preview", "--expect-no-changes")


def test_a_resource_with_a_slash_in_its_name_is_a_row_of_the_review(world, tmp_path):
    """Case P2, with the engine."""
    program = tmp_path / "program"
    program.mkdir()
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(local.ROOT / name, program)
    for name in ("cloudflare_client", "contract", "infra", "workers"):
        shutil.copytree(local.ROOT / name, program / name)
    (program / ".venv").symlink_to(local.ROOT / ".venv")
    with (program / "__main__.py").open("a") as main:
        main.write('pulumi.ComponentResource("building-vitals:storage:Rule", "timeseries/expire")\n')
    command = process.run(("pulumi", "preview", "--json"), environment=world.local.environment, folder=program)
    code, output = world.wait(command)
    assert code == 0, output
    seen = preview.read(output[output.index("{") : output.rindex("}") + 1].encode())
    assert not seen.failed
    assert [(item.op, item.name) for item in seen.changes] == [("create", "timeseries/expire")]
