"""Drift under the real engine: a plain preview and the review show it, `pulumi up` restores it, the next preview is empty.

The next preview after a restored change is the one of the following change, which shows that one only. An update that
never ends would still be there in the empty preview after the last row, and test_conformance.py has one after each batch
of rows. Changes of different parts that do not hide each other are made together.
The matrix is printed at the end of the run (tests/conftest.py), and docs/drift.md has its rows.
"""

import json
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from rehearsal import local_system as local
from review.__main__ import main as review
from review.github import diagnostics

OBSERVABILITY = {
    "enabled": True,
    "head_sampling_rate": 1,
    "logs": {"enabled": True, "head_sampling_rate": 1, "invocation_logs": True, "persist": True},
    "traces": {"enabled": False, "head_sampling_rate": 1, "persist": True},
}
WHO = "rehearsal@example.com"
CANARY = "fake-canary-value-of-another-team"


class Outside:
    """Changes outside Pulumi: by wrangler, and by the API as the dashboard does."""

    def __init__(self, world, api):
        self.world, self.api = world, api
        self.name, self.bucket = world.local.worker_name, world.local.bucket
        self.script = f"workers/scripts/{self.name}"

    def wrangler(self, *arguments, given=None):
        self.world.wait(self.world.local.wrangler(*arguments, given=given))

    def call(self, method, path, **more):
        return self.api.request(method, path, **more).raise_for_status().json()["result"]

    def put_secret(self, name, text):
        secret = {"name": name, "text": text, "type": "secret_text"}
        self.call("PUT", f"{self.script}/secrets", json=secret)

    def delete_secret(self, name):
        self.call("DELETE", f"{self.script}/secrets/{name}")

    def bindings(self):
        return {item["name"]: item for item in self.call("GET", f"{self.script}/settings")["bindings"]}

    def secrets(self):
        return {item["name"] for item in self.call("GET", f"{self.script}/secrets")}

    def crons(self):
        return [item["cron"] for item in self.call("GET", f"{self.script}/schedules")["schedules"]]

    def serving(self):
        """The live versions, with the start of their tags and their shares."""
        served = self.call("GET", f"{self.script}/deployments")["deployments"][0]["versions"]
        marks = {item["id"]: item["annotations"].get("workers/tag", "") for item in self.versions()}
        return [(marks[item["version_id"]].partition(":")[0], item["percentage"]) for item in served]

    def versions(self):
        return self.call("GET", f"{self.script}/versions?per_page=100")["items"]

    def upload(self, edit=lambda bindings: bindings, code=None):
        """Upload as the dashboard does: `edit` changes the live bindings, and secrets are inherited."""
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

    def queue(self, name="days"):
        [queue] = self.call("GET", f"queues?name={self.name}-{name}")
        return queue

    def change_consumer(self, **fields):
        queue = self.queue()
        [consumer] = queue["consumers"]
        path = f"queues/{queue['queue_id']}/consumers/{consumer['consumer_id']}"
        kept = {"type": "worker", "script_name": self.name, "dead_letter_queue": consumer["dead_letter_queue"]}
        self.call("PUT", path, json={**kept, **fields})

    def remove_consumers(self):
        for queue in (self.queue(), self.queue("dead-days")):
            for consumer in queue["consumers"]:
                self.call("DELETE", f"queues/{queue['queue_id']}/consumers/{consumer['consumer_id']}")

    def deploy(self, *shares):
        versions = [{"version_id": version, "percentage": percentage} for version, percentage in shares]
        self.call(
            "POST", f"{self.script}/deployments?force=true", json={"strategy": "percentage", "versions": versions}
        )


def bound(name, **fields):
    return lambda bindings: [{**item, **fields} if item["name"] == name else item for item in bindings]


def another_bucket(outside):
    outside.call("POST", "r2/buckets", json={"name": "another-bucket"})
    outside.upload(bound("BUCKET", bucket_name="another-bucket"))


def wrangler_deploy(outside):
    folder = outside.world.local.folder / "outside"
    folder.mkdir(exist_ok=True)
    (folder / "worker.js").write_text(
        "export default { fetch() { return new Response('outside Pulumi') }, queue() {} }"
    )
    bucket = [{"binding": "BUCKET", "bucket_name": outside.bucket}]
    config = {"main": "worker.js", "compatibility_date": "2026-04-01", "keep_vars": True, "r2_buckets": bucket}
    (folder / "wrangler.json").write_text(json.dumps({"name": outside.name, **config}))
    outside.wrangler("deploy", "--config", str(folder / "wrangler.json"))


def pause_and_change(outside):
    outside.wrangler("queues", "pause-delivery", f"{outside.name}-days")
    outside.change_consumer(settings={"max_concurrency": 1})


def delete_queue(outside):
    """Cloudflare deletes a queue only after its binding, and a worker only after its consumers."""
    outside.upload(lambda bindings: [item for item in bindings if item["name"] != "DAYS"])
    outside.call("DELETE", f"queues/{outside.queue()['queue_id']}")


def delete_worker(outside):
    outside.remove_consumers()
    outside.call("DELETE", outside.script)


def consumer_is_declared(outside):
    queue = outside.queue()
    [consumer] = queue["consumers"]
    live = (queue["settings"]["delivery_paused"], consumer["script"], consumer["settings"]["max_concurrency"])
    dead = consumer["dead_letter_queue"]
    return (*live, dead) == (False, outside.name, 4, f"{outside.name}-dead-days")


def change_script_settings(outside):
    """Switch observability off and logpush on, and let another worker read the logs."""
    changed = {"observability": {"enabled": False}, "logpush": True, "tail_consumers": [{"service": "log-reader"}]}
    outside.call("PATCH", f"{outside.script}/script-settings", json=changed)


def settings_are_declared(outside):
    live = outside.call("GET", f"{outside.script}/settings")
    rest = (live["logpush"], live["tail_consumers"], live["placement"], live["limits"])
    return rest == (False, None, {}, {"cpu_ms": 300_000}) and live["observability"] == OBSERVABILITY


def older(outside):
    return next(item["id"] for item in outside.versions()[1:] if "workers/tag" in item["annotations"])


def key_is_declared(outside):
    """The secrets that the local Cloudflare gives to the worker, because no API returns them."""
    held = outside.world.local.cloudflare.account.workers[outside.name].live.secrets
    return held == {"ACE_API_KEY": outside.world.local.environment["ACE_API_KEY"]}


def code_is_declared(outside):
    content = outside.api.get(f"{outside.script}/content/v2").raise_for_status().content
    return (local.ROOT / "workers" / "dist" / "backfill.js").read_bytes() in content


def newest_serves(outside):
    newest = {"version_id": outside.versions()[0]["id"], "percentage": 100}
    served = outside.call("GET", f"{outside.script}/deployments")["deployments"][0]["versions"]
    return served == [newest] and outside.serving() == [("bv", 100)]


@dataclass
class Row:
    """A change outside Pulumi, its words in the preview and the comment, and whether Cloudflare has the declared state."""

    name: str
    change: Any
    preview: str
    comment: tuple[str, ...]
    restored: Any
    who: bool = True
    plain: bool = False  # looks at the text of a plain preview. The warnings of the others are those of its JSON


ROWS = [
    Row("secret value changed", lambda h: h.put_secret("ACE_API_KEY", CANARY),
        "changed ACE_API_KEY outside Pulumi", ("| `ACE_API_KEY` | changed | restored |", "value changes: no"),
        key_is_declared, plain=True),
    Row("secret deleted", lambda h: h.delete_secret("ACE_API_KEY"),
        "deleted ACE_API_KEY outside Pulumi", ("| `ACE_API_KEY` | deleted | restored |",),
        lambda h: h.secrets() == {"ACE_API_KEY"}),
    Row("secret added", lambda h: h.wrangler("secret", "put", "MY-SECRET", "--name", h.name, given=CANARY),
        "added MY-SECRET outside Pulumi", ("| `MY-SECRET` | added | removed |",),
        lambda h: h.secrets() == {"ACE_API_KEY"}),
    Row("other code uploaded", wrangler_deploy,
        "uploaded another version outside Pulumi", ("uploaded another version on", "The code of the live worker was replaced"),
        code_is_declared),
    Row("plain text changed", lambda h: h.upload(bound("PAGE_SIZE", text=CANARY)),
        "PAGE_SIZE changed", ("| `PAGE_SIZE` | changed | restored |",),
        lambda h: h.bindings()["PAGE_SIZE"]["text"] != CANARY),
    Row("R2 binding dropped", lambda h: h.upload(lambda b: [item for item in b if item["name"] != "BUCKET"]),
        "BUCKET deleted", ("| `BUCKET` | deleted | restored |",),
        lambda h: h.bindings()["BUCKET"]["bucket_name"] == h.bucket),
    Row("R2 binding pointed at another bucket", another_bucket,
        "BUCKET changed", ("| `BUCKET` | changed | restored |",),
        lambda h: h.bindings()["BUCKET"]["bucket_name"] == h.bucket),
    Row("older version rolled back to", lambda h: h.deploy((older(h), 100)),
        "made an older version live again outside Pulumi", ("made an older version live again on",),
        newest_serves),
    Row("two versions at 50/50", lambda h: h.deploy((h.versions()[0]["id"], 50), (older(h), 50)),
        "split the traffic over several versions outside Pulumi", ("split the traffic over several versions on",),
        newest_serves),
    Row("cron changed", lambda h: h.call("PUT", f"{h.script}/schedules", json=[{"cron": "0 1 * * *"}]),
        "the crons were changed outside Pulumi", ("Live crons: `0 1 * * *`", "Cloudflare does not record the author and the time of a cron change"),
        lambda h: h.crons() == ["*/5 * * * *"], who=False),
    Row("cron removed", lambda h: h.call("PUT", f"{h.script}/schedules", json=[]),
        "Live crons: none. Cloudflare does not record", ("Live crons: none",),
        lambda h: h.crons() == ["*/5 * * * *"], who=False),
    Row("script settings changed", change_script_settings,
        "the script settings were changed outside Pulumi (live version",
        ("| `observability` | `logs at 100 %` | `off` |", "| `tail consumers` | `none` | `log-reader` |",
         "Cloudflare does not record the author and the time of a changed script setting"),
        settings_are_declared, who=False),
    Row("CPU limit and placement changed",
        lambda h: h.call("PATCH", f"{h.script}/settings", json={"limits": {"cpu_ms": 50}, "placement": {"mode": "smart"}}),
        "limits (expected cpu_ms 300000, found cpu_ms 50), placement (expected none, found mode smart)",
        ("| `limits` | `cpu_ms 300000` | `cpu_ms 50` |", "| `placement` | `none` | `mode smart` |"),
        settings_are_declared),
    Row("queue paused and its consumer changed", pause_and_change,
        "QueueConsumer days update [diff: ~settings]",
        ("The settings of a queue were changed, or it was paused", "The settings of a queue's consumer were changed"),
        consumer_is_declared, who=False, plain=True),
    Row("dead-letter queue of the consumer changed", lambda h: h.change_consumer(dead_letter_queue=""),
        "the consumer of the queue was changed outside Pulumi (live version",
        ("| `dead letter queue` |", "Cloudflare does not record the author and the time of a changed consumer"),
        consumer_is_declared, who=False),
    Row("queue deleted", delete_queue,
        "Queue days create", ("A queue was deleted. It is created again", "| `DAYS` | deleted | restored |"),
        lambda h: consumer_is_declared(h) and h.bindings()["DAYS"]["queue_name"] == f"{h.name}-days", plain=True),
    Row("workers.dev switched off", lambda h: h.call("DELETE", f"{h.script}/subdomain"),
        "WorkersScriptSubdomain backfill update [diff: ~enabled]", ("The workers.dev address was switched off. It is switched on",),
        lambda h: h.call("GET", f"{h.script}/subdomain")["enabled"] is True, who=False, plain=True),
    Row("bucket deleted", lambda h: h.call("DELETE", f"r2/buckets/{h.bucket}"),
        "R2Bucket timeseries create", ("The R2 bucket was deleted",),
        lambda h: h.call("GET", f"r2/buckets/{h.bucket}")["name"] == h.bucket, who=False, plain=True),
    Row("worker deleted", delete_worker,
        "WorkersScript backfill create", ("The worker was deleted", "The schedule (crons) was deleted with the worker"),
        lambda h: h.serving() == [("bv", 100)] and h.crons() == ["*/5 * * * *"] and consumer_is_declared(h),
        who=False, plain=True),
]  # fmt: skip


def is_restored(row, outside):
    try:
        return row.restored(outside)
    except (httpx.HTTPStatusError, KeyError, ValueError):  # a missing resource is not restored
        return False


@pytest.fixture(scope="module")
def outside(world):
    environment = world.local.environment
    world.pulumi("preview", "--expect-no-changes")
    world.run("pulumi", "config", "set", "pageSize", "5000")
    world.pulumi("up", "--yes", "--skip-preview")  # so that the stack has an older version
    with httpx.Client(
        base_url=f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{local.ACCOUNT_ID}/",
        headers={"Authorization": f"Bearer {environment['CLOUDFLARE_API_TOKEN']}"},
    ) as api:
        yield Outside(world, api)


def shown(world):
    """The warnings of a preview, and its comment with the exit code."""
    _, given = world.run("bash", "-c", "pulumi preview --json 2>/dev/null")
    reviewed = CliRunner().invoke(review, ["--detailed-exitcode"], input=given)
    return "\n".join(diagnostics.read_lines(given.encode())), reviewed.exit_code, reviewed.stdout


TOGETHER = (
    ("cron changed", "queue paused and its consumer changed", "workers.dev switched off", "bucket deleted"),
    ("cron removed", "script settings changed"),
    ("plain text changed", "R2 binding dropped"),
    ("R2 binding pointed at another bucket", "CPU limit and placement changed"),
)
BATCHES = [[row for row in ROWS if row.name in names] for names in TOGETHER]
BATCHES += [[row] for row in ROWS if not any(row in batch for batch in BATCHES)]


@pytest.mark.parametrize("rows", BATCHES, ids=lambda rows: ", ".join(row.name for row in rows))
def test_drift_is_named_and_restored(world, outside, rows, record_property):
    for row in rows:
        row.change(outside)
    plain = any(row.plain for row in rows)
    preview, code, comment = shown(world)
    assert code == 2, comment
    for row in rows:
        for text in row.comment:
            assert text in comment, comment
        assert not is_restored(row, outside)
    updated = world.pulumi("up", "--yes", *([] if plain else ["--skip-preview"]))
    if plain:  # `up` begins with what `preview` prints
        preview = updated.partition("Updating (")[0]
        assert "Previewing update (" in preview
    for row in rows:
        assert row.preview in preview
        assert (WHO in preview, WHO in comment) == (row.who, row.who)
        assert is_restored(row, outside), row.name
        record_property("drift", [row.name, row.preview, "restored by `pulumi up`"])
    for secret in (CANARY, world.local.environment["ACE_API_KEY"], world.local.environment["CLOUDFLARE_API_TOKEN"]):
        assert secret not in preview + comment + updated


def test_a_lifecycle_rule_is_not_declared_and_stays(world, outside, record_property):
    rule = {
        "id": "keep",
        "enabled": True,
        "conditions": {"prefix": "x/"},
        "deleteObjectsTransition": {"condition": {"maxAge": 86400, "type": "Age"}},
    }
    world.pulumi("preview", "--expect-no-changes")  # after every row of the matrix
    outside.call("PUT", f"r2/buckets/{outside.bucket}/lifecycle", json={"rules": [rule]})
    world.pulumi("preview", "--expect-no-changes")
    world.pulumi("up", "--yes", "--skip-preview")
    assert [item["id"] for item in outside.call("GET", f"r2/buckets/{outside.bucket}/lifecycle")["rules"]] == ["keep"]
    record_property("drift", ["lifecycle", "nothing: it is not declared", "left as it is"])


def test_names_of_any_form_and_two_changes_are_in_the_comment(world, outside):
    """Case P4: `my.secret`. The matrix has MY-SECRET."""
    outside.put_secret("my.secret", CANARY)
    outside.delete_secret("ACE_API_KEY")
    preview, code, comment = shown(world)
    assert code == 2
    assert "Bindings: ACE_API_KEY deleted, my.secret added." in preview
    assert "| `ACE_API_KEY` | deleted | restored |" in comment
    assert "| `my.secret` | added | removed |" in comment
    world.pulumi("up", "--yes", "--skip-preview")
    assert outside.secrets() == {"ACE_API_KEY"}


def test_an_ordinary_change_after_a_restored_drift_has_no_message(world, outside):
    outside.put_secret("ACE_API_KEY", CANARY)
    world.pulumi("up", "--yes", "--skip-preview")
    assert outside.versions()[0]["annotations"]["workers/message"].startswith("drift: ")
    world.pulumi("config", "set", "pageSize", "10000")
    preview, code, comment = shown(world)
    assert code == 2
    assert "drift: " not in preview
    assert "outside Pulumi" not in comment
    assert "| `pageSize` | `5000` | `10000` |" in comment
    world.pulumi("up", "--yes", "--skip-preview")
    assert "workers/message" not in outside.versions()[0]["annotations"]
    assert outside.bindings()["PAGE_SIZE"]["text"] == "10000"
    world.pulumi("preview", "--expect-no-changes")


def test_at_the_end_every_check_passes(world, outside):
    world.empty_bucket()
    code, report = world.checks("--skip", "trigger", "--skip", "data")
    assert code == 0, report
