"""A worker and a bucket of others are adopted only with the setting `adopt`, and the preview names every loss."""

import json
import re
import shutil
from pathlib import Path

import pytest

from rehearsal.local_system import outside_pulumi
from tests.e2e.conftest import started
from tests.e2e.shortcuts import checks, declare
from tests.e2e.snapshot import Snapshot

REVIEW = 'set -o pipefail; pulumi preview --json 2>/dev/null | tee "$PREVIEW" | python -m review --detailed-exitcode'
MANY = [f"A_SETTING_OF_ANOTHER_TEAM_{number:02}" for number in range(60)]  # more than a message has room for
KV_ID, OTHER_KV_ID = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
SLACK = "fake-slack-value-of-another-team"
CODE = b"""export default { fetch(request, env) { return Response.json(Object.keys(env).sort()) } }"""


@pytest.fixture(scope="module")
def running():
    with started() as world:
        yield world, world.wait(Snapshot.take(world.local))


@pytest.fixture
def world(running, tmp_path):
    """A world in which nothing is deployed. After the test, its account, stack and settings are as they were."""
    world, empty = running
    file, state = Path(world.local.environment["PULUMI_OPTION_CONFIG_FILE"]), world.local.folder / "state"
    settings = file.read_text()
    shutil.copytree(state, tmp_path / "state")
    yield world
    file.write_text(settings)
    lose_state(world, tmp_path)
    world.wait(empty.restore(world.local))


def lose_state(world, folder):
    """Replace the state by the one of a stack without resources, which is in the folder of a test."""
    shutil.rmtree(world.local.folder / "state")
    shutil.copytree(folder / "state", world.local.folder / "state")


@pytest.fixture
def theirs(world):
    """Created as wrangler does: a worker with KVs, variables, secrets and a cron, and a bucket with data."""
    name, bucket = world.local.worker_name, world.local.bucket
    for name_of_bucket in (bucket, "elsewhere"):
        call(world, "POST", "r2/buckets", json={"name": name_of_bucket})
    bindings = [
        {"name": "OLD", "type": "r2_bucket", "bucket_name": bucket},
        {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "elsewhere"},
        {"name": "CACHE", "type": "kv_namespace", "namespace_id": KV_ID},
        {"name": "INDEX", "type": "kv_namespace", "namespace_id": OTHER_KV_ID},
        *({"name": variable, "type": "plain_text", "text": "on"} for variable in ("FLAG", *MANY)),
    ]
    world.wait(outside_pulumi.put_script(world.local, name, CODE, bindings=bindings))
    script = f"workers/scripts/{name}"
    call(world, "PUT", f"{script}/schedules", json=[{"cron": "0 1 * * *"}])
    # as the second `wrangler deploy` does by itself
    call(world, "PATCH", f"{script}/script-settings", json={"observability": {"enabled": False}})
    for secret, value in {"ACE_API_KEY": "fake-key-of-before", "SLACK_TOKEN": SLACK, "SITES": SLACK}.items():
        call(world, "PUT", f"{script}/secrets", json={"name": secret, "text": value, "type": "secret_text"})
    put(world, "kept")
    return world


def put(world, key):
    world.wait(world.local.edge.r2_put(world.local.bucket, key, b"data", http_metadata={}, custom_metadata={}))


def call(world, method, path, **more):
    return world.wait(outside_pulumi.call_api(world.local, method, path, **more))


def live_bindings(world):
    found = call(world, "GET", f"workers/scripts/{world.local.worker_name}/settings")
    return {item["name"]: item for item in found["bindings"]}


def review(world):
    """Return the exit code and the comment of the review of a preview, and the preview's warnings."""
    file = world.local.folder / "preview.json"
    code, comment = world.run("bash", "-c", REVIEW, PREVIEW=str(file))
    said = json.loads(file.read_text()).get("diagnostics", [])
    return code, comment, {item["message"].strip() for item in said if item["severity"] == "warning"}


def test_an_existing_worker_is_refused_then_adopted_completely(theirs):
    world = theirs
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview")
    assert code != 0
    assert "pulumi config set --stack rehearsal adopt true" in output
    assert "FLAG" in live_bindings(world)

    cache = {"name": "CACHE", "type": "kv_namespace", "namespace_id": KV_ID}
    declare(world, adopt="true", extraBindings=[cache])
    code, comment, warnings = review(world)
    assert code == 2
    lost = ["FLAG (plain_text)", "INDEX (kv_namespace)", "OLD (r2_bucket)", "SITES (secret_text)"]
    lost += [f"{name} (plain_text)" for name in MANY]
    [said] = {warning for warning in warnings if ": adopts " in warning}
    assert all(item in said for item in lost), said
    assert "Replaced: BUCKET (r2_bucket). Live crons: 0 1 * * *." in said
    assert "observability (expected logs at 100 %, found off)" in said
    assert "ACE_API_KEY" not in said
    assert "CACHE" not in said
    for row in ("`FLAG` | `plain_text`", "`INDEX` | `kv_namespace`", "`OLD` | `r2_bucket`"):
        assert f"| {row} | it is not declared |" in comment, comment
    assert "| `SITES` | `secret_text` | its name is declared as `plain_text` |" in comment
    assert "| `BUCKET` | `r2_bucket` | its value is replaced by the declared one |" in comment
    assert all(f"| `{name}` | `plain_text` |" in comment for name in MANY)
    assert "| `SLACK_TOKEN`" not in comment
    assert "| `CACHE` | `kv_namespace` |" not in comment
    assert "Live crons: `0 1 * * *`" in comment

    adopted = world.pulumi("up", "--yes", "--skip-preview")
    assert "= 1 imported" in adopted
    assert "imported" not in world.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")

    bound = live_bindings(world)
    assert {"CACHE", "SLACK_TOKEN", "ACE_API_KEY", "BUCKET"} <= bound.keys()
    assert not {"FLAG", "OLD", "INDEX"} & bound.keys()
    worker = world.local.cloudflare.account.workers[world.local.worker_name]
    assert worker.live.secrets["SLACK_TOKEN"] == SLACK
    assert worker.live.secrets["ACE_API_KEY"] == world.local.environment["ACE_API_KEY"]
    assert "kept" in world.objects()
    code, report = checks(world, skip=("data",))
    assert code == 0, report

    # Listed, it stays without `adopt`; not listed, the review says that it goes.
    declare(world, adopt="false")
    _, comment, _ = review(world)
    assert "| `SLACK_TOKEN` | `secret_text` | it is no longer declared |" in comment
    declare(world, extraBindings=[cache, {"name": "SLACK_TOKEN", "type": "secret_text"}])
    world.pulumi("preview", "--expect-no-changes")
    for text in (said, comment, adopted):
        assert SLACK not in text


def remove_consumer(world, queue, worker):
    [found] = call(world, "GET", f"queues?name={queue}")
    [consumer] = [item for item in found["consumers"] if item["script"] == worker]
    call(world, "DELETE", f"queues/{found['queue_id']}/consumers/{consumer['consumer_id']}")


def test_a_foreign_bucket_and_a_lost_state_are_adopted_and_nothing_is_replaced_after(world, tmp_path):
    """One world: a bucket of others, then a state that is lost, then a worker that is deleted while `adopt` is set."""
    call(world, "POST", "r2/buckets", json={"name": world.local.bucket})
    put(world, "kept")
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview")
    assert code != 0
    refusal = (
        f"error: bucket {world.local.bucket!r} already exists but was not created by this stack. If another stack uses "
        "it, run: pulumi config set --stack rehearsal bucket ANOTHER. Otherwise, to take it over with its data, "
        "run: pulumi config set --stack rehearsal adopt true"
    )
    assert refusal in [line.strip() for line in output.splitlines()], output
    assert "Traceback" not in output
    assert world.local.cloudflare.account.workers == {}

    declare(world, adopt="true")
    assert "= 1 imported" in world.pulumi("up", "--yes", "--skip-preview")
    assert "kept" in world.objects()

    declare(world, adopt="false")
    lose_state(world, tmp_path)
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview")
    assert code != 0
    assert (
        "10004" in output
    )  # the worker is an upload of this stack, so no request was made for the bucket (docs/troubleshooting.md)

    declare(world, adopt="true")
    printed = []
    for remove in (
        lambda *words: world.wait(world.local.wrangler(*words)),
        lambda *words: remove_consumer(world, *words[3:]),
    ):
        code, output = world.run("pulumi", "preview")  # the provider cannot import the consumer of a queue
        assert code != 0
        printed.append(re.search(r"already has its consumer.* run: npx wrangler (.*)", output)[1].split())
        assert printed[-1][:3] == ["queues", "consumer", "remove"]
        remove(*printed[-1])
    assert len(set(map(tuple, printed))) == 2
    assert "= 3 imported" in world.pulumi("up", "--yes", "--skip-preview")
    world.pulumi("preview", "--expect-no-changes")
    assert "kept" in world.objects()
    code, report = checks(world, skip=("data", "trigger"))
    assert code == 0, report

    world.wait(outside_pulumi.delete_worker(world.local))
    before = len(world.local.cloudflare.requests)
    restored = world.pulumi("up", "--yes", "--skip-preview")
    assert "imported" not in restored
    assert "replaced" not in restored
    world.pulumi("preview", "--expect-no-changes")
    assert "kept" in world.objects()
    since = world.local.cloudflare.requests[before:]
    assert [request.path for request in since if request.method == "DELETE"] == []
