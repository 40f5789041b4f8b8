"""A worker and a bucket that somebody made by hand are taken over when asked, and only then; nothing is lost unsaid."""

import json
from pathlib import Path

import httpx
import pytest
import yaml

from rehearsal import local

REVIEW = "set -o pipefail; pulumi preview --json 2>/dev/null | python -m review --detailed-exitcode"
KV_ID = "0123456789abcdef0123456789abcdef"
SLACK = "fake-slack-value-of-another-team"
CODE = """export default { fetch(request, env) { return Response.json(Object.keys(env).sort()) } }"""


@pytest.fixture
def theirs(empty_world):
    """What wrangler made: a worker with a KV, a variable, two secrets and a cron, and a bucket with data."""
    world, name, bucket = empty_world, empty_world.local.worker_name, empty_world.local.bucket
    folder = world.local.folder / "by-hand"
    folder.mkdir()
    (folder / "worker.js").write_text(CODE)
    config = {
        "name": name,
        "main": "worker.js",
        "compatibility_date": "2026-04-01",
        "r2_buckets": [{"binding": "OLD", "bucket_name": bucket}],
        "kv_namespaces": [{"binding": "CACHE", "id": KV_ID}],
        "vars": {"FLAG": "on"},
        "triggers": {"crons": ["0 1 * * *"]},
    }
    (folder / "wrangler.json").write_text(json.dumps(config))
    world.wait(world.local.wrangler("r2", "bucket", "create", bucket))
    world.wait(world.local.wrangler("deploy", "--config", str(folder / "wrangler.json")))
    for secret, value in {"ACE_API_KEY": "fake-key-of-before", "SLACK_TOKEN": SLACK}.items():
        world.wait(world.local.wrangler("secret", "put", secret, "--name", name, given=value))
    world.wait(world.local.edge.r2_put(bucket, "kept", b"data", http_metadata={}, custom_metadata={}))
    return world


def keep(world, *bindings):
    """Write the bindings into the stack's file, as docs/adopt-an-existing-worker.md says."""
    file = Path(world.local.environment["PULUMI_OPTION_CONFIG_FILE"])
    stack = yaml.safe_load(file.read_text())
    stack["config"]["building-vitals:extraBindings"] = list(bindings)
    file.write_text(yaml.safe_dump(stack))


def live_bindings(world):
    environment = world.local.environment
    with httpx.Client(
        base_url=f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{local.ACCOUNT_ID}/",
        headers={"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"},
    ) as api:
        found = api.get(f"workers/scripts/{world.local.worker_name}/settings").raise_for_status().json()
    return {item["name"]: item for item in found["result"]["bindings"]}


def test_what_exists_is_refused_then_adopted_whole(theirs):
    world = theirs
    code, output = world.run("pulumi", "up", "--yes", "--skip-preview")
    assert code != 0
    assert "pulumi config set adopt true" in output
    assert "FLAG" in live_bindings(world)

    world.pulumi("config", "set", "adopt", "true")
    lost = "; lost: FLAG (plain_text), CACHE (kv_namespace), OLD (r2_bucket)"
    [said] = {line.partition("warning: ")[2] for line in world.pulumi("preview").splitlines() if " adopted, " in line}
    assert all(item in said for item in lost.removeprefix("; lost: ").split(", ")), said
    code, comment = world.run("bash", "-c", REVIEW)
    assert code == 2
    for row in ("`FLAG` | `plain_text`", "`CACHE` | `kv_namespace`", "`OLD` | `r2_bucket`"):
        assert f"| {row} | nothing declares it |" in comment, comment
    assert "| `SLACK_TOKEN`" not in comment
    assert "Live crons: `0 1 * * *`" in comment

    cache = {"name": "CACHE", "type": "kv_namespace", "namespace_id": KV_ID}
    keep(world, cache)
    _, comment = world.run("bash", "-c", REVIEW)
    assert "| `CACHE` | `kv_namespace` |" not in comment
    assert "| `FLAG` | `plain_text` | nothing declares it |" in comment
    adopted = world.pulumi("up", "--yes", "--skip-preview")
    assert "= 1 imported" in adopted
    world.pulumi("preview", "--expect-no-changes")

    bound = live_bindings(world)
    assert {"CACHE", "SLACK_TOKEN", "ACE_API_KEY", "BUCKET"} <= bound.keys()
    assert not {"FLAG", "OLD"} & bound.keys()
    worker = world.local.cloudflare._api.workers[world.local.worker_name]
    assert worker.live.secrets["SLACK_TOKEN"] == SLACK
    assert worker.live.secrets["ACE_API_KEY"] == world.local.environment["ACE_API_KEY"]
    assert "kept" in world.objects()
    code, report = world.checks("--skip", "data")
    assert code == 0, report

    # Listed, it stays without `adopt`; not listed, the review says that it goes.
    world.pulumi("config", "set", "adopt", "false")
    _, comment = world.run("bash", "-c", REVIEW)
    assert "| `SLACK_TOKEN` | `secret_text` | nothing declares it any more |" in comment
    keep(world, cache, {"name": "SLACK_TOKEN", "type": "secret_text"})
    world.pulumi("preview", "--expect-no-changes")
    for text in (said, comment, adopted):
        assert SLACK not in text
