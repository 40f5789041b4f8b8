"""The check `query`: the query worker serves the stored samples."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from tests.fakes.answers import answer, refusal
from tests.fakes.days import key_of, stored_in_members
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NOW, QUERY, manifest_data
from tests.fakes.outcomes import first_finding

DAYS = ("2024-12-10", "2024-12-11")


HEADERS = {"X-Data-Source": "R2", "X-Query-Strategy": "R2_ONLY"}
EXPOSED = "Access-Control-Expose-Headers"


def rows(day):
    start = 1_733_788_800_000 if day == "2024-12-10" else 1_733_875_200_000
    return [
        {"point_name": f"ses/ses_falls_city/AHU/VAV-{n % 3}.DaTemp", "timestamp": start + 60_000 * (n // 3), "value": n}
        for n in range(30)
    ]


def served(url=QUERY):
    """Return a system with a query worker over two days."""
    system = healthy_system(manifest=manifest_data(siblings__query_url=url), stored=0)
    for day in DAYS:
        system.write(day, rows(day))
    return system


def run_query(system, tmp_path, **options):
    code, checks = system.report(tmp_path, "query", **options)
    return code, checks["query"]


def failed_query(system, tmp_path, **options):
    code, check = run_query(system, tmp_path, **options)
    assert (code, check["outcome"]) == (1, "fail")
    return first_finding(check)


def test_a_query_worker_that_serves_the_stored_samples(tmp_path):
    system = served()
    code, check = run_query(system, tmp_path)
    assert (code, check["outcome"]) == (0, "pass")
    [given] = system.query.questions
    whole, short, absent = given["point_names"].split(",")
    assert "/" in whole
    assert "/" not in short
    assert absent == "no-such-point-checked-by-building-vitals"
    assert given["site_name"] == "ses_falls_city"
    assert "40 samples of " in check["evidence"][0]
    assert check["evidence"][0].startswith("2024-12-10 and 2024-12-11: 40 samples of ")


def test_each_site_has_its_turn(tmp_path):
    names = ("ses_falls_city", "ses_other")
    system = healthy_system(manifest=manifest_data(siblings__query_url=QUERY, names=names), stored=0)
    system.query.sites = [*names]
    for day in DAYS:
        for site in names:
            system.write(day, rows(day), site=site)
    evidence = []
    for _ in names:
        evidence += run_query(system, tmp_path)[1]["evidence"]
        system.now += timedelta(days=1)
    assert [given["site_name"] for given in system.query.questions] in ([*names], [*names][::-1])
    assert all(any(text.startswith(f"{site}, 2024-12-10 and") for text in evidence) for site in names)
    system.query.sites = [names[0]]
    assert sorted(run_query(system, tmp_path)[1]["outcome"] for system.now in (NOW, NOW + timedelta(days=1))) == [
        "fail",
        "pass",
    ]


def test_days_of_both_formats_are_compared(tmp_path):
    system = served()
    system.objects[key_of(DAYS[1])] = stored_in_members(DAYS[1], rows(DAYS[1]))
    assert run_query(system, tmp_path)[0] == 0
    system.query.change = lambda body: {"samples": body["samples"][:-1]}
    assert "no such sample" in failed_query(system, tmp_path)["found"]


def test_a_name_that_matched_nothing_is_in_the_list_of_unmatched_names(tmp_path):
    system = served()
    for unmatched in ([], ["other"], None):
        system.query.change = lambda body, unmatched=unmatched: {**body, "unmatched": unmatched}
        if unmatched is None:  # a query worker of another program may not have the list
            assert run_query(system, tmp_path)[0] == 0
        else:
            assert failed_query(system, tmp_path)["subject"] == "unmatched of GET /timeseries/query"


@pytest.mark.parametrize("exposed", [None, "X-Data-Source", "X-Query-Strategy, Content-Type"])
def test_headers_that_browsers_cannot_read(tmp_path, exposed):
    system = served()
    system.query.headers = HEADERS | ({EXPOSED: exposed} if exposed else {})
    found = failed_query(system, tmp_path)
    assert found["subject"] == "Access-Control-Expose-Headers of GET /timeseries/query"
    assert found["found"] == (exposed or "no such header")
    for enough in ("*", "x-query-strategy,x-data-source"):
        system.query.headers = HEADERS | {EXPOSED: enough}
        assert run_query(system, tmp_path)[0] == 0


def test_a_day_larger_than_a_question(tmp_path, monkeypatch):
    monkeypatch.setattr("checks.catalog.query.MAX_SAMPLES", 5)
    system = served()
    code, check = run_query(system, tmp_path)
    assert (code, check["outcome"]) == (0, "pass")
    assert "4 samples of " in check["evidence"][0]  # the last ones of a day, and the first ones of the next
    [given] = system.query.questions
    assert int(given["start_time"]) == 1_733_788_800_000 + 9 * 60_000
    assert int(given["end_time"]) == 1_733_875_200_001


def test_without_a_query_worker_the_check_does_not_apply(tmp_path):
    code, checks = healthy_system().report(tmp_path)
    assert (code, checks["query"]["outcome"]) == (0, "skip")
    assert "no query worker is declared" in checks["query"]["reason"]


def test_a_url_that_cannot_be_used(tmp_path):
    found = failed_query(served("http://query.example.org"), tmp_path)
    assert (found["subject"], found["cause"]) == ("queryUrl", "configuration")


def twisted(place, value):
    def change(body):
        body["samples"][3] = {**body["samples"][3], place: value}
        return body

    return change


@pytest.mark.parametrize(
    ("change", "actual"),
    [
        (twisted("value", 999), "999 (1 of 40 samples differ)"),
        (twisted("value", "4"), "'4' (1 of 40 samples differ)"),
        (twisted("timestamp", 1), "(2 of 40 samples differ)"),
        (lambda body: {"samples": body["samples"][:-1]}, "no such sample (1 of 40 samples differ)"),
        (lambda body: {"samples": []}, "no such sample (40 of 40 samples differ)"),
        (lambda body: {"samples": body["samples"] * 2}, "(40 of 40 samples differ)"),
        (lambda body: {**body, "count": 3}, "40 samples, but count is 3"),
        (lambda body: {"points": {}, "error": []}, "no list of samples (its fields: error, points)"),
        (lambda body: {"samples": [1]}, "not a sample: 1"),
        (twisted("value", None), "None (1 of 40 samples differ)"),
        (twisted("value", True), "True (1 of 40 samples differ)"),
        (twisted("timestamp", 1.5), "not a sample"),
        (twisted("point_name", None), "not a sample"),
        (lambda body: [body], "bytes that are not a JSON object"),
    ],
)
def test_other_samples_than_those_stored(tmp_path, change, actual):
    system = served()
    system.query.change = change
    found = failed_query(system, tmp_path)
    assert actual in found["found"]
    assert found["cause"] == "worker"
    assert found["hint"].startswith(f"curl -sSi '{QUERY}/timeseries/query?site_name=ses_falls_city&point_names=")


@pytest.mark.parametrize(
    "headers", [{**HEADERS, "X-Data-Source": "D1"}, {"X-Query-Strategy": "R2_ONLY"}, {"X-Data-Source": "SPLIT"}, {}]
)
def test_headers_without_r2(tmp_path, headers):
    system = served()
    system.query.headers = headers
    assert failed_query(system, tmp_path)["subject"].endswith("of GET /timeseries/query")


def test_the_strategy_split_is_accepted(tmp_path):
    system = served()
    system.query.headers = dict.fromkeys(HEADERS, "SPLIT") | {EXPOSED: "*"}
    assert run_query(system, tmp_path)[0] == 0


@pytest.mark.parametrize(
    ("status", "code", "cause", "hint"),
    [
        (503, "not_configured", "configuration", "pulumi up --stack prod"),
        (400, "bad_parameter", "configuration", "pulumi up --stack prod"),
        (502, "storage", "storage", "python -m checks run r2 --stack prod"),
        (504, "over_budget", "worker", "curl -sSi "),
        (404, "not_found", "configuration", "${EDITOR:-vi} Pulumi.prod.yaml"),
    ],
)
def test_a_refusal_of_the_worker(tmp_path, status, code, cause, hint):
    system = served()
    error = {"status": "error", "error": {"code": code, "message": "so it is"}}
    system.routes["GET", "/timeseries/query"] = answer(status, error)
    found = failed_query(system, tmp_path)
    assert found["found"].startswith(f"{status} {code} (so it is)")
    assert found["cause"] == cause
    assert found["hint"].startswith(hint)


def test_another_service_answers_there(tmp_path):
    system = served()
    system.routes["GET", "/timeseries/query"] = httpx.Response(404, text="<h1>Nothing here</h1>")
    found = failed_query(system, tmp_path)
    assert (found["cause"], "queryUrl" in found["found"]) == ("configuration", True)


def test_an_answer_that_ends_in_an_error_is_not_a_short_answer(tmp_path):
    system = served()
    told = '{"samples":[\n],"error":{"code":"storage","message":"the object of 2024-12-11 cannot be read"}\n'
    system.routes["GET", "/timeseries/query"] = httpx.Response(200, text=told, headers=HEADERS | {EXPOSED: "*"})
    found = failed_query(system, tmp_path)
    assert found["cause"] == "storage"
    assert "not a JSON object: storage (the object of 2024-12-11 cannot be read)" in found["found"]
    system.routes["GET", "/timeseries/query"] = httpx.Response(200, text='{"samples":[],"error":{x}', headers=HEADERS)
    assert failed_query(system, tmp_path)["cause"] == "worker"


class Broken(httpx.SyncByteStream):
    def __iter__(self):
        yield b'{"samples":['
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


def test_an_answer_that_breaks_off_twice_is_a_failure(tmp_path):
    system = served()
    seen = []

    def broken(request):
        seen.append(request)
        return httpx.Response(200, stream=Broken(), headers=HEADERS) if len(seen) < 2 else system.query.answer(request)

    system.routes["GET", "/timeseries/query"] = broken
    assert run_query(system, tmp_path)[0] == 0
    system.routes["GET", "/timeseries/query"] = lambda request: httpx.Response(200, stream=Broken(), headers=HEADERS)
    assert failed_query(system, tmp_path)["found"] == "the answer broke off"


def test_only_outages_of_the_network_are_retried(tmp_path):
    system = served()
    seen = []

    def busy(request):
        seen.append(request)
        return (
            httpx.Response(500 if len(seen) == 1 else 429, text="busy")
            if len(seen) < 3
            else system.query.answer(request)
        )

    system.routes["GET", "/timeseries/query"] = busy
    assert run_query(system, tmp_path)[0] == 0
    system.routes["GET", "/timeseries/query"] = httpx.Response(500, text="error code: 1101")
    assert "error code: 1101" in failed_query(system, tmp_path)["found"]

    def refuse(request):
        raise httpx.ConnectError("[Errno 111] Connection refused")

    system.routes["GET", "/timeseries/query"] = refuse
    code, check = run_query(system, tmp_path)
    assert (code, check["outcome"]) == (3, "inconclusive")


def test_an_overwritten_object_has_the_cause_storage_without_a_question(tmp_path):
    system = served()
    for day in DAYS:
        custom = system.objects[key_of(day)].custom
        system.write(day, [{**row, "value": 1} for row in rows(day)])
        system.objects[key_of(day)] = replace(system.objects[key_of(day)], custom=custom)
    found = failed_query(system, tmp_path)
    assert "metadata sha256" in found["expected"]
    assert found["hint"].startswith("npx wrangler r2 object get ace-timeseries/timeseries/ses_falls_city/2024-12-1")
    assert system.query.questions == []


def test_an_object_without_metadata_has_the_cause_storage(tmp_path):
    system = served()
    for key, day in system.objects.items():
        system.objects[key] = replace(day, custom={})
    assert failed_query(system, tmp_path)["cause"] == "storage"


def test_an_object_that_is_listed_and_missing(tmp_path):
    system = served()
    system.routes["GET", "/objects/timeseries"] = refusal(404, 10007)
    assert failed_query(system, tmp_path)["cause"] == "storage"


def test_no_bucket(tmp_path):
    system = served()
    system.routes["GET", "/objects"] = refusal(404, 10006, "no such bucket")
    assert failed_query(system, tmp_path)["found"] == "the bucket does not exist"


def test_without_any_sample_it_is_inconclusive(tmp_path):
    system = served()
    for day in DAYS:
        system.write(day, [])
    code, check = run_query(system, tmp_path)
    assert (code, first_finding(check)["found"]) == (3, "only empty days are stored (2)")
    system.objects.clear()
    code, check = run_query(system, tmp_path)
    assert (code, first_finding(check)["found"]) == (3, "no day is stored")


def test_point_names_that_no_question_can_hold(tmp_path):
    system = served()
    for day in DAYS:
        system.write(day, [{**row, "point_name": f"a,{n}"} for n, row in enumerate(rows(day))])
    code, check = run_query(system, tmp_path)
    assert (code, first_finding(check)["cause"]) == (3, "checker")


def test_one_point_is_enough_and_its_name_may_end_in_a_slash(tmp_path):
    for name in ("p", "p/"):
        only = [{**row, "point_name": name} for row in rows("2024-12-10")[::3]]
        system = served()
        system.objects.clear()
        system.write("2024-12-10", only)
        system.routes["GET", "/timeseries/query"] = answer(200, {"samples": only}, **HEADERS, **{EXPOSED: "*"})
        assert run_query(system, tmp_path)[0] == 0


def test_a_day_beyond_the_checkers_bounds_is_inconclusive(tmp_path, monkeypatch):
    monkeypatch.setattr("checks.stored_days.gzip_reader.MAX_DAY", 10)
    code, check = run_query(served(), tmp_path)
    assert (code, first_finding(check)["cause"]) == (3, "checker")


def test_without_the_api_it_is_not_green(tmp_path):
    code, check = run_query(served(), tmp_path, environ={})
    assert (code, check["outcome"]) == (3, "inconclusive")
