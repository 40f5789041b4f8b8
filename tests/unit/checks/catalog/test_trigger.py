"""The check `trigger`: the answer of a batch, and the progress before and after it."""

from datetime import UTC, datetime

import httpx
import pytest

from tests.fakes import days
from tests.fakes.answers import answer
from tests.fakes.healthy_system import endless_system, healthy_system
from tests.fakes.manifest import NAME, NOW, manifest_data
from tests.fakes.outcomes import UP, failed_finding

ERROR = {"status": "error"}


def answer_trigger(system, http=200, **changes):
    body = {"status": "in_progress", "progress": system.worker.progress(samples_fetched=3), "continuation": True}
    system.routes["POST", "/trigger"] = system.worker.guard(answer(http, body | changes))
    return system


@pytest.mark.parametrize(
    ("code", "cause", "hint"),
    [
        ("upstream_auth", "configuration", "pulumi config set --secret aceApiKey --stack prod"),
        ("upstream_rejected", "configuration", UP),
        ("upstream_unavailable", "ace", "python -m checks run trigger --stack prod"),
        ("upstream_contract", "ace", "python -m checks run trigger --stack prod"),
        ("storage", "storage", "pulumi up --stack prod"),
        ("queue", "cloudflare", UP),
        ("killed", "configuration", "pulumi config set parallelism 1 --stack prod"),
        ("not_configured", "configuration", UP),
        ("something_new", "worker", f"npx wrangler tail {NAME}"),
    ],
)
def test_trigger_names_the_cause_of_the_workers_error_code(tmp_path, code, cause, hint):
    system = answer_trigger(healthy_system(), 502, status="error", error={"code": code, "message": "why"})
    system.ace.is_expired = True  # so that ACE refuses the probe too: diagnosis/test_ace_probe.py has its other answers
    found = failed_finding(tmp_path, system, "trigger")
    assert (found["found"], found["cause"]) == (f"502 {code} (why)", cause)
    assert hint in found["hint"]


def test_trigger_that_completes_the_backfill(tmp_path):
    _, report = healthy_system(stored=4).report(tmp_path, "trigger")
    assert report["trigger"]["evidence"] == [
        "days complete: 4 -> 5 of 5, 3 samples written",
        "it refuses requests without a token, or with a wrong one",
    ]


@pytest.mark.parametrize("accepted", ["no token", "a wrong token"])
def test_trigger_that_accepts_every_request(tmp_path, accepted):
    """Case X1: POST /trigger is open, and GET /status is guarded, so that the check key cannot see it."""
    system = healthy_system()

    def accept(request):
        system.worker.is_trigger_open = accepted == "no token" or "Authorization" in request.headers
        return system.worker.answer(request)

    system.routes["POST", "/trigger"] = accept
    code, report = system.report(tmp_path)
    assert code == 1
    assert {name for name, check in report.items() if check["outcome"] == "fail"} == {"trigger"}
    (found,) = report["trigger"]["findings"]
    assert (found["subject"], found["found"]) == (
        f"POST /trigger with {accepted}",
        "200: the worker accepts the request",
    )
    assert (found["expected"], found["cause"], found["hint"]) == ("401", "worker", UP)


def test_an_open_trigger_is_asked_once_for_a_batch_of_its_own(tmp_path):
    """Case X1: the first accepted request is enough, because each runs a batch. A read-only run sends none."""
    system = healthy_system()
    system.worker.is_trigger_open = True
    assert failed_finding(tmp_path, system, "trigger")["subject"] == "POST /trigger with no token"
    assert system.asked.count("POST /trigger") == 2
    system.asked.clear()
    assert system.report(tmp_path, read_only=True)[0] == 0
    assert "POST /trigger" not in system.asked


def test_a_trigger_that_refuses_with_another_status_is_a_finding(tmp_path):
    """Case X1: only 401 says that the token was judged."""
    system = healthy_system()
    refused = answer(400, {**ERROR, "error": {"code": "bad_request"}})
    guarded = system.worker.guard(answer(*system.worker.trigger()))
    system.routes["POST", "/trigger"] = lambda request: (
        refused if guarded(request).status_code == 401 else system.worker.answer(request)
    )
    assert failed_finding(tmp_path, system, "trigger")["found"] == "400 bad_request"


def test_trigger_with_every_day_complete(tmp_path):
    system = healthy_system(stored=5)
    answer_trigger(system, status="complete", continuation=False, progress=system.worker.progress())
    assert system.report(tmp_path, "trigger")[0] == 0


def last_long(system, seconds=20.0):
    """Let the batch last so long."""
    reply = system.routes["POST", "/trigger"]

    def answer_later(request):
        found = reply(request)
        if found.status_code == 200:
            system.clock.advance(seconds)
        return found

    system.routes["POST", "/trigger"] = answer_later
    return system


def test_trigger_of_a_day_larger_than_a_batch(tmp_path):
    _, report = last_long(answer_trigger(healthy_system())).report(tmp_path, "trigger")
    assert report["trigger"]["outcome"] == "pass"
    assert "the cron continues it" in report["trigger"]["evidence"][1]


def test_trigger_that_fetches_a_day_and_does_not_store_it(tmp_path):
    """Case T3: a batch that ends early with in_progress, without an error and without a day, never completes one."""
    found = failed_finding(tmp_path, last_long(answer_trigger(healthy_system()), 2.5), "trigger")
    assert found["found"] == "it ended after 2.5 s without an error: 3 samples fetched, no day stored"
    assert found["cause"] == "worker"


def test_trigger_of_a_day_larger_than_a_batch_without_a_cron(tmp_path):
    system = last_long(answer_trigger(healthy_system(manifest=manifest_data(schedules=[]))))
    found = failed_finding(tmp_path, system, "trigger")
    assert (found["subject"], found["cause"]) == ("schedule", "configuration")
    assert found["hint"].startswith("pulumi config set schedule '*/5 * * * *' --stack prod && pulumi up")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "error"}, "status in_progress or complete"),
        ({"status": "complete"}, "status in_progress"),
        ({"continuation": False}, "continuation true"),
        ({"continuation": None}, "continuation true"),
        ({"progress": None}, "a progress"),
        ({"progress": {"samples_written": None}}, "a progress"),
        ({"progress": {"days_complete": True}}, "a progress"),
        ({"progress": {"days_complete": -1}}, "a progress"),
        ({"progress": {"days_complete": 6}}, "a progress"),
        ({"progress": {"current_date": "10 December"}}, "a progress"),
        ({"progress": {"current_date": 5}}, "a progress"),
        ({"progress": {"samples_fetched": 0}}, "a batch that copies further days"),
        ({"progress": {"days_complete": 1}}, "at least 2 days"),
        ({"progress": {"days_complete": 3}}, "3 days complete, in GET /status too"),
        ({"progress": {"days_total": 99}}, "days_total 5 (2024-12-10 to 2024-12-14)"),
    ],
)
def test_trigger_checks_the_body(tmp_path, changes, expected):
    system = healthy_system()
    if changes.get("progress"):
        changes = changes | {"progress": system.worker.progress(samples_fetched=3) | changes["progress"]}
    found = failed_finding(tmp_path, answer_trigger(system, **changes), "trigger")
    assert found["expected"].startswith(expected)
    assert found["cause"] == "worker"


def test_trigger_of_a_status_without_progress(tmp_path):
    system = healthy_system()
    system.worker.status = lambda: (200, {"status": "in_progress"})
    assert failed_finding(tmp_path, system, "trigger")["subject"] == "GET /status"
    assert "POST /trigger" not in system.asked


def test_trigger_after_which_the_status_fails(tmp_path):
    system = answer_trigger(healthy_system())
    good, bad = system.worker.status(), (502, {**ERROR, "error": {"code": "storage"}})
    system.worker.status = lambda: bad if "POST /trigger" in system.asked else good
    assert failed_finding(tmp_path, system, "trigger")["cause"] == "storage"


def test_trigger_answered_by_something_else(tmp_path):
    system = healthy_system()
    system.routes["POST", "/trigger"] = system.worker.guard(httpx.Response(200, text="ok"))
    assert failed_finding(tmp_path, system, "trigger")["found"] == "200 ok"


def test_trigger_is_left_out_with_read_only(tmp_path):
    system = healthy_system()
    code, report = system.report(tmp_path, read_only=True)
    assert (code, "trigger" in report) == (0, False)
    assert "POST /trigger" not in system.asked


BEFORE, AFTER = (
    datetime(2024, 12, 20, 5, 59, 50, tzinfo=UTC),
    datetime(2024, 12, 20, 6, 20, tzinfo=UTC),
)  # settleHours: 6


@pytest.mark.parametrize(
    ("now", "total", "outcome"),
    [
        (NOW, 10, "pass"), (NOW, 9, "fail"), (NOW, 11, "fail"),
        (BEFORE, 9, "pass"), (BEFORE, 10, "pass"), (BEFORE, 8, "fail"), (BEFORE, 11, "fail"),
        (AFTER, 9, "pass"), (AFTER, 10, "pass"), (AFTER, 8, "fail"), (AFTER, 11, "fail"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end_date", [None, "2030-01-01"])
def test_trigger_counts_the_due_days_with_a_clock_an_hour_off(tmp_path, end_date, now, total, outcome):
    system = endless_system(end_date, total=total)
    system.now = now
    assert system.report(tmp_path, "trigger")[1]["trigger"]["outcome"] == outcome


def batch_of(system, **changes):
    """Let the batch store nothing, and answer with these fields."""
    return answer_trigger(system, progress=system.worker.progress(samples_fetched=0, samples_written=0), **changes)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"waiting": 2}, "failed before and wait: 2 (check failures)"),
        ({"waiting": 1, "busy": 1}, "in work by another run: 1"),
        ({"failed": [{"site": "s", "day": "d", "code": "c", "message": "m"}] * 2}, "1 of 2 failed: d of s: c (m)"),
    ],
)
def test_trigger_that_leaves_out_days_for_a_reason(tmp_path, fields, shown):
    """A day that failed, or that another run copies now, is not a standstill of the worker."""
    code, report = batch_of(healthy_system(stored=3), **fields).report(tmp_path, "trigger")
    assert (code, report["trigger"]["outcome"]) == (0, "pass")
    assert shown in report["trigger"]["evidence"] + report["trigger"]["warnings"]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"waiting": 1}, "still 3 days complete, and no sample fetched"),
        ({"waiting": -1}, "waiting is -1"),
        ({"failed": {}}, "failed is not a list of objects"),
    ],
)
def test_trigger_that_leaves_out_days_without_a_reason(tmp_path, fields, found):
    assert failed_finding(tmp_path, batch_of(healthy_system(stored=3), **fields), "trigger")["found"] == found


def test_a_worker_of_an_older_version_counts_each_day_that_is_over(tmp_path):
    """Its bindings have no SETTLE_HOURS, so it counts a day from midnight on."""
    system = endless_system(total=10)
    system.now = datetime(2024, 12, 20, 3, tzinfo=UTC)
    assert system.report(tmp_path, "trigger")[1]["trigger"]["outcome"] == "fail"
    manifest = manifest_data(last=None)
    manifest["bindings"] = [item for item in manifest["bindings"] if item["name"] != "SETTLE_HOURS"]
    system = healthy_system(manifest=manifest, total=10)
    system.now = datetime(2024, 12, 20, 3, tzinfo=UTC)
    assert system.report(tmp_path, "trigger", skip=("config",))[1]["trigger"]["outcome"] == "pass"


def test_the_days_of_all_sites_are_counted(tmp_path):
    system = healthy_system(manifest=manifest_data(names=["a", "b", "c"]), stored=2)
    code, report = system.report(tmp_path, "trigger")
    assert (code, report["trigger"]["evidence"][0]) == (0, "days complete: 6 -> 7 of 15, 3 samples written")
    system.worker.sites = ["a", "b"]
    assert failed_finding(tmp_path, system, "trigger")["expected"] == "days_total 15 (of 3 sites)"


# ---- the totals of each site


def edit_site(system, **changes):
    """Change the totals of the first site in GET /status."""

    def edit(path, status, body):
        if path != "/status" or status != 200:
            return status, body
        first, *others = body["sites"]
        return status, body | {"sites": [first | changes, *others]}

    system.worker.edit = edit


@pytest.mark.parametrize(("changes", "expected", "found"), [
    ({"name": "other"}, "2 declared sites", "2 sites, without ses_a and with other"),
    ({"due": 6}, "8 of 10 days over all sites", "8 of 11"),
    ({"stored": 3, "missing": 2}, "8 of 10 days over all sites", "7 of 10"),
    ({"missing": 0}, "5 days of ses_a stored or missing", "4 and 0"),
    ({"failed": 6}, "at most 5 failed days of ses_a", "6"),
    ({"due": "5"}, "the totals of each site", "due of ses_a is '5'"),
    ({"name": None}, "the totals of each site", "a site has no name"),
])  # fmt: skip
def test_a_total_of_a_site_that_contradicts_the_others_is_a_finding(tmp_path, changes, expected, found):
    system = healthy_system(stored=3, manifest=manifest_data(names=["ses_a", "ses_b"]))
    system.write(days.date_of(3), site="ses_b")
    edit_site(system, **changes)
    failed = failed_finding(tmp_path, system, "trigger")
    assert (failed["expected"], failed["found"], failed["cause"]) == (expected, found, "worker")


def move_days(system, more, less):
    """Report stored days of one site as days of another one."""

    def edit(path, status, body):
        if path != "/status" or status != 200:
            return status, body
        changed = {more: 1, less: -1}
        sites = [
            site
            | {"stored": site["stored"] + changed[site["name"]], "missing": site["missing"] - changed[site["name"]]}
            for site in body["sites"]
        ]
        return status, body | {"sites": sites}

    system.worker.edit = edit


def test_a_site_with_more_days_in_the_bucket_than_the_worker_reports_is_a_finding(tmp_path):
    """The list of the check fresh is compared. Without it no other request is sent."""
    system = healthy_system(stored=2, manifest=manifest_data(names=["ses_a", "ses_b"]))
    move_days(system, "ses_a", "ses_b")
    found = system.report(tmp_path, "trigger", "fresh")[1]["trigger"]["findings"][0]
    assert (found["subject"], found["expected"], found["found"]) == (
        "GET /status", "2 stored days of ses_b, as in the bucket", "1",
    )  # fmt: skip
    system.asked.clear()
    assert system.report(tmp_path, "trigger")[0] == 0
    assert not [asked for asked in system.asked if asked.endswith("/objects")]
