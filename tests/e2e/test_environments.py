"""Two stacks in one account, with the commands of docs/environments.md as they are: no stack meets or loses the other's."""

import re
import shutil

import pytest
import yaml

from rehearsal import local_system as local
from rehearsal.local_system import commands
from tests.e2e.conftest import started

PAGE = (local.ROOT / "docs" / "environments.md").read_text()
PROD, STAGING = "building-vitals-backfill", "building-vitals-backfill-staging"
DAYS = {"sites": [{"name": "ses_falls_city", "startDate": "2024-12-10", "endDate": "2024-12-11"}]}
EMPTY = "pulumi preview --expect-no-changes --stack"


def section(title):
    """The commands of a section of the page."""
    [found] = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return re.findall(r"^```bash\n(.*?)^```", found, re.MULTILINE | re.DOTALL)


def for_prod(commands):
    """The commands for the stack prod, whose names have no suffix."""
    return commands.replace("backfill-staging", "backfill").replace("staging", "prod")


class Clone:
    """A clean clone in the account of a rehearsal, with nothing of the rehearsal's own stack."""

    def __init__(self, world):
        self.world, self.account = world, world.local.cloudflare.account
        self.folder = world.local.folder / "clone"
        self.folder.mkdir()
        for entry in local.ROOT.iterdir():
            if entry.name.startswith("Pulumi."):
                shutil.copy(entry, self.folder)
            elif entry.name != ".git":
                (self.folder / entry.name).symlink_to(entry)
        unset = {"PULUMI_STACK", "PULUMI_OPTION_CONFIG_FILE", "PULUMI_BACKEND_URL"}
        self.environment = {key: value for key, value in world.local.environment.items() if key not in unset}
        self.environment["PULUMI_SKIP_CONFIRMATIONS"] = "true"
        self.run(f"pulumi login {world.local.environment['PULUMI_BACKEND_URL']}")

    def try_to(self, command, **more):
        shell = ("bash", "-eo", "pipefail", "-c", command)
        return self.world.wait(commands.run(shell, environment={**self.environment, **more}, folder=self.folder))

    def run(self, command, **more):
        code, output = self.try_to(command, **more)
        assert code == 0, output
        return output

    def refusal(self, stack, **settings):
        """The one line of a preview that is refused, with these settings for a moment."""
        file = self.folder / f"Pulumi.{stack}.yaml"
        before = file.read_text()
        self.configure(stack, **settings)
        code, output = self.try_to(f"pulumi preview --stack {stack}")
        file.write_text(before)
        assert code != 0, output
        assert "Traceback" not in output
        lines = dict.fromkeys(line.strip() for line in output.splitlines() if line.strip().startswith("error: "))
        [line] = [line for line in lines if "non-zero exit code" not in line]
        return line.removeprefix("error: ")

    def configure(self, stack, **settings):
        file = self.folder / f"Pulumi.{stack}.yaml"
        content = yaml.safe_load(file.read_text())
        content["config"] |= {f"building-vitals:{name}": value for name, value in settings.items()}
        file.write_text(yaml.safe_dump(content))

    def create(self, stack, worker):
        """Create a stack from its template, with the local addresses besides the settings that everybody sets."""
        self.run(f"pulumi stack init {stack}")
        url = self.world.wait(self.world.local.edge.reserve(worker))
        self.configure(
            stack, accountId=local.ACCOUNT_ID, workerUrl=url, aceBaseUrl=self.world.local.ace.url, adopt="true", **DAYS
        )

    def verify(self, stack):
        return self.run(f"python -m checks --stack {stack}")

    def tag(self, worker):
        return self.account.workers[worker].live.annotations["workers/tag"].split(":")[1]

    def days(self, bucket):
        listing = self.world.wait(self.world.local.edge.r2_list(bucket))
        return [item["key"] for item in listing["objects"] if item["key"].startswith("timeseries/")]

    def changes(self, command):
        """The requests of a command that are not reads."""
        before = len(self.world.local.cloudflare.requests)
        self.run(command)
        return [request.path for request in self.world.local.cloudflare.requests[before:] if request.method != "GET"]


@pytest.fixture(scope="module")
def clone():
    with started() as world:
        made = Clone(world)
        made.create("prod", PROD)
        made.run("pulumi up --skip-preview --stack prod")
        made.create("staging", STAGING)
        made.run("pulumi up --skip-preview --stack staging")
        yield made


def test_a_second_stack_with_default_names_and_adopt_leaves_production_green(clone):
    """Case X6: default names, and `adopt: true` in both stacks."""
    assert set(clone.account.workers) == {PROD, STAGING}
    assert set(clone.account.buckets) == {"ace-timeseries", "ace-timeseries-staging"}
    clone.verify("prod")
    clone.verify("staging")
    clone.run(f"{EMPTY} prod")
    assert len(clone.days("ace-timeseries")) == len(clone.days("ace-timeseries-staging")) == 2


def test_equal_names_are_refused_even_with_adopt(clone):
    """Case X6: stack `dev` with the names of production is told to set `adopt true`; does so."""
    line = clone.refusal("staging", workerName=PROD)
    assert line == (
        f"worker {PROD!r} was deployed by another stack of this program (its tag begins with bv:{clone.tag(PROD)}:). "
        "Choose another name, run: pulumi config set --stack staging workerName ANOTHER. "
        "Only if that stack is gone, run: pulumi config set --stack staging adopt from-other-stack"
    )
    assert clone.tag(PROD) != clone.tag(STAGING)


def test_a_bucket_in_another_jurisdiction_is_refused(clone):
    """Case P8: an EU bucket of the declared name, `adopt: true`."""
    clone.run(
        'curl -sf "$CLOUDFLARE_BASE_URL/accounts/$CLOUDFLARE_ACCOUNT_ID/r2/buckets" -H "cf-r2-jurisdiction: eu"'
        ' -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" --json \'{"name": "days-in-the-eu"}\''
    )
    (clone.folder / "Pulumi.rehearsal.yaml").write_text((clone.folder / "Pulumi.staging.yaml").read_text())
    line = clone.refusal("rehearsal", bucket="days-in-the-eu", workerName="another")
    assert line.startswith(
        "bucket 'days-in-the-eu' exists in the jurisdiction 'eu', where this program cannot use it: "
    )
    assert [bucket.jurisdiction for bucket in clone.account.buckets.values() if bucket.name == "days-in-the-eu"] == [
        "eu"
    ]


def test_a_changed_bucket_is_refused(clone):
    """Case P16: a changed `bucket`."""
    assert clone.refusal("prod", bucket="another") == (
        "bucket: the days of this stack are in 'ace-timeseries', and the setting is 'another'. To keep the bucket, "
        "run: pulumi config set --stack prod bucket ace-timeseries. For another bucket: docs/environments.md"
    )


def test_a_stack_is_renamed_and_its_names_stay(clone):
    """The preview of a stack with other deployed names prints the commands that keep them, as after an upgrade."""
    rename, names, adopt = section("Rename a stack")
    code, output = clone.try_to(rename)
    assert code != 0
    printed = re.search(r"To keep what is deployed, run: (.*)", output)[1]
    commands = [line.removesuffix(" &&").removesuffix(" --stack test") for line in names.splitlines()]
    assert printed.split(" && ") == [line.replace("config set", "config set --stack test") for line in commands]
    clone.run(names)
    assert "pulumi config set --stack test adopt from-other-stack" in clone.refusal("test")
    before = clone.tag(STAGING)
    clone.run(adopt)
    clone.run(f"{EMPTY} test")
    assert clone.tag(STAGING) != before
    assert set(clone.account.workers) == {PROD, STAGING}


def test_a_stack_is_moved_and_nothing_changes(clone):
    other = clone.world.local.folder / "other-backend"
    other.mkdir()
    [move] = section("Move a stack to another backend")
    assert clone.changes(f"export NEW_BACKEND={other.as_uri()}\n{move.replace('staging', 'prod')}") == []
    assert not (clone.folder / "state.json").exists()
    clone.run(f"pulumi login {clone.world.local.environment['PULUMI_BACKEND_URL']}")


def test_a_stack_that_was_removed_is_recovered_with_its_days(clone):
    """Case P16: `pulumi stack rm` is refused, and with `--force` it changes nothing at Cloudflare."""
    code, output = clone.try_to("pulumi stack rm prod")
    assert code != 0
    assert "still has resources" in output
    assert clone.changes("pulumi stack rm prod --force --preserve-config") == []
    days = clone.days("ace-timeseries")
    [recover] = section("Recover a lost state")
    clone.run(for_prod(recover))
    assert clone.days("ace-timeseries") == days != []


def test_another_bucket_is_used_and_the_former_one_stays(clone):
    """Case P16: a changed `bucket`, after the state no longer has the former one."""
    days = clone.days("ace-timeseries")
    [change] = section("Use another bucket")
    assert not any("ace-timeseries" in path for path in clone.changes(for_prod(change)))
    assert clone.days("ace-timeseries") == days != []
    live = clone.account.workers[PROD].live.bindings
    assert [item["bucket_name"] for item in live if item["name"] == "BUCKET"] == ["another-timeseries"]


def test_an_environment_is_ended_and_its_days_stay(clone):
    """Case P16: `pulumi destroy`."""
    days = clone.days("ace-timeseries-staging")
    code, output = clone.try_to("pulumi destroy --stack test")
    assert code != 0
    assert "cannot be deleted" in output
    assert STAGING in clone.account.workers
    for command in section("End an environment"):
        clone.run(command.replace("staging", "test"))
    assert STAGING not in clone.account.workers
    assert clone.days("ace-timeseries-staging") == days != []
    assert (clone.folder / "Pulumi.test.yaml").exists()
