"""Whatever is changed by hand: a plain preview names it, the review says it, `pulumi up` heals it, and then all is quiet.

The matrix is printed at the end of the run (tests/conftest.py), and docs/drift.md has its rows.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from rehearsal import local_system as local

WHO = "rehearsal@example.com"
CANARY = "fake-canary-value-of-somebodys-hand"


class Hand:
    """Somebody with an API token and wrangler, and without this program."""

    def __init__(self, world, api):
        self.world, self.api = world, api
        self.name, self.bucket = world.local.worker_name, world.local.bucket
        self.script = f"workers/scripts/{self.name}"

    def wrangler(self, *arguments, given=None):
        self.world.wait(self.world.local.wrangler(*arguments, given=given))

    def call(self, method, path, **more):
        return self.api.request(method, path, **more).raise_for_status().json()["result"]

    def bindings(self):
        return {item["name"]: item for item in self.call("GET", f"{self.script}/settings")["bindings"]}

    def secrets(self):
        return {item["name"] for item in self.call("GET", f"{self.script}/secrets")}

    def crons(self):
        return [item["cron"] for item in self.call("GET", f"{self.script}/schedules")["schedules"]]

    def serving(self):
        """Which versions serve, and with which mark: one of the program's is the newest, at 100 %."""
        served = self.call("GET", f"{self.script}/deployments")["deployments"][0]["versions"]
        marks = {item["id"]: item["annotations"].get("workers/tag", "") for item in self.versions()}
        return [(marks[item["version_id"]].partition(":")[0], item["percentage"]) for item in served]

    def versions(self):
        return self.call("GET", f"{self.script}/versions?per_page=100")["items"]

    def upload(self, edit=lambda bindings: bindings, code=None):
        """Upload as the dashboard does: the bindings that are live, secrets inherited, and what `edit` makes of them."""
        live = self.call("GET", f"{self.script}/settings")["bindings"]
        kept = [
            {"name": item["name"], "type": "inherit"} if item["type"] == "secret_text" else item for item in edit(live)
        ]
        metadata = {"main_module": "worker.js", "compatibility_date": "2026-04-01", "bindings": kept}
        body = (local.ROOT / "workers" / "dist" / "backfill.js").read_bytes() if code is None else code
        parts = {
            "worker.js": ("worker.js", body, "application/javascript+module"),
            "metadata": (None, json.dumps(metadata), "application/json"),
        }
        self.call("PUT", self.script, files=parts)

    def deploy(self, *shares):
        versions = [{"version_id": version, "percentage": percentage} for version, percentage in shares]
        self.call(
            "POST", f"{self.script}/deployments?force=true", json={"strategy": "percentage", "versions": versions}
        )


def bound(name, **fields):
    return lambda bindings: [{**item, **fields} if item["name"] == name else item for item in bindings]


def another_bucket(hand):
    hand.call("POST", "r2/buckets", json={"name": "another-bucket"})
    hand.upload(bound("BUCKET", bucket_name="another-bucket"))


def wrangler_deploy(hand):
    folder = hand.world.local.folder / "by-hand"
    folder.mkdir(exist_ok=True)
    (folder / "worker.js").write_text("export default { fetch() { return new Response('by hand') } }")
    bucket = [{"binding": "BUCKET", "bucket_name": hand.bucket}]
    config = {"main": "worker.js", "compatibility_date": "2026-04-01", "keep_vars": True, "r2_buckets": bucket}
    (folder / "wrangler.json").write_text(json.dumps({"name": hand.name, **config}))
    hand.wrangler("deploy", "--config", str(folder / "wrangler.json"))


def older(hand):
    return next(item["id"] for item in hand.versions()[1:] if "workers/tag" in item["annotations"])


def key_is_declared(hand):
    """No API reads a secret back: what the local Cloudflare gives to the worker."""
    held = hand.world.local.cloudflare.account.workers[hand.name].live.secrets
    return held == {"ACE_API_KEY": hand.world.local.environment["ACE_API_KEY"]}


def code_is_declared(hand):
    content = hand.api.get(f"{hand.script}/content/v2").raise_for_status().content
    return (local.ROOT / "workers" / "dist" / "backfill.js").read_bytes() in content


def newest_serves(hand):
    newest = {"version_id": hand.versions()[0]["id"], "percentage": 100}
    served = hand.call("GET", f"{hand.script}/deployments")["deployments"][0]["versions"]
    return served == [newest] and hand.serving() == [("bv", 100)]


@dataclass
class Row:
    """What is done by hand, how the preview and the comment call it, and whether it is back, asked of Cloudflare."""

    name: str
    by_hand: Any
    preview: str
    comment: tuple[str, ...]
    back: Any
    who: bool = True


ROWS = [
    Row("secret value changed", lambda h: h.wrangler("secret", "put", "ACE_API_KEY", "--name", h.name, given=CANARY),
        "ACE_API_KEY changed", ("| `ACE_API_KEY` | its value was changed | the declared one again |", "value changes: no"),
        key_is_declared),
    Row("secret deleted", lambda h: h.wrangler("secret", "delete", "ACE_API_KEY", "--name", h.name),
        "ACE_API_KEY deleted", ("| `ACE_API_KEY` | deleted | the declared one again |",),
        lambda h: h.secrets() == {"ACE_API_KEY"}),
    Row("secret added", lambda h: h.wrangler("secret", "put", "BY_HAND", "--name", h.name, given=CANARY),
        "BY_HAND added", ("| `BY_HAND` | added | removed |",),
        lambda h: h.secrets() == {"ACE_API_KEY"}),
    Row("other code uploaded", wrangler_deploy,
        "changed outside (upload)", ("another version was uploaded", "The code of the live worker was replaced"),
        code_is_declared),
    Row("plain text changed", lambda h: h.upload(bound("SITE", text=CANARY)),
        "SITE changed", ("| `SITE` | its value was changed | the declared one again |",),
        lambda h: h.bindings()["SITE"]["text"] == "ses_falls_city"),
    Row("R2 binding dropped", lambda h: h.upload(lambda b: [item for item in b if item["name"] != "BUCKET"]),
        "BUCKET deleted", ("| `BUCKET` | deleted | the declared one again |",),
        lambda h: h.bindings()["BUCKET"]["bucket_name"] == h.bucket),
    Row("R2 binding pointed at another bucket", another_bucket,
        "BUCKET changed", ("| `BUCKET` | its value was changed | the declared one again |",),
        lambda h: h.bindings()["BUCKET"]["bucket_name"] == h.bucket),
    Row("older version rolled back to", lambda h: h.deploy((older(h), 100)),
        "changed outside (rollback)", ("an older version was made live again",),
        newest_serves),
    Row("two versions at 50/50", lambda h: h.deploy((h.versions()[0]["id"], 50), (older(h), 50)),
        "changed outside (split over several versions)", ("the traffic was split over several versions",),
        newest_serves),
    Row("cron changed", lambda h: h.call("PUT", f"{h.script}/schedules", json=[{"cron": "0 1 * * *"}]),
        "changed outside (crons); live crons: 0 1 * * *", ("Live crons: `0 1 * * *`",),
        lambda h: h.crons() == ["*/5 * * * *"], who=False),
    Row("cron removed", lambda h: h.call("PUT", f"{h.script}/schedules", json=[]),
        "changed outside (crons); live crons: none", ("Live crons: none",),
        lambda h: h.crons() == ["*/5 * * * *"], who=False),
    Row("workers.dev switched off", lambda h: h.call("DELETE", f"{h.script}/subdomain"),
        "WorkersScriptSubdomain backfill update [diff: ~enabled]", ("The workers.dev address was switched off. It is switched on",),
        lambda h: h.call("GET", f"{h.script}/subdomain")["enabled"] is True, who=False),
    Row("bucket deleted", lambda h: h.call("DELETE", f"r2/buckets/{h.bucket}"),
        "R2Bucket timeseries create", ("The R2 bucket was deleted",),
        lambda h: h.call("GET", f"r2/buckets/{h.bucket}")["name"] == h.bucket, who=False),
    Row("worker deleted", lambda h: h.call("DELETE", h.script),
        "WorkersScript backfill create", ("The worker was deleted", "The schedule (crons) went with the worker"),
        lambda h: h.serving() == [("bv", 100)] and h.crons() == ["*/5 * * * *"], who=False),
]  # fmt: skip


def is_back(row, hand):
    try:
        return row.back(hand)
    except (httpx.HTTPStatusError, KeyError):  # what is gone is not back
        return False


@pytest.fixture(scope="module")
def hand(world):
    environment = world.local.environment
    world.run("pulumi", "config", "set", "pageSize", "5000")
    world.pulumi("up", "--yes", "--skip-preview")  # so that there is an older version of ours
    with httpx.Client(
        base_url=f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{local.ACCOUNT_ID}/",
        headers={"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"},
    ) as api:
        yield Hand(world, api)


def shown(world):
    """What people see of the same state: the plain preview, and the comment with its exit code."""
    review = "set -o pipefail; pulumi preview --json 2>/dev/null | python -m review --detailed-exitcode"
    with ThreadPoolExecutor() as pool:
        plain = pool.submit(world.pulumi, "preview")
        comment = pool.submit(world.run, "bash", "-c", review)
        return plain.result(), *comment.result()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_drift_is_named_and_healed(world, hand, row, record_property):
    row.by_hand(hand)
    preview, code, comment = shown(world)
    assert row.preview in preview
    assert code == 2, comment
    for text in row.comment:
        assert text in comment, comment
    assert (WHO in preview, WHO in comment) == (row.who, row.who)
    for secret in (CANARY, world.local.environment["ACE_API_KEY"], world.local.environment["CLOUDFLARE_API_TOKEN"]):
        assert secret not in preview + comment
    assert not is_back(row, hand)
    world.pulumi("up", "--yes", "--skip-preview")
    assert is_back(row, hand)
    world.pulumi("preview", "--expect-no-changes")
    record_property("drift", [row.name, row.preview, "healed by `pulumi up`"])


def test_a_lifecycle_rule_is_nobodys_business(world, hand, record_property):
    rule = {
        "id": "keep",
        "enabled": True,
        "conditions": {"prefix": "x/"},
        "deleteObjectsTransition": {"condition": {"maxAge": 86400, "type": "Age"}},
    }
    hand.call("PUT", f"r2/buckets/{hand.bucket}/lifecycle", json={"rules": [rule]})
    world.pulumi("preview", "--expect-no-changes")
    world.pulumi("up", "--yes", "--skip-preview")
    assert [item["id"] for item in hand.call("GET", f"r2/buckets/{hand.bucket}/lifecycle")["rules"]] == ["keep"]
    record_property("drift", ["lifecycle", "nothing: it is not declared", "left as it is"])


def test_after_a_heal_an_ordinary_change_is_one_and_then_all_is_quiet(world, hand):
    hand.wrangler("secret", "put", "ACE_API_KEY", "--name", hand.name, given=CANARY)
    world.pulumi("up", "--yes", "--skip-preview")
    assert hand.versions()[0]["annotations"]["workers/message"].startswith("supersedes ")
    world.pulumi("config", "set", "pageSize", "10000")
    preview, code, comment = shown(world)
    assert code == 2
    assert "supersedes" not in preview
    assert "by hand" not in comment
    assert "| `ace.page_size` | `5000` | `10000` |" in comment
    world.pulumi("up", "--yes", "--skip-preview")
    assert "workers/message" not in hand.versions()[0]["annotations"]
    assert hand.bindings()["PAGE_SIZE"]["text"] == "10000"
    world.pulumi("preview", "--expect-no-changes")


def test_at_the_end_every_promise_is_kept(world, hand):
    world.empty_bucket()
    code, report = world.checks("--skip", "trigger", "--skip", "data")
    assert code == 0, report
