"""What a reviewer reads, word by word: tests/golden/review, the exit code in the file's name."""

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from review.__main__ import main
from tests.unit.review.engine_json import (
    CANARY,
    LIVE,
    OUTSIDE,
    PROMISE,
    QUERY,
    preview,
    promise,
    query_refreshed,
    refreshed,
    step,
    upload,
)

GOLDEN = Path(__file__).parents[2] / "golden" / "review"
CRONS_AGAIN = step("replace", "crons", LIVE["crons"], LIVE["crons"])
BOUND = PROMISE["bindings"]
NEW = [step("create", kind, None, inputs) for kind, inputs in LIVE.items()]


def promised(changed):
    return step("update", "promise", LIVE["promise"], {"manifest": changed})


def created(message):
    annotations = {"workersTag": "bv:another", "workersMessage": message}
    return step("create", "script", None, {**LIVE["script"], "annotations": annotations})


def many():
    old, new = (
        promise(bindings=BOUND + [{"name": f"SETTING_{n:03}", "type": "plain_text", "text": text} for n in range(300)])
        for text in ("before", "after")
    )
    return preview(step("update", "promise", {"manifest": old}, {"manifest": new}), upload())


CASES = {
    "first_deployment": lambda: preview(*NEW, first=True),
    "no_change": lambda: preview(),
    "plain_setting": lambda: preview(
        promised(promise(ace={"page_size": 5000}, bindings=[*BOUND[:3], {**BOUND[3], "text": "another_site"}])),
        upload(contentSha256="bbbb"),
    ),
    "key_rotated": lambda: preview(step("update", "secret", LIVE["secret"], LIVE["secret"]), upload()),
    "key_changed_by_hand": lambda: preview(upload(f"{OUTSIDE}; by hand: ACE_API_KEY changed"), CRONS_AGAIN),
    "secret_deleted": lambda: preview(upload(f"{OUTSIDE}; by hand: ACE_API_KEY deleted, BY_HAND added"), CRONS_AGAIN),
    "binding_wiped": lambda: preview(
        upload(OUTSIDE.replace("(secret)", "(upload)") + "; by hand: BUCKET deleted, SITE changed"), CRONS_AGAIN
    ),
    "adoption": lambda: preview(
        *[step("create", kind, None, LIVE[kind]) for kind in ("secret", "promise", "subdomain", "crons")],
        step("import", "bucket", LIVE["bucket"], LIVE["bucket"]),
        created(
            "supersedes 608d4072, adopted, last changed (upload) by jo@example.org on 2026-11-20 08:30:00 UTC; "
            "live crons: 0 1 * * *; lost: CACHE (kv_namespace), FLAG (plain_text), SITE (secret_text); "
            "replaced: BUCKET (r2_bucket)"
        ),
        first=True,
    ),
    "replaced_bucket": lambda: preview(
        step("replace", "bucket", LIVE["bucket"], {"name": "another"}),
        promised(promise(storage={"bucket": "another"}, bindings=[BOUND[0], {**BOUND[1], "bucket_name": "another"}, *BOUND[2:]])),
        upload(),
        errors=[(f"error: unable to replace resource {CANARY}", "bucket"), ("error: preview failed", None)],
    ),
    "many_settings": many,
    "engine_error": lambda: preview(
        upload(), errors=[(f"error: bucket must be a name, found {CANARY!r}\npageSize is wrong: {CANARY}", "script")]
    ),
    "nothing_readable": lambda: b"error: validating stack config",
    "workers_dev_off": lambda: preview(step("update", "subdomain", {"enabled": False}, LIVE["subdomain"])),
    "bucket_gone": lambda: preview(step("create", "bucket", None, LIVE["bucket"])),
    "preview_urls_on": lambda: preview(
        step("update", "subdomain", {**LIVE["subdomain"], "previewsEnabled": True}, LIVE["subdomain"])
    ),
    "query_worker": lambda: preview(
        *query_refreshed(),
        upload(f"{OUTSIDE.replace('(secret)', '(upload)')}; by hand: SITE changed, BUCKET deleted", "query_script"),
        step("update", "query_subdomain", {"enabled": False}, LIVE["subdomain"]),
        step("replace", "query_crons", LIVE["crons"], LIVE["crons"]),
    ),
    "dropped_binding": lambda: preview(promised(promise(bindings=BOUND[:1])), upload()),
}  # fmt: skip
CODES = {"no_change": 0, "replaced_bucket": 1, "engine_error": 1, "nothing_readable": 1}


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
def test_whatever_the_preview_holds_no_canary_passes_and_the_comment_fits(case):
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
def test_a_value_in_the_promise_that_looks_like_a_secret_is_hidden(value):
    changed = promise(bindings=[*BOUND[:3], {**BOUND[3], "text": value}], ace={"site": value})
    _, text = run(preview(promised(changed), upload()))
    assert value not in text
    assert text.count("it looks like a secret") == 2


def test_a_value_under_a_secrets_name_is_hidden():
    changed = promise(bindings=[*BOUND, {"name": "DB_PASSWORD", "type": "plain_text", "text": "hunter2"}])
    assert "hunter2" not in run(preview(promised(changed), upload()))[1]


@pytest.mark.parametrize(
    "value", ["a | b", "`x` ``y``", "<img src=x>", "@everybody", "a\nb\n| c |", "](https://evil.example)"]
)
def test_no_value_breaks_out_of_its_cell(value):
    changed = promise(bindings=[*BOUND[:3], {**BOUND[3], "text": value}])
    _, text = run(preview(promised(changed), upload()))
    [row] = [line for line in text.splitlines() if "binding SITE" in line]
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
def test_what_is_no_preview_is_a_failure_and_never_a_traceback(raw):
    code, text = run(raw, "--detailed-exitcode", "--stack", "org/building-vitals/prod")
    assert text.startswith("<!-- building-vitals review: building-vitals/prod -->\n### Preview")
    assert code == 1


def test_a_message_that_is_not_ours_says_nothing():
    _, text = run(preview(upload(f"deployed by {CANARY}")))
    assert CANARY not in text
    assert "by hand" not in text


def test_the_message_that_the_live_version_has_already_is_no_change_by_hand():
    annotations = {"workersTag": "bv:x", "workersMessage": OUTSIDE}
    before = {**LIVE["script"], "annotations": annotations}
    _, text = run(preview(step("update", "script", before, {**before, "contentSha256": "bbbb"})))
    assert "outside this program" not in text
    assert "the code changes" in text


def test_the_code_of_each_worker_is_its_own():
    _, text = run(preview(*query_refreshed(), upload(), upload(kind="query_script", contentSha256="bbbb")))
    assert "| the worker (code and all bindings) | uploaded again: the code is the same |" in text
    assert "| the query worker (code and all bindings) | uploaded again: the code changes |" in text
    assert "by hand" not in text


def test_a_new_query_worker_takes_no_place_while_another_worker_is_adopted():
    new = [step("create", kind, None, inputs) for kind, inputs in QUERY.items()]
    _, text = run(preview(created(OUTSIDE.replace("changed outside", "adopted, last changed")), *new, first=True))
    assert "| the worker (code and all bindings) | uploaded in place of the live one |" in text
    assert "| the query worker (code and all bindings) | created |" in text
    assert "| the query worker's workers.dev address | created |" in text


def test_a_query_worker_that_is_gone_is_not_the_worker():
    gone = [step("create", kind, None, QUERY[kind]) for kind in ("query_script", "query_crons")]
    _, text = run(preview(*query_refreshed(), *gone))
    assert "The query worker was deleted. It is created again." in text
    assert "The query worker's schedule (crons) went with the worker." in text


def test_where_it_failed_names_the_worker():
    _, text = run(preview(errors=[("error: x", "query_script")]))
    assert "It failed at: the query worker (code and all bindings)." in text


def test_code_put_by_hand_is_not_the_programs_change():
    by_hand = step("update", "script", {**LIVE["script"], "contentSha256": "cccc"}, LIVE["script"])
    _, text = run(preview(by_hand))
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
def test_whether_the_key_changes_is_said_only_where_it_is_known(steps, errors, said):
    assert f"value changes: {said}**" in run(preview(*steps, errors=errors))[1]


def test_a_comment_that_is_too_long_loses_rows_and_never_a_part_of_one():
    long = "x y" * 60
    bindings = [{"name": f"S{n:03}{'_' * 90}", "type": "plain_text", "text": long} for n in range(300)]
    changed = promise(bindings=[*BOUND, *bindings])
    _, text = run(preview(promised(changed), upload()))
    assert len(text) < 65_536
    assert "more: `pulumi preview --diff` shows them all" in text
    for line in text.splitlines():
        assert not line.startswith("|") or line.endswith("|")


def test_refreshed_is_every_resource():
    assert len(refreshed()) == len(LIVE) + 1


@pytest.mark.parametrize(
    "unread",
    [
        {"op": "delete", "urn": "urn:pulumi:prod::building-vitals::cloudflare:index/r2Bucket:R2Bucket::my bucket"},
        {"op": "delete", "urn": "x"},
        {"op": "a-new-op", "urn": step("same", "bucket", {}, {})["urn"]},
        1,
    ],
)
def test_a_step_that_cannot_be_read_is_never_no_change(unread):
    code, text = run(preview(unread), "--detailed-exitcode")
    assert code == 1
    assert "it failed" in text


def test_a_preview_that_broke_off_after_the_refresh_is_never_no_change():
    raw = json.dumps({"steps": [item for item in refreshed() if item["op"] == "refresh"], "diagnostics": []}).encode()
    assert run(raw, "--detailed-exitcode")[0] == 1


def test_an_old_promise_that_cannot_be_read_is_no_first_deployment():
    old = {"manifest": {**PROMISE, "schema": 0}}
    code, text = run(preview(step("update", "promise", old, {"manifest": promise()}), upload()), "--detailed-exitcode")
    assert code == 2
    assert "first deployment" not in text
    assert "**not known**" in text


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (OUTSIDE, "unknown: the declared value stays"),
        (OUTSIDE.replace("(secret)", "(rollback)"), "unknown: the declared value stays"),
        ("supersedes 608d4072, changed outside (crons); live crons: none", "no**"),
    ],
)
def test_which_key_is_live_is_said_only_where_it_is_known(message, said):
    assert f"value changes: {said}" in run(preview(upload(message)))[1]


def test_a_preview_of_a_part_does_not_say_that_the_key_stays():
    part = upload() | {"diffReasons": ["bindings", "etag"]}
    assert "value changes: unknown" in run(preview(part))[1]


ADOPTED = OUTSIDE.replace("changed outside", "adopted, last changed")


@pytest.mark.parametrize(
    ("warning", "named"),
    [
        (f"{ADOPTED}; lost: CACHE (kv_namespace), FLAG (plain_text), NOTE (plain_text)", True),
        (f"{ADOPTED.replace('608d4072', 'ffff0000')}; lost: CACHE (kv_namespace), NOTE (plain_text)", False),
        (f"{ADOPTED}; lost: CACHE (kv_namespace), NOTE (plain_text) {CANARY}", False),
        (f"{ADOPTED}; lost: CACHE (kv_namespace), NOTE (plain_text); and {CANARY}", False),
    ],
)
def test_what_the_message_had_no_room_for_comes_from_the_programs_warning_or_is_counted(warning, named):
    said = created(f"{ADOPTED}; lost: CACHE (kv_namespace), and 2 more")
    _, text = run(preview(said, warnings=[warning], first=True))
    assert ("| `NOTE` | `plain_text` | nothing declares it |" in text) is named
    assert ("… and 2 more bindings." in text) is not named
    assert CANARY not in text


def test_a_kept_secret_is_not_said_to_be_put_back():
    kept = promise(bindings=[*BOUND, {"name": "SLACK", "type": "secret_text"}])
    by_hand = upload(f"{OUTSIDE}; by hand: SLACK changed")
    _, text = run(preview(step("update", "promise", LIVE["promise"], {"manifest": kept}), by_hand))
    assert "| `SLACK` | its value was changed | kept as it is: nobody knows its value |" in text
    assert "stay as they are now" in text


def test_the_import_of_a_bucket_that_the_state_has_is_no_loss():
    _, text = run(preview(step("replace", "bucket", LIVE["bucket"], LIVE["bucket"])))
    assert "Would be lost" not in text


def test_a_worker_that_is_gone_takes_its_crons_with_it():
    _, text = run(preview(*[step("create", kind, None, LIVE[kind]) for kind in ("script", "crons")]))
    assert "The worker was deleted" in text
    assert "The schedule (crons) went with the worker" in text
