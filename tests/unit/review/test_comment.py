"""The comment, word by word: tests/golden/review has each text, with the exit code in the file's name."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from review.__main__ import main
from tests.unit.review.engine_json import (
    CANARY,
    LIVE,
    MANIFEST,
    OUTSIDE,
    PREFIX,
    QUERY,
    drift,
    manifest,
    preview,
    query_refreshed,
    refreshed,
    step,
    upload,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "review"
CRONS_AGAIN = step("replace", "crons", LIVE["crons"], LIVE["crons"])
BOUND = MANIFEST["bindings"]


def site(name, start="2024-12-10", end=None):
    return {"name": name, "start_date": start, "end_date": end}


NEW = [step("create", kind, None, inputs) for kind, inputs in LIVE.items()]


SETTINGS = MANIFEST["worker"]["settings"]
CHANGED_SETTINGS = [
    {"name": "tail_consumers", "expected": "none", "found": "log-reader"},
    {"name": "logpush", "expected": "off", "found": "on"},
]
ADOPTED = {**OUTSIDE, "origin": "upload", "adopted": True}


def changed(new):
    return step("update", "manifest", LIVE["manifest"], {"manifest": new})


def adopting(**record):
    """The script is created, and the record says that it replaces a worker of others."""
    return step("create", "script", None, LIVE["script"]), step(
        "create", "drift", None, {"record": {**ADOPTED, **record}}
    )


def many():
    old, new = (
        manifest(bindings=BOUND + [{"name": f"SETTING_{n:03}", "type": "plain_text", "text": text} for n in range(300)])
        for text in ("before", "after")
    )
    return preview(step("update", "manifest", {"manifest": old}, {"manifest": new}), upload())


CASES = {
    "first_deployment": lambda: preview(*NEW, first=True),
    "no_change": lambda: preview(),
    "plain_setting": lambda: preview(
        changed(manifest(ace={"page_size": 5000}, bindings=[*BOUND[:3], {**BOUND[3], "text": "5000"}, BOUND[4]])),
        upload(contentSha256="bbbb"),
    ),
    "key_rotated": lambda: preview(step("update", "secret", LIVE["secret"], LIVE["secret"]), upload()),
    "key_changed_outside_pulumi": lambda: preview(upload(), drift(("ACE_API_KEY", "changed")), CRONS_AGAIN),
    "secret_deleted": lambda: preview(upload(), drift(("ACE_API_KEY", "deleted"), ("MY-SECRET", "added"), ("my.secret", "added")), CRONS_AGAIN),
    "binding_wiped": lambda: preview(
        upload(), drift(("BUCKET", "deleted"), ("PAGE_SIZE", "changed"), origin="upload"), CRONS_AGAIN
    ),
    "crons_changed": lambda: preview(
        upload(), drift(origin="crons", author=None, at=None, crons=["0 1 * * *"]), CRONS_AGAIN
    ),
    "adoption": lambda: preview(
        *[step("create", kind, None, LIVE[kind]) for kind in ("secret", "manifest", "subdomain", "crons")],
        step("import", "bucket", LIVE["bucket"], LIVE["bucket"]),
        *adopting(
            crons=["0 1 * * *"],
            lost=[
                {"name": "CACHE", "type": "kv_namespace"},
                {"name": "FLAG", "type": "plain_text"},
                {"name": "PAGE_SIZE", "type": "secret_text"},
            ],
            replaced=[{"name": "BUCKET", "type": "r2_bucket"}],
        ),
        first=True,
    ),
    "replaced_bucket": lambda: preview(
        step("replace", "bucket", LIVE["bucket"], {"name": "another"}),
        changed(manifest(storage={"bucket": "another"}, bindings=[BOUND[0], {**BOUND[1], "bucket_name": "another"}, *BOUND[2:]])),
        upload(),
        errors=[(f"error: unable to replace resource {CANARY}", "bucket"), ("error: preview failed", None)],
    ),
    "many_settings": many,
    "engine_error": lambda: preview(
        upload(), errors=[(f"error: bucket must be a name, found {CANARY!r}\npageSize is wrong: {CANARY}", "script")]
    ),
    "nothing_readable": lambda: b"error: validating stack config",
    "queue_deleted": lambda: preview(
        step("create", "queue", None, LIVE["queue"]), step("create", "consumer", None, LIVE["consumer"])
    ),
    "queue_paused_and_consumer_changed": lambda: preview(
        step("update", "queue", {**LIVE["queue"], "settings": {"deliveryPaused": True}}, LIVE["queue"]),
        step("update", "consumer", {"scriptName": "another", "settings": {"maxConcurrency": 1}}, LIVE["consumer"]),
    ),
    "dead_letter_queue_changed": lambda: preview(
        drift(
            origin="queue consumer",
            author=None,
            at=None,
            settings=[{"name": "dead_letter_queue", "expected": "building-vitals-backfill-dead-days", "found": "other"}],
        ),
        upload(),
        step("replace", "consumer", LIVE["consumer"], LIVE["consumer"]),
    ),
    "workers_dev_off": lambda: preview(step("update", "subdomain", {"enabled": False}, LIVE["subdomain"])),
    "bucket_gone": lambda: preview(step("create", "bucket", None, LIVE["bucket"])),
    "preview_urls_on": lambda: preview(
        step("update", "subdomain", {**LIVE["subdomain"], "previewsEnabled": True}, LIVE["subdomain"])
    ),
    "query_worker": lambda: preview(
        *query_refreshed(),
        upload("query_script"),
        drift(("PAGE_SIZE", "changed"), ("BUCKET", "deleted"), kind="query_drift", origin="upload"),
        step("update", "query_subdomain", {"enabled": False}, LIVE["subdomain"]),
        step("replace", "query_crons", LIVE["crons"], LIVE["crons"]),
    ),
    "opens_access": lambda: preview(
        *[step("create", kind, None, inputs) for kind, inputs in QUERY.items()],
        changed(manifest(ace={"base_url": "https://ace.example.org"}, siblings={"etl_worker": "https://etl.example.org"})),
        upload(),
    ),
    "script_settings": lambda: preview(
        changed(manifest(worker={"settings": {**SETTINGS, "limits": "cpu_ms 60000"}})),
        upload(),
        drift(origin="script settings", author=None, at=None, settings=CHANGED_SETTINGS),
    ),
    "dropped_binding": lambda: preview(changed(manifest(bindings=BOUND[:1])), upload()),
}  # fmt: skip
CODES = {"no_change": 0, "replaced_bucket": 1, "engine_error": 1, "nothing_readable": 1}


def read_labels(raw, tmp_path):
    run(raw, "--labels", str(tmp_path / "labels"))
    return (tmp_path / "labels").read_text().split()


def run(raw, *arguments):
    result = CliRunner().invoke(main, arguments, input=raw)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stdout


@pytest.mark.parametrize("case", CASES)
def test_a_comment_is_as_agreed(case):
    code, text = run(CASES[case](), "--detailed-exitcode", "--stack", "prod")
    assert code == CODES.get(case, 2)
    file = GOLDEN / f"{case}.exit{code}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert text == file.read_text()


@pytest.mark.parametrize("case", CASES)
def test_no_canary_passes_and_the_comment_fits(case):
    _, text = run(CASES[case](), "--stack", "prod")
    assert CANARY not in text
    assert len(text) < 65_536
    assert text.splitlines()[0] == "<!-- building-vitals review: building-vitals/prod -->"


def test_every_golden_file_belongs_to_a_case():
    assert {file.name.partition(".")[0] for file in GOLDEN.iterdir()} == set(CASES)


def test_without_detailed_exitcode_changes_are_no_failure():
    assert run(CASES["plain_setting"]())[0] == 0
    assert run(CASES["engine_error"]())[0] == 1


@pytest.mark.parametrize(
    "value",
    ["ghp_" + "a" * 36, "https://jo:fakefake@db.example.org", "-----BEGIN RSA PRIVATE KEY-----"],
)
def test_a_value_in_the_manifest_that_looks_like_a_secret_is_hidden(value):
    new = manifest(bindings=[*BOUND[:3], {**BOUND[3], "text": value}, BOUND[4]], sites=[site(value)])
    _, text = run(preview(changed(new), upload()))
    assert value not in text
    assert text.count("it looks like a secret") == 2


def test_a_long_key_template_is_shown():
    """Case P5: its rule leaves no place for a secret, so the reviewer sees it."""
    template = "exports/building-sensors/ACME_Headquarters-West/quarterly/{site}/{date}/data.ndjson.gz"
    binding = {"name": "KEY_TEMPLATE", "type": "plain_text", "text": template}
    new = manifest(bindings=[*BOUND, binding], storage={"key_template": template})
    _, text = run(preview(changed(new), upload()))
    assert text.count("ACME_Headquarters-West/quarterly") == 2


def test_a_value_under_a_secrets_name_is_hidden():
    new = manifest(bindings=[*BOUND, {"name": "DB_PASSWORD", "type": "plain_text", "text": "hunter2"}])
    assert "hunter2" not in run(preview(changed(new), upload()))[1]


@pytest.mark.parametrize(
    "value", ["a | b", "`x` ``y``", "<img src=x>", "@everybody", "a\nb\n| c |", "](https://evil.example)"]
)
def test_no_value_breaks_out_of_its_cell(value):
    new = manifest(bindings=[*BOUND[:3], {**BOUND[3], "text": value}, BOUND[4]])
    _, text = run(preview(changed(new), upload()))
    [row] = [line for line in text.splitlines() if "binding PAGE_SIZE" in line]
    assert row.replace("\\|", "").count("|") == 4
    assert len(text.splitlines()) == len(run(CASES["plain_setting"]())[1].splitlines()) - 1


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"steps": 1}',
        b'{"steps": []}',
        b'{"steps": [1, {"op": 1}, {"op": "update"}, {"urn": "x", "op": "update"}]}',
        b"[" * 100_000,
    ],
)
def test_other_input_is_a_failure_and_never_a_traceback(raw):
    code, text = run(raw, "--detailed-exitcode", "--stack", "org/building-vitals/prod")
    assert text.startswith("<!-- building-vitals review: building-vitals/prod -->\n### Preview")
    assert code == 1


@pytest.mark.parametrize("case", CASES)
def test_every_loss_in_a_comment_is_a_label(case, tmp_path):
    """Case X7 and the gate: the labels say the same as the comment."""
    labels, (_, text) = read_labels(CASES[case](), tmp_path), run(CASES[case]())
    if "preview:failed" in labels:
        assert labels == ["preview:failed"]
    else:
        assert ("preview:loss" in labels) == ("Would be lost" in text)
        assert ("preview:opens-access" in labels) == ("[!WARNING]" in text)
        assert ("preview:no-change" in labels) == ("no change" in text)
        assert ("preview:drift" in labels) == ("Changed outside Pulumi" in text)


@pytest.mark.parametrize(
    ("case", "labels"),
    [
        ("no_change", ["preview:no-change"]),
        ("plain_setting", ["preview:changes"]),
        ("key_rotated", ["preview:changes", "preview:key-changes"]),
        ("secret_deleted", ["preview:changes", "preview:drift"]),
        ("dropped_binding", ["preview:changes", "preview:loss"]),
        ("opens_access", ["preview:changes", "preview:opens-access"]),
        ("nothing_readable", ["preview:failed"]),
    ],
)
def test_the_labels_of_a_preview(case, labels, tmp_path):
    assert read_labels(CASES[case](), tmp_path) == labels


def test_a_query_worker_that_is_created_again_opens_nothing():
    """Case X7, kept: it was public before it was deleted."""
    gone = [step("create", kind, None, QUERY[kind]) for kind in ("query_script", "query_crons")]
    assert "[!WARNING]" not in run(preview(*query_refreshed(), *gone))[1]


@pytest.mark.parametrize("lost", ["lost", "replaced"])
def test_a_binding_of_the_query_worker_is_a_loss_too(lost, tmp_path):
    raw = preview(
        upload("query_script"), drift(kind="query_drift", **{lost: [{"name": "CACHE", "type": "kv_namespace"}]})
    )
    assert "| `CACHE` | `kv_namespace` |" in run(raw)[1]
    assert "preview:loss" in read_labels(raw, tmp_path)


def test_lines_around_the_json_are_left_out():
    """Case P1: the engine prints a line while it installs a policy pack."""
    raw = CASES["plain_setting"]()
    pretty = json.dumps(json.loads(raw), indent=4).encode()
    for text in (raw, pretty):
        around = b"Installing policy pack building-vitals 1.0.0\n{not json\n" + text + b"\nDone {x}\n"
        assert run(around, "--detailed-exitcode", "--stack", "prod") == run(
            raw, "--detailed-exitcode", "--stack", "prod"
        )


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"\n", "it begins with ''"),
        (b"\n  Installing policy pack\nmore", "it begins with 'Installing policy pack'"),
        (b"##[error]\xff\x1b[31m", "it begins with"),
        (b"x" * 10_000, "it begins with 'xxx"),
        (b"token ghp_" + b"a" * 36, "a line that looks like a secret (hidden)"),
    ],
)
def test_output_that_is_not_json_is_told_in_one_line(raw, said):
    """Case P1: without JSON the command says so, and shows no secret."""
    result = CliRunner().invoke(main, [], input=raw)
    [line] = result.stderr.splitlines()
    assert result.exit_code == 1
    assert line.startswith("error: the preview is not JSON: ")
    assert said in line
    assert len(line) < 200
    assert "ghp_" not in line
    assert "There is no preview that can be read" in result.stdout


def test_an_empty_preview_is_told_by_the_engine_alone():
    result = CliRunner().invoke(main, [], input=b"")
    assert (result.exit_code, result.stderr) == (1, "")


def test_a_comment_is_utf_8_in_every_locale():
    """Case P12: Windows writes cp1252 by default."""
    raw = preview(changed(manifest(sites=[site("名古屋")])), upload())
    command = [sys.executable, "-m", "review"]
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252"}
    done = subprocess.run(command, input=raw, capture_output=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stderr == b""
    assert "名古屋" in done.stdout.decode()


def test_the_message_of_the_upload_is_never_read():
    _, text = run(preview(upload()))
    assert "a sentence for people" not in text
    assert "outside Pulumi" not in text


def test_the_record_of_an_earlier_drift_is_not_a_drift():
    record = {"record": {**OUTSIDE, "changes": [{"name": "ACE_API_KEY", "change": "changed"}]}}
    _, text = run(preview(upload(contentSha256="bbbb"), step("same", "drift", record, record)))
    assert "outside Pulumi" not in text
    assert "the code changes" in text


def test_a_new_drift_after_an_earlier_one_is_shown():
    earlier = {**OUTSIDE, "changes": [{"name": "OLD", "change": "added"}]}
    _, text = run(preview(upload(), drift(("NEW", "added"), before=earlier)))
    assert "| `NEW` | added | removed |" in text
    assert "OLD" not in text


@pytest.mark.parametrize("record", [1, {"version": 1}, {**OUTSIDE, "more": "x"}, {**OUTSIDE, "changes": [CANARY]}])
def test_a_record_that_cannot_be_read_is_a_failure(record):
    code, text = run(
        preview(upload(), step("update", "drift", {"record": {}}, {"record": record})), "--detailed-exitcode"
    )
    assert code == 1
    assert CANARY not in text


@pytest.mark.parametrize("name", ["MY-SECRET", "my.secret", "a | b", "`x` ``y``", "a\nb", "<img src=x>", "##[error]x"])
def test_a_changed_binding_of_any_name_is_one_row(name):
    _, text = run(preview(upload(), drift((name, "added"))))
    [row] = [line for line in text.splitlines() if line.endswith(" | added | removed |")]
    assert row.replace("\\|", "").count("|") == 4


def test_the_code_of_each_worker_is_its_own():
    _, text = run(preview(*query_refreshed(), upload(), upload("query_script", contentSha256="bbbb")))
    assert "| the worker (code and all bindings) | uploaded again: the code is the same |" in text
    assert "| the query worker (code and all bindings) | uploaded again: the code changes |" in text
    assert "outside Pulumi" not in text


def test_a_new_reader_of_the_logs_opens_access():
    """Case X7: a deployment that lets another worker read the logs, or that sends them to storage."""
    settings = {**SETTINGS, "tail_consumers": "log-reader", "logpush": "on"}
    _, text = run(preview(changed(manifest(worker={"settings": settings})), upload()))
    assert "> - `tail_consumers` is `log-reader`: the logs of the worker go to other workers." in text
    assert "> - `logpush` is `on`: the logs of the worker go to storage or a service." in text
    _, text = run(preview(changed(manifest(worker={"settings": {**SETTINGS, "limits": "none"}})), upload()))
    assert "opens access" not in text


def test_changed_script_settings_of_the_query_worker_are_named():
    """Case X4: a setting of either worker that was changed outside Pulumi."""
    found = drift(kind="query_drift", origin="script settings", author=None, at=None, settings=CHANGED_SETTINGS)
    _, text = run(preview(*query_refreshed(), upload("query_script"), found))
    assert "Query worker: The script settings were changed (live version `608d4072`)." in text
    assert "Settings: `tail consumers (expected none, found log-reader)`, `logpush (expected off, found on)`." in text


def test_a_new_query_worker_takes_no_place_while_another_worker_is_adopted():
    new = [step("create", kind, None, inputs) for kind, inputs in QUERY.items()]
    _, text = run(preview(*adopting(), *new, first=True))
    assert "| the worker (code and all bindings) | uploaded in place of the live one |" in text
    assert "| the query worker (code and all bindings) | created |" in text
    assert "| the query worker's workers.dev address | created |" in text


def test_the_worker_of_another_stack_is_named_by_its_tag():
    """Case X6: with `adopt: from-other-stack`."""
    _, text = run(preview(*adopting(stack="bv:0ad5a279:"), first=True))
    assert "is an upload of another stack (its tag begins with `bv:0ad5a279:`) (last changed by" in text
    assert "This deployment replaces it." in text


def test_a_deleted_query_worker_is_named():
    gone = [step("create", kind, None, QUERY[kind]) for kind in ("query_script", "query_crons")]
    _, text = run(preview(*query_refreshed(), *gone))
    assert "The query worker was deleted. It is created again." in text
    assert "The query worker's schedule (crons) was deleted with the worker." in text


def test_a_failed_resource_names_the_worker():
    _, text = run(preview(errors=[("error: x", "query_script")]))
    assert "It failed at: the query worker (code and all bindings)." in text


def test_code_that_was_replaced_outside_pulumi_is_not_a_change_of_the_program():
    outside = step("update", "script", {**LIVE["script"], "contentSha256": "cccc"}, LIVE["script"])
    _, text = run(preview(outside))
    assert "The code of the live worker was replaced" in text
    assert "the code is the same" in text


@pytest.mark.parametrize(
    ("steps", "errors", "said"),
    [
        ([step("create", "secret", None, LIVE["secret"]), upload()], (), "unknown"),  # a stack of an older program
        ([upload()], [("error: x", None)], "unknown"),
        ([step("update", "secret", LIVE["secret"], LIVE["secret"])], [("error: x", None)], "yes"),
        ([upload()], (), "no"),
    ],
)
def test_a_change_of_the_key_is_stated_only_where_it_is_known(steps, errors, said):
    assert f"value changes: {said}**" in run(preview(*steps, errors=errors))[1]


def test_a_comment_that_is_too_long_loses_rows_and_never_a_part_of_one():
    long = "x y" * 60
    bindings = [{"name": f"S{n:03}{'_' * 90}", "type": "plain_text", "text": long} for n in range(300)]
    new = manifest(bindings=[*BOUND, *bindings])
    _, text = run(preview(changed(new), upload()))
    assert len(text) < 65_536
    assert "more: `pulumi preview --diff` shows them all" in text
    for line in text.splitlines():
        assert not line.startswith("|") or line.endswith("|")


def test_refreshed_is_every_resource():
    assert len(refreshed()) == len(LIVE) + 1


@pytest.mark.parametrize(
    "unread",
    [
        {"op": "delete", "urn": "urn:pulumi:prod::building-vitals::cloudflare:index/r2Bucket:R2Bucket"},
        {"op": "delete", "urn": "urn:pulumi:prod::building-vitals::cloudflare:index/r2Bucket:R2Bucket::"},
        {"op": "delete", "urn": "urn:pulumi:a stack::building-vitals::cloudflare:index/r2Bucket:R2Bucket::x"},
        {"op": "delete", "urn": "x"},
        {"op": "a-new-op", "urn": step("same", "bucket", {}, {})["urn"]},
        1,
    ],
)
def test_a_step_that_cannot_be_read_is_never_no_change(unread):
    code, text = run(preview(unread), "--detailed-exitcode")
    assert code == 1
    assert "it failed" in text


@pytest.mark.parametrize(
    "name", ["timeseries/expire", "my bucket", "größe", "a::b", "a$b", "<b>|`x`", "a\nb", "x" * 300]
)
def test_a_resource_of_any_name_is_an_escaped_row(name):
    """Case P2: a slash in a name is a row, not a failed review."""
    kind = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle"
    urn = f"{PREFIX}building-vitals:storage:Bucket${kind}::{name}"
    code, text = run(preview({"op": "create", "urn": urn, "newState": {"inputs": {}}}), "--detailed-exitcode")
    assert code == 2
    [row] = [line for line in text.splitlines() if line.startswith(f"| `{kind}` ")]
    assert row.endswith(" | created |")
    assert row.replace("\\|", "").count("|") == 3


def test_a_preview_that_broke_off_after_the_refresh_is_never_no_change():
    raw = json.dumps({"steps": [item for item in refreshed() if item["op"] == "refresh"], "diagnostics": []}).encode()
    assert run(raw, "--detailed-exitcode")[0] == 1


def test_an_old_manifest_that_cannot_be_read_is_no_first_deployment():
    old = {"manifest": {**MANIFEST, "schema": 0}}
    code, text = run(
        preview(step("update", "manifest", old, {"manifest": manifest()}), upload()), "--detailed-exitcode"
    )
    assert code == 2
    assert "first deployment" not in text
    assert "| not known | binding |" in text


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({}, "unknown, because no API returns the live value"),
        ({"origin": "rollback"}, "unknown, because no API returns the live value"),
        ({"origin": "crons", "author": None, "at": None, "crons": []}, "no**"),
        ({"origin": "script settings", "author": None, "at": None, "settings": CHANGED_SETTINGS}, "no**"),
    ],
)
def test_the_live_key_is_named_only_where_it_is_known(record, said):
    assert f"value changes: {said}" in run(preview(upload(), drift(**record)))[1]


def test_a_version_that_was_put_back_has_a_next_step():
    """Issue 13, item 4: the next deployment uploads the program that failed again."""
    text = run(preview(upload(), drift(origin="put back")))[1]
    assert "put an earlier version back after a failed verification on" in text
    assert "`pulumi up` deploys the program again, so correct it first." in text


def test_a_deployment_that_did_not_finish_is_not_a_change_outside_pulumi():
    """Case C10: Cloudflare refused the crons of the last `pulumi up`."""
    unfinished = drift(origin="unfinished", author=None, at=None, crons=["0 1 * * *"])
    code, text = run(preview(upload(), unfinished, CRONS_AGAIN), "--detailed-exitcode")
    assert code == 2
    assert "a deployment that did not finish is completed" in text
    assert "#### Not finished\n\nThe last `pulumi up` did not finish, so its crons are not live" in text
    assert "Live crons: `0 1 * * *`." in text
    assert "value changes: no**" in text
    assert "outside Pulumi" not in text


def test_the_changes_before_the_last_one_are_named():
    """Case C11: a secret was changed, then another version was uploaded, both outside Pulumi."""
    before = {"version": "608d4072-aaaa", "origin": "secret", "author": "ann@example.org", "at": "2026-11-24 11:10:47"}
    _, text = run(preview(upload(), drift(origin="upload", earlier=[before]), CRONS_AGAIN))
    assert "Before that: `ann@example.org` changed secrets on `2026-11-24 11:10:47` UTC (version `608d4072`)." in text


def test_a_preview_of_a_part_does_not_say_that_the_key_stays():
    part = upload() | {"diffReasons": ["bindings", "etag"]}
    assert "value changes: unknown" in run(preview(part))[1]


def test_a_kept_secret_is_not_restored():
    kept = manifest(bindings=[*BOUND, {"name": "SLACK", "type": "secret_text"}])
    _, text = run(preview(changed(kept), upload(), drift(("SLACK", "changed"))))
    assert "| `SLACK` | changed | kept, because no API returns its value |" in text
    assert "keeps its live value" in text


def test_the_import_of_a_bucket_that_the_state_has_is_no_loss():
    _, text = run(preview(step("replace", "bucket", LIVE["bucket"], LIVE["bucket"])))
    assert "Would be lost" not in text


def test_a_worker_that_is_gone_takes_its_crons_with_it():
    _, text = run(preview(*[step("create", kind, None, LIVE[kind]) for kind in ("script", "crons")]))
    assert "The worker was deleted" in text
    assert "The schedule (crons) was deleted with the worker" in text


def test_each_site_that_changes_has_a_row():
    """A removed site loses nothing, and the reviewer reads so."""
    before = manifest(sites=[site("kept"), site("moved", end="2024-12-31"), site("removed")])
    after = manifest(sites=[site("kept"), site("moved", start="2024-01-01"), site("added", end="2025-01-31")])
    _, text = run(preview(step("update", "manifest", {"manifest": before}, {"manifest": after}), upload()))
    rows = [line for line in text.splitlines() if line.startswith("| `site ")]
    assert rows == [
        "| `site moved` | `2024-12-10 to 2024-12-31` | `2024-01-01 to yesterday` |",
        "| `site removed` | `2024-12-10 to yesterday` | `removed: its days stay in the bucket, and are no longer copied, checked or served` |",
        "| `site added` | - | `2024-12-10 to 2025-01-31` |",
    ]
    assert "binding SITES" not in text
    assert "preview:loss" not in text
