"""A worker and a bucket of others are adopted only with the setting `adopt`, and the preview names every loss."""

import json
import re
from pathlib import Path

import httpx
import pytest
import yaml

from rehearsal import local_system as local
from rehearsal.local_system import outside_pulumi

REVIEW = "set -o pipefail; pulumi preview --json 2>/dev/null | python -m review --detailed-exitcode"
MANY = [f"A_SETTING_OF_ANOTHER_TEAM_{number:02}" for number in range(60)]  # more than a message has room for
KV_ID = "0123456789abcdef0123456789abcdef"
SLACK = "fake-slack-value-of-another-team"
CODE = """export default { fetch(request, env) { return Response.json(Object.keys(env).sort()) } }"""


@pytest.fixture
def theirs(empty_world):
    """Created with wrangler and the API: a worker with a KV, a variable, secrets and a cron, and a bucket with data."""
    world, name, bucket = empty_world, empty_world.local.worker_name, empty_world.local.bucket
    folder = world.local.folder / "outside"
    folder.mkdir()
    (folder / "worker.js").write_text(CODE)
    config = {
        "name": name,
        "main": "worker.js",
        "compatibility_date": "2026-04-01",
        "r2_buckets": [
            {"binding": "OLD", "bucket_name": bucket},
            {"binding": "BUCKET", "bucket_name": "elsewhere"},
        ],
        "kv_namespaces": [{"binding": "CACHE", "id": KV_ID}],
        "vars": {"FLAG": "on", **dict.fromkeys(MANY, "on")},
        "triggers": {"crons": ["0 1 * * *"]},
    }
    (folder / "wrangler.json").write_text(json.dumps(config))
    for name_of_bucket in (bucket, "elsewhere"):
        call(world, "POST", "r2/buckets", json={"name": name_of_bucket})
    for _ in range(2):  # the second one switches observability off by itself
        world.wait(world.local.wrangler("deploy", "--config", str(folder / "wrangler.json")))
    for secret, value in {"ACE_API_KEY": "fake-key-of-before", "SLACK_TOKEN": SLACK, "SITES": SLACK}.items():
        text = {"name": secret, "text": value, "type": "secret_text"}
        call(world, "PUT", f"workers/scripts/{name}/secrets", json=text)
    world.wait(world.local.edge.r2_put(bucket, "kept", b"data", http_metadata={}, custom_metadata={}))
    return world


def keep(world, *bindings):
    """Write the bindings into the stack's file (docs/adopt-an-existing-worker.md)."""
    file = Path(world.local.environment["PULUMI_OPTION_CONFIG_FILE"])
    stack = yaml.safe_load(file.read_text())
    stack["config"]["building-vitals:extraBindings"] = list(bindings)
    file.write_text(yaml.safe_dump(stack))


def call(world, method, path, **more):
    environment = world.local.environment
    with httpx.Client(
        base_url=f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{local.ACCOUNT_ID}/",
        headers={"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"},
    ) as api:
        return api.request(method, path, **more).raise_for_status().json()["result"]


def live_bindings(world):
    found = call(world, "GET", f"workers/scripts/{world.local.worker_name}/settings")
    return {item["name"]: item for item in found["bindings"]}


def test_an_existing_worker_is_refused_then_adopted_completely(theirs):
    world = theirs
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview")
    assert code != 0
    assert "pulumi config set --stack rehearsal adopt true" in output
    assert "FLAG" in live_bindings(world)

    world.pulumi("config", "set", "adopt", "true")
    lost = ["FLAG (plain_text)", "CACHE (kv_namespace)", "OLD (r2_bucket)", "SITES (secret_text)"]
    lost += [f"{name} (plain_text)" for name in MANY]
    [said] = {line.partition("warning: ")[2] for line in world.pulumi("preview").splitlines() if ": adopts " in line}
    assert all(item in said for item in lost), said
    assert "Replaced: BUCKET (r2_bucket). Live crons: 0 1 * * *." in said
    assert "observability (expected logs at 100 %, found off)" in said
    assert "ACE_API_KEY" not in said
    code, comment = world.run("bash", "-c", REVIEW)
    assert code == 2
    for row in ("`FLAG` | `plain_text`", "`CACHE` | `kv_namespace`", "`OLD` | `r2_bucket`"):
        assert f"| {row} | it is not declared |" in comment, comment
    assert "| `SITES` | `secret_text` | its name is declared as `plain_text` |" in comment
    assert "| `BUCKET` | `r2_bucket` | its value is replaced by the declared one |" in comment
    assert all(f"| `{name}` | `plain_text` |" in comment for name in MANY)
    assert "| `SLACK_TOKEN`" not in comment
    assert "Live crons: `0 1 * * *`" in comment

    cache = {"name": "CACHE", "type": "kv_namespace", "namespace_id": KV_ID}
    keep(world, cache)
    _, comment = world.run("bash", "-c", REVIEW)
    assert "| `CACHE` | `kv_namespace` |" not in comment
    assert "| `FLAG` | `plain_text` | it is not declared |" in comment
    adopted = world.pulumi("up", "--yes", "--skip-preview")
    assert "= 1 imported" in adopted
    world.pulumi("preview", "--expect-no-changes")
    assert "imported" not in world.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes")

    bound = live_bindings(world)
    assert {"CACHE", "SLACK_TOKEN", "ACE_API_KEY", "BUCKET"} <= bound.keys()
    assert not {"FLAG", "OLD"} & bound.keys()
    worker = world.local.cloudflare.account.workers[world.local.worker_name]
    assert worker.live.secrets["SLACK_TOKEN"] == SLACK
    assert worker.live.secrets["ACE_API_KEY"] == world.local.environment["ACE_API_KEY"]
    assert "kept" in world.objects()
    code, report = world.checks("--skip", "data")
    assert code == 0, report

    # Listed, it stays without `adopt`; not listed, the review says that it goes.
    world.pulumi("config", "set", "adopt", "false")
    _, comment = world.run("bash", "-c", REVIEW)
    assert "| `SLACK_TOKEN` | `secret_text` | it is no longer declared |" in comment
    keep(world, cache, {"name": "SLACK_TOKEN", "type": "secret_text"})
    world.pulumi("preview", "--expect-no-changes")
    for text in (said, comment, adopted):
        assert SLACK not in text


def put(world, key):
    world.wait(world.local.edge.r2_put(world.local.bucket, key, b"data", http_metadata={}, custom_metadata={}))


def test_a_foreign_bucket_and_a_lost_state_are_adopted_and_nothing_is_replaced_after(empty_world):
    """One world: a bucket of others, then a state that is lost, then a worker that is deleted while `adopt` is set."""
    world = empty_world
    state = world.local.folder / "empty.json"
    world.pulumi("stack", "export", "--file", str(state))
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

    world.pulumi("config", "set", "adopt", "true")
    assert "= 1 imported" in world.pulumi("up", "--yes", "--skip-preview")
    assert "kept" in world.objects()
    for adopt in ("true", "false"):
        world.pulumi("config", "set", "adopt", adopt)
        world.pulumi("preview", "--expect-no-changes")

    world.pulumi("stack", "import", "--force", "--file", str(state))
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview")
    assert code != 0
    assert (
        "10004" in output
    )  # the worker is an upload of this stack, so no request was made for the bucket (docs/troubleshooting.md)

    world.pulumi("config", "set", "adopt", "true")
    for _ in range(2):  # the provider cannot import the consumer of a queue
        code, output = world.run("pulumi", "preview")
        assert code != 0
        command = re.search(r"already has its consumer.* run: npx wrangler (.*)", output)[1]
        world.wait(world.local.wrangler(*command.split()))
    assert "= 3 imported" in world.pulumi("up", "--yes", "--skip-preview")
    world.pulumi("preview", "--expect-no-changes")
    assert "kept" in world.objects()
    code, report = world.checks("--skip", "data", "--skip", "trigger")
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
