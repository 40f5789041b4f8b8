"""The check `r2`: the stored days, their metadata and their content."""

import gzip
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from checks.stored_days import gzip_reader
from cloudflare_client import client
from tests.fakes import run_log
from tests.fakes.answers import answer, envelope, refusal
from tests.fakes.days import Stored, date_of, key_of, lines, stored, stored_in_members, to_rows
from tests.fakes.healthy_system import endless_system, healthy_system
from tests.fakes.manifest import NOW, SITE, TAG, manifest_data
from tests.fakes.outcomes import failed_finding, inconclusive_finding

ERROR = {"status": "error"}


BEFORE, AFTER = datetime(2024, 12, 19, 23, 59, 50, tzinfo=UTC), datetime(2024, 12, 20, 0, 20, tzinfo=UTC)


def test_r2_follows_every_cursor(tmp_path):
    system = healthy_system(stored=5)
    system.cloudflare.page_size = 2
    _, report = system.report(tmp_path, "r2")
    assert report["r2"]["evidence"][0] == "5 of 5 days are stored, and the worker reports 5 complete"
    assert sum(asked.endswith("/objects") for asked in system.asked) == 3


def test_r2_without_any_day_is_inconclusive(tmp_path):
    found = inconclusive_finding(tmp_path, healthy_system(stored=0), "r2")
    assert (found["cause"], found["found"]) == ("propagation", "no day is stored, and the worker reports none complete")


def test_r2_without_the_objects_that_the_worker_counts(tmp_path):
    system = healthy_system()
    claimed = system.worker.status()
    system.objects.clear()
    system.worker.status = lambda: claimed
    found = failed_finding(tmp_path, system, "r2")
    assert found["found"] == "0; absent: timeseries/ses_falls_city/2024-12-10/data.ndjson.gz and 1 more"
    assert found["cause"] == "worker"


def test_r2_without_one_day_that_the_worker_reports_complete(tmp_path):
    system = healthy_system(stored=4)
    claimed = system.worker.status()
    del system.objects[key_of("2024-12-11")]
    system.worker.status = lambda: claimed
    assert failed_finding(tmp_path, system, "r2")["found"].endswith("2024-12-11/data.ndjson.gz")


def test_r2_with_a_missing_day_that_the_worker_reports(tmp_path):
    system = healthy_system(stored=4)
    del system.objects[key_of("2024-12-11")]
    assert system.report(tmp_path, "r2")[0] == 0


def test_r2_of_a_worker_with_an_absurd_count(tmp_path):
    system = healthy_system()
    system.worker.status = lambda: (
        200,
        {"status": "x", "progress": system.worker.progress(days_complete=10**15, days_total=10**15)},
    )
    assert failed_finding(tmp_path, system, "r2")["cause"] == "worker"


def test_r2_ignores_objects_that_are_not_declared_days(tmp_path):
    system = healthy_system()
    for key in ("2024-12-09/data.ndjson.gz", "2024-12-15/data.ndjson.gz", "notes.txt", "2024-12-10/old.json"):
        system.objects["timeseries/ses_falls_city/" + key] = Stored(body=b"not ours", custom={})
    assert system.report(tmp_path, "r2")[0] == 0


def test_r2_of_an_empty_day(tmp_path):
    system = healthy_system()
    system.write("2024-12-10", [])
    _, report = system.report(tmp_path, "r2")
    assert "2 of them agree with their metadata (3 samples)" in report["r2"]["evidence"]


def test_r2_is_inconclusive_where_every_day_is_empty(tmp_path):
    system = healthy_system(stored=0)
    system.write("2024-12-10", [])
    assert (
        inconclusive_finding(tmp_path, system, "r2")["found"]
        == "only empty days are stored (1): does ses_falls_city have data from 2024-12-10 on?"
    )


@pytest.mark.parametrize("day", range(5))
def test_r2_fails_for_a_destroyed_day_at_any_place(tmp_path, day):
    system = healthy_system(stored=5)
    system.objects[key_of(date_of(day))] = Stored(body=b"", custom={})
    found = failed_finding(tmp_path, system, "r2")
    assert found["subject"] == key_of(date_of(day))
    file = found["subject"].replace("/", "-")
    assert found["hint"] == f"npx wrangler r2 object get ace-timeseries/{found['subject']} --remote --file {file}"


@pytest.mark.parametrize("name", ["samples", "points", "first", "last", "sha256", "source", "worker_version"])
def test_r2_fails_for_metadata_without_an_entry(tmp_path, name):
    system = healthy_system()
    system.write("2024-12-11", **{name: None})
    found = failed_finding(tmp_path, system, "r2")
    assert (found["found"].partition(";")[0], found["cause"]) == (f"metadata without {name}", "worker")


def test_r2_names_storage_for_an_object_without_the_workers_metadata(tmp_path):
    system = healthy_system()
    system.objects[key_of("2024-12-11")] = replace(stored("2024-12-11"), custom={})
    found = failed_finding(tmp_path, system, "r2")
    assert found["found"] == (
        "no metadata, so another program wrote it; its metadata name no writer; ACE still has samples of the day"
    )
    assert found["cause"] == "storage"
    assert found["hint"].startswith("npx wrangler r2 object get ace-timeseries/timeseries/ses_falls_city/2024-12-11/")


def test_r2_is_inconclusive_for_a_day_beyond_the_checkers_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(gzip_reader, "MAX_POINTS", 0)
    found = inconclusive_finding(tmp_path, healthy_system(), "r2")
    assert (found["cause"], found["found"]) == ("checker", "more than 0 points in a day")


def test_r2_of_a_day_with_false_metadata(tmp_path):
    system = healthy_system()
    system.write("2024-12-10", samples="999")
    found = failed_finding(tmp_path, system, "r2")
    assert found["expected"] == "metadata samples 3, as in the content"
    assert found["found"] == "'999'; written by the live version v1; ACE still has samples of the day"
    assert "npx wrangler r2 object get ace-timeseries/timeseries/ses_falls_city/2024-12-10/" in found["hint"]


def test_r2_of_a_day_of_another_day(tmp_path):
    system = healthy_system()
    system.write("2024-12-11", lines("2024-12-12"))
    assert "a timestamp of that day" in failed_finding(tmp_path, system, "r2")["expected"]


def test_r2_of_an_object_that_is_listed_and_missing(tmp_path):
    system = healthy_system()
    system.routes["GET", "/objects/timeseries"] = refusal(404, 10007)
    assert failed_finding(tmp_path, system, "r2")["cause"] == "storage"


def test_r2_of_objects_that_declare_an_encoding(tmp_path):
    system = healthy_system()
    for key, day in system.objects.items():
        system.objects[key] = replace(day, encoding="gzip")
    found = failed_finding(tmp_path, system, "r2")
    assert found["subject"].endswith("data.ndjson.gz and 1 more")
    assert found["expected"] == "no Content-Encoding"


def test_r2_without_the_bucket(tmp_path):
    system = healthy_system()
    system.routes["GET", "/objects"] = refusal(404, 10006)
    found = failed_finding(tmp_path, system, "r2")
    assert (found["cause"], found["hint"]) == ("storage", "pulumi up --stack prod")


def test_r2_of_a_worker_without_storage(tmp_path):
    system = healthy_system()
    system.worker.status = lambda: (502, {**ERROR, "error": {"code": "storage", "message": "no bucket is bound"}})
    assert failed_finding(tmp_path, system, "r2")["cause"] == "storage"


def test_r2_of_a_worker_without_progress(tmp_path):
    system = healthy_system()
    system.worker.status = lambda: (200, {"status": "x"})
    assert failed_finding(tmp_path, system, "r2")["found"] == "200: progress is not an object"


@pytest.mark.parametrize(
    "reply",
    [
        refusal(403, 10000),
        refusal(400, 10022),
        envelope([{"key": "x", "custom_metadata": {"samples": 5}}]),
        envelope([{"key": "x", "custom_metadata": 5}]),
        envelope([{"key": "x", "size": "1"}]),
        envelope([], is_truncated=True),
        envelope([], cursor=5),
        envelope([], is_truncated=True, cursor="same"),
        answer(200, {"success": False}),
        answer(200, {"success": True, "result": [], "result_info": 5, "errors": 5}),
        httpx.Response(200, text="[" * 100_000),
    ],
)
def test_r2_from_an_api_that_cannot_be_read(tmp_path, reply):
    system = healthy_system(stored=0)
    system.routes["GET", "/objects"] = reply
    inconclusive_finding(tmp_path, system, "r2")


def test_r2_of_an_object_that_may_not_be_read(tmp_path):
    system = healthy_system()
    system.routes["GET", "/objects/timeseries"] = refusal(403, 10000)
    assert "CLOUDFLARE_API_TOKEN" in inconclusive_finding(tmp_path, system, "r2")["expected"]


@pytest.mark.parametrize("end_date", [None, "2030-01-01"])
def test_r2_of_a_backfill_without_end_around_midnight(tmp_path, end_date):
    for now in (BEFORE, AFTER):
        system = endless_system(end_date, stored=10, total=10)  # until the 19th
        system.now = now
        _, report = system.report(tmp_path, "r2")
        assert report["r2"]["outcome"] == "pass", report["r2"]["findings"]
        assert "10 of 10 days are stored" in report["r2"]["evidence"][0]


@pytest.mark.parametrize("end_date", [None, "2030-01-01"])
def test_r2_of_a_day_that_is_not_over(tmp_path, end_date):
    system = endless_system(end_date, stored=10, total=10)
    system.write("2024-12-20")  # at noon of that day: never written again, so that its afternoon is lost
    found = failed_finding(tmp_path, system, "r2")
    assert found["subject"] == key_of("2024-12-20")
    assert found["expected"] == "no object before the end of the day (UTC)"
    assert found["cause"] == "worker"
    assert f"/{key_of('2024-12-20')} --remote" in found["hint"]


def test_r2_ignores_days_after_the_declared_end(tmp_path):
    system = healthy_system()
    system.write("2024-12-30")
    assert system.report(tmp_path, "r2")[1]["r2"]["outcome"] == "pass"


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        ({"code": "upstream_unavailable", "message": "ACE answered 503"}, "ace"),
        ({"code": "upstream_auth"}, "configuration"),
        ({"code": "storage", "message": "full"}, "storage"),
        ({"code": 5}, "propagation"),
        ("upstream_auth", "propagation"),
        (None, "propagation"),
    ],
)
def test_r2_without_any_day_names_the_cause_of_the_workers_last_error(tmp_path, failure, cause):
    system = healthy_system(stored=0)
    system.ace.is_expired = True
    body = {"status": "in_progress", "progress": system.worker.progress(), "continuation": True}
    system.worker.status = lambda: (200, {**body, "last_error": failure})
    found = inconclusive_finding(tmp_path, system, "r2")
    assert found["cause"] == cause
    assert ("none complete: " in found["found"]) == (cause != "propagation")


@pytest.mark.parametrize(("ended", "error", "cause"), [
    ("2024-12-20T11:50:00.000Z", None, "propagation"),
    ("2024-12-20T11:50:00.000Z", {"code": "upstream_contract", "message": "why"}, "ace"),
    (None, None, "ace"),
    ("2024-12-19T11:50:00.000Z", None, "ace"),
])  # fmt: skip
def test_r2_weighs_the_time_of_the_last_error(tmp_path, ended, error, cause):
    """Case C16: an old error that a later run cured is shown with its time, and is not the cause."""
    system = healthy_system(stored=0)
    system.ace.is_expired = True
    body = {"status": "in_progress", "progress": system.worker.progress(), "continuation": True}
    failure = {"code": "upstream_contract", "message": "why", "at": "2024-12-20T10:00:00.000Z"}
    last = run_log.make_run(NOW, ended_at=ended, error=error)
    system.worker.status = lambda: (200, {**body, "last_error": failure, "last_run": last})
    found = inconclusive_finding(tmp_path, system, "r2")
    assert found["cause"] == cause
    assert "upstream_contract (why) at 2024-12-20 10:00:00 UTC" in found["found"]


def test_r2_in_a_jurisdiction(tmp_path):
    places = []
    system = healthy_system(manifest=manifest_data(storage__jurisdiction="eu"))
    system.cloudflare.jurisdiction = "eu"
    system.routes["GET", "/objects"] = lambda request: (
        places.append(request.headers["cf-r2-jurisdiction"]) or system.cloudflare.answer(request)
    )
    assert system.report(tmp_path, "r2")[0] == 0
    assert set(places) == {"eu"}


def test_r2_refuses_a_list_without_end(tmp_path, monkeypatch):

    monkeypatch.setattr(client, "MAX_LIST_PAGES", 3)
    system = healthy_system(stored=5)
    system.cloudflare.page_size = 1
    assert inconclusive_finding(tmp_path, system, "r2")["found"] == "a cursor that repeats, or too many pages"
    system.script.versions = [system.script.version(n, TAG, "upload") for n in range(60, 0, -1)]
    system.script.live = ["v60"]
    assert system.report(tmp_path, "secrets")[0] == 0


DAY = "2024-12-10"


GOOD = lines(DAY)


def with_object(raw=None, rows=None, **metadata):
    system = healthy_system()
    system.write(DAY, rows, raw=raw, **metadata)
    return system


@pytest.mark.parametrize(
    ("system", "expected", "actual"),
    [
        (with_object(stored(DAY).body[:-6]), "a complete gzip file", "one cut off after"),
        (with_object(gzip.compress(stored(DAY).body)), "NDJSON, compressed once", "it is compressed twice"),
        (with_object(gzip.compress(json.dumps(GOOD[0]).encode() + b'\n{"point_na')), "JSON in line 2", "another text"),
        (with_object(rows=lines("2024-12-11")), "a timestamp of that day", "1733875200000"),
        (with_object(rows=[GOOD[0] | {"point_name": "ses/ses_other/x/y"}]), "points of site ses_falls_city", "ses/ses_other"),
        (with_object(source="2024-12-11T00:00:00Z/2024-12-12T00:00:00Z"), "metadata source 2024-12-10", "'2024-12-11"),
        (with_object(sha256="0" * 64), "metadata sha256", "'0000"),
    ],
    ids=["truncated", "twice", "line", "day", "site", "window", "digest"],
)  # fmt: skip
def test_r2_names_the_defect_of_an_object(tmp_path, system, expected, actual):
    found = failed_finding(tmp_path, system, "r2")
    assert found["subject"] == key_of(DAY)
    assert found["expected"].startswith(expected)
    assert found["found"].startswith(actual)
    assert found["cause"] == "worker"


@pytest.mark.parametrize("rows", [[GOOD[2], GOOD[0], GOOD[1]], [GOOD[0], GOOD[0], GOOD[1]]])
@pytest.mark.parametrize("store", [stored, stored_in_members])
def test_any_order_and_repeated_rows_are_accepted(tmp_path, rows, store):
    """Cases A5 and A6: ACE may send them so, in both formats."""
    system = healthy_system(stored=1, total=1)
    system.objects[key_of(DAY)] = store(DAY, rows)
    system.ace.days[DAY] = to_rows(rows)
    code, report = system.report(tmp_path, "r2", "proof")
    assert (code, report["proof"]["evidence"][0]) == (0, f"{SITE} {DAY}: all 3 samples equal ACE's, row for row")


def test_a_day_beyond_the_bounds_does_not_hide_a_broken_day(tmp_path):
    system = healthy_system(stored=3)
    system.write(date_of(0), None, raw=gzip.compress(b"x" * 100_000))
    assert inconclusive_finding(tmp_path, system, "r2")["found"] == "a line of more than 65,536 bytes"
    system.write(date_of(2), None, raw=b"no gzip")
    found = failed_finding(tmp_path, system, "r2")
    assert found["subject"] == key_of(date_of(2))
    assert found["found"].startswith("bytes that do not decompress; ")


def test_r2_is_thorough_on_request(tmp_path):
    system = healthy_system(stored=19, total=19, manifest=manifest_data(last=date_of(18)), now=NOW + timedelta(days=20))
    _, report = system.report(tmp_path, "r2")
    assert re.match(r"read (9|10) of 19 stored days \(.*\), every day within 2 daily runs", report["r2"]["evidence"][1])
    _, report = system.report(tmp_path, "r2", thorough=True)
    assert "19 of them agree with their metadata (57 samples)" in report["r2"]["evidence"]
    for n in range(19):
        system.write(date_of(n), samples="4")
    assert len(system.report(tmp_path, "r2", thorough=True)[1]["r2"]["findings"]) == 10


def test_every_damaged_day_is_found_within_the_stated_runs(tmp_path):
    """Each of 40 days in turn: the sample rotates, and the report says in how many runs."""
    system = healthy_system(stored=40, total=40, manifest=manifest_data(last=date_of(39)), now=NOW + timedelta(days=40))
    system.write(date_of(17), sha256="0" * 64)
    codes = []
    for _ in range(4):
        code, report = system.report(tmp_path, "r2")
        codes.append(code)
        assert any(text.endswith("every day within 4 daily runs") for text in report["r2"]["evidence"])
        system.now += timedelta(days=1)
    assert sorted(codes) == [0, 0, 0, 1]


def test_r2_lists_at_most_ten_broken_days(tmp_path, monkeypatch):
    monkeypatch.setattr("checks.diagnosis.stored_objects.decoding.MAX_FINDINGS", 2)
    system = healthy_system(stored=5)
    for n in range(5):
        system.write(date_of(n), samples="4")
    _, report = system.report(tmp_path, "r2", thorough=True)
    assert len(report["r2"]["findings"]) == 2
    assert "no agreement with the metadata: 3 more days" in report["r2"]["evidence"]


def test_a_day_that_cannot_be_read_is_not_taken_for_a_lack_of_time(tmp_path):
    system = healthy_system()
    system.routes["GET", f"/objects/{key_of(date_of(1))}"] = answer(500)
    assert inconclusive_finding(tmp_path, system, "r2")["cause"] == "cloudflare"
