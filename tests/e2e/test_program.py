"""The program under the real engine: the messages for a wrong setting, a foreign worker and a foreign bucket."""

import json
import shutil

import pytest
import yaml

from rehearsal import local_system as local
from rehearsal.local_system import commands as process
from review import preview
from tests.e2e import shortcuts


class Stack:
    def __init__(self, world, file):
        self.world, self.file = world, file

    def run(self, *arguments, folder=local.ROOT, **more):
        environment = {
            **self.world.local.environment,
            "ACE_API_KEY": "",
            "PULUMI_STACK": "prod",
            "PULUMI_OPTION_CONFIG_FILE": str(self.file),
            **more,
        }
        return self.world.wait(process.run(("pulumi", *arguments), environment=environment, folder=folder))

    def set_all(self, *options):
        code, output = self.run("config", "set-all", "--path", *options)
        assert code == 0, output


@pytest.fixture(scope="module")
def made(world, tmp_path_factory):
    """A second stack of the same backend, made as docs/getting-started.md says, from the template of production."""
    folder = tmp_path_factory.mktemp("prod")
    shutil.copy(local.ROOT / "Pulumi.yaml", folder)
    made = Stack(world, shutil.copy(local.ROOT / "Pulumi.prod.yaml", folder / "Pulumi.prod.yaml"))
    code, output = made.run("stack", "init", "prod", "--no-select", folder=folder)
    assert code == 0, output
    return made


@pytest.fixture(scope="module")
def template(made):
    """The stack's file with the settings that everybody sets, and with other names than the deployed ones."""
    before = made.file.read_text()
    plain = {
        "accountId": local.ACCOUNT_ID,
        "workersSubdomain": "rehearsal",
        "workerName": "another",
        "bucket": "another",
    }
    made.set_all("--secret=aceApiKey=fake-ace-key-for-tests", *(f"--plaintext={key}={plain[key]}" for key in plain))
    ready = made.file.read_text()
    made.file.write_text(before)
    return ready


@pytest.fixture
def stack(made):
    before = made.file.read_text()
    yield made
    made.file.write_text(before)


def copy_program(folder):
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(local.ROOT / name, folder)
    for name in ("cloudflare_client", "contract", "infra", "workers"):
        shutil.copytree(local.ROOT / name, folder / name)
    (folder / ".venv").symlink_to(local.ROOT / ".venv")


def test_every_problem_is_one_line_and_nothing_is_previewed(stack):
    plain = {"bucket": "No", "pageSize": "123", "startDate": "2024-12-10", "settlehours": "2"}
    plain |= {"sites[1].startDate": "2024-02-30", "aceApiKey": "fake-ace-key-for-tests"}
    plain |= {"extraBindings[0].name": "NOTE", "extraBindings[0].type": "plain_text"}
    stack.set_all("--secret=extraBindings[0].text=fake-canary", *(f"--plaintext={key}={plain[key]}" for key in plain))
    code, output = stack.run("preview", CLOUDFLARE_API_TOKEN="")
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
        "cloudflare:apiToken is not set (export CLOUDFLARE_API_TOKEN)",
    ):
        assert problem in lines, output
    assert any(
        line.startswith("startDate: replaced by sites, a list (docs/upgrade.md). Run: pulumi") for line in lines
    ), output
    assert any(line.startswith("aceApiKey is stored in clear") for line in lines), output
    assert any(line.startswith("extraBindings holds a value that is stored as a secret") for line in lines), output


def test_a_preview_without_access_to_the_api_fails_in_one_line(world):
    """Case C12: as far as the program can, because a refresh precedes it. tests/unit/infra/test_account.py has others."""
    code, output = world.run("pulumi", "preview", "--refresh=false", CLOUDFLARE_API_TOKEN="fake" * 10)
    assert code != 0
    assert (
        "Cloudflare's API refused with 403 [10000]: Authentication error: expected a CLOUDFLARE_API_TOKEN with the "
        "permission Workers Scripts: Read"
    ) in output
    assert "Traceback" not in output


def test_an_ordinary_change_is_not_drift_and_is_verified(world):
    shortcuts.declare(world, pageSize="5000")
    code, output = world.run("pulumi", "preview", "--diff")
    assert code == 0
    assert '=> "drift:' not in output
    assert "10000" in output
    assert "5000" in output
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview")
    assert code == 0
    shown = output.partition("Outputs:")[2].strip().partition("\n\n")[0].splitlines()
    if not shown:  # on a busy machine the engine at times prints no outputs at all
        shown = world.run("pulumi", "stack", "output")[1].splitlines()[2:]
    assert [line.split()[0].rstrip(":") for line in shown] == ["bucket", "manifest", "operatorToken", "url"], output
    assert all(len(line) <= 80 for line in shown), "case P18: a few readable lines"
    code, report = shortcuts.checks(world)
    assert code == 0
    not_declared = {"parity", "query"}
    assert {check["id"] for check in report["checks"] if check["outcome"] != "pass"} == not_declared


def test_a_secret_in_clear_is_refused_at_preview(stack, template):
    """Case P7: a variable of 6.5 KB is refused as well."""
    file = yaml.safe_load(template)
    file["config"]["building-vitals:extraBindings"] = [
        {"type": "plain_text", "name": "NOTE", "text": "https://jo:fakefake@db.example.org " + "plain words " * 540}
    ]
    stack.file.write_text(yaml.safe_dump(file))
    code, output = stack.run("preview")
    assert code != 0
    assert "Traceback" not in output
    assert "has a value that looks like a secret" in output
    assert "6,515 bytes, and Cloudflare stores at most 5,120" in output
    assert "fakefake" not in output


def test_a_bucket_without_protection_is_refused_at_preview(stack, template, tmp_path):
    stack.file.write_text(template)
    copy_program(tmp_path)
    bucket = tmp_path / "infra" / "resources" / "bucket.py"
    bucket.write_text(bucket.read_text().replace("protect=True, ", ""))
    code, output = stack.run("preview", folder=tmp_path)
    assert code != 0
    assert "the bucket 'timeseries' is declared without protect=True" in output, output
    assert "Traceback" not in output


def test_a_state_of_the_former_version_is_kept_and_no_resource_of_cloudflare_is_touched(world, tmp_path):
    """And `adopt`, with an existing state, changes nothing."""
    file = tmp_path / "state.json"
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
    shortcuts.declare(world, adopt="true")
    world.pulumi("preview", "--expect-no-changes")


def test_a_resource_with_a_slash_in_its_name_is_a_row_of_the_review(world, tmp_path):
    """Case P2, with the engine."""
    copy_program(tmp_path)
    with (tmp_path / "__main__.py").open("a") as main:
        main.write('pulumi.ComponentResource("building-vitals:storage:Rule", "timeseries/expire")\n')
    command = process.run(("pulumi", "preview", "--json"), environment=world.local.environment, folder=tmp_path)
    code, output = world.wait(command)
    assert code == 0, output
    seen = preview.read(output[output.index("{") : output.rindex("}") + 1].encode())
    assert not seen.failed
    assert [(item.op, item.name) for item in seen.changes] == [("create", "timeseries/expire")]
