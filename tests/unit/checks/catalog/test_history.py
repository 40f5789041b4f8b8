"""The check `history`: the worker's run log since the last upload."""

from datetime import UTC, datetime, timedelta

import pytest

from contract.control_objects import PLAN_KEY
from tests.fakes import days, run_log
from tests.fakes.control_objects import plan
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import BUCKET, CRON, NAME, NOW, manifest_data
from tests.fakes.outcomes import UP, failed_finding, inconclusive_finding
from tests.fakes.run_log import make_run

TAIL = f"npx wrangler tail {NAME}"


def minutes(count):
    """Return the time so many minutes before the checks."""
    return NOW - timedelta(minutes=count)


def system_with(*runs, keep=True, **options):
    """Return a healthy system with these runs in its log, after the runs of its cron unless ``keep`` is False."""
    system = healthy_system(**{"stored": 5} | options)
    run_log.write_runs(system.objects, [*runs, *(run_log.read_runs(system.objects) if keep else ())])
    return system


def system_uploaded(moment, *runs):
    """Return a system that was uploaded at a moment."""
    system = system_with(*runs, keep=False)
    system.script.versions[0]["metadata"]["created_on"] = f"{moment:%Y-%m-%dT%H:%M:%SZ}"
    return system


def failing(code, message="why"):
    return {"code": code, "message": message}


def evidence(folder, system):
    code, report = system.report(folder, "history")
    assert (code, report["history"]["outcome"]) == (0, "pass"), report["history"]
    return report["history"]["evidence"] + report["history"]["warnings"]


def test_history_of_a_healthy_worker(tmp_path):
    system = healthy_system()
    shown = evidence(tmp_path, system)
    assert shown[0].startswith("the last run of the cron began at 2024-12-20 11:55:01 UTC, the next one is due by ")
    assert shown[1] == "6 runs since the upload at 2024-12-19 10:00:00 UTC, and none failed without a later success"
    assert not any(request.startswith("POST") for request in system.asked)


@pytest.mark.parametrize("trigger", ["cron", "http"])
def test_history_without_a_run_of_the_cron_for_three_periods(tmp_path, trigger):
    """Case T2: `scheduled` is missing, throws or returns at once. A trigger that moved the backfill does not hide it."""
    system = system_with(make_run(minutes(21)), make_run(minutes(2), trigger=trigger), keep=False)
    if trigger == "cron":
        assert evidence(tmp_path, system)
        return
    found = failed_finding(tmp_path, system, "history")
    assert found["found"] == "the last run of the cron began at 2024-12-20 11:39:00 UTC"
    assert found["expected"] == "a run within 3 periods of the cron, by 2024-12-20 11:50:00 UTC"
    assert (found["cause"], found["hint"]) == ("worker", TAIL)


@pytest.mark.parametrize(("last", "outcome"), [(15, "pass"), (16, "fail")])
def test_history_allows_three_periods(tmp_path, last, outcome):
    system = system_with(make_run(minutes(last)), keep=False)
    assert system.report(tmp_path, "history")[1]["history"]["outcome"] == outcome


@pytest.mark.parametrize(("cron", "hours", "outcome"), [("0 6 * * *", 50, "pass"), ("0 6 * * *", 79, "fail")])
def test_history_counts_the_periods_of_the_declared_cron(tmp_path, cron, hours, outcome):
    system = system_with(make_run(minutes(60 * hours)), keep=False, manifest=manifest_data(schedules=[cron]))
    system.script.versions[0]["metadata"]["created_on"] = "2024-11-19T10:00:00Z"
    assert system.report(tmp_path, "history")[1]["history"]["outcome"] == outcome


def test_history_after_an_upload_waits_for_the_first_run(tmp_path):
    shown = evidence(tmp_path, system_uploaded(minutes(89)))
    due = (
        "no run of the cron since the upload at 2024-12-20 10:31:00 UTC, the next one is due by 2024-12-20 12:00:00 UTC"
    )
    assert shown[0] == due
    found = failed_finding(tmp_path, system_uploaded(minutes(92)), "history")
    assert found["found"] == "no run of the cron since the upload at 2024-12-20 10:28:00 UTC"


def test_history_of_a_worker_without_a_log(tmp_path):
    """The former worker kept no log: the first one appears with the first run after the upload."""
    system = healthy_system()
    system.objects.clear()
    assert "no run of the cron since the upload" in failed_finding(tmp_path, system, "history")["found"]


def test_history_without_a_cron_judges_the_other_runs(tmp_path):
    manifest = manifest_data(schedules=[])
    assert evidence(tmp_path, healthy_system(manifest=manifest))[0] == "no cron is declared, so none is due"
    system = system_with(make_run(minutes(3), trigger="http", error=failing("storage")), manifest=manifest)
    assert failed_finding(tmp_path, system, "history")["cause"] == "storage"


@pytest.mark.parametrize(("ago", "trigger", "outcome"), [
    (16, "cron", "fail"), (14, "cron", "pass"), (1, "http", "pass"), (6, "http", "pass"),
])  # fmt: skip
def test_history_of_a_run_that_never_ended(tmp_path, ago, trigger, outcome):
    """A run without an end after its longest duration was killed. One by HTTP may have ended with its client."""
    system = system_with(make_run(minutes(ago), lasted=None, trigger=trigger))
    _, report = system.report(tmp_path, "history")
    assert report["history"]["outcome"] == outcome
    if outcome == "fail":
        [found] = report["history"]["findings"]
        assert found["found"].startswith("1 without an end, the last one began at 2024-12-20 11:44:00 UTC (cron)")
        assert (found["cause"], found["hint"]) == ("worker", TAIL)


def test_history_of_a_run_by_http_that_never_ended_without_a_later_success(tmp_path):
    runs = [make_run(minutes(8), lasted=None, trigger="http"), make_run(minutes(8), lasted=None)]
    assert "(http)" in failed_finding(tmp_path, system_with(*runs, keep=False), "history")["found"]


@pytest.mark.parametrize(
    ("code", "cause", "hint"),
    [
        ("upstream_auth", "configuration", "pulumi config set --secret aceApiKey --stack prod"),
        ("upstream_unavailable", "ace", "python -m checks run trigger --stack prod"),
        ("storage", "storage", UP),
        ("not_configured", "configuration", UP),
        ("internal", "worker", TAIL),
    ],
)
def test_history_names_the_cause_of_a_failure_without_a_later_success(tmp_path, code, cause, hint):
    system = system_with(make_run(minutes(2), error=failing(code)))
    system.ace.is_expired = True
    found = failed_finding(tmp_path, system, "history")
    assert found["found"] == f"it failed at 2024-12-20 11:58:02 UTC (cron): {code} (why)"
    assert found["cause"] == cause
    assert hint in found["hint"]


def test_history_forgets_a_failure_before_a_success_and_before_the_upload(tmp_path):
    error = failing("upstream_auth")
    assert evidence(tmp_path, system_with(make_run(minutes(7), error=error)))
    assert evidence(tmp_path, system_uploaded(minutes(3), make_run(minutes(5), error=error)))
    assert evidence(tmp_path, system_uploaded(minutes(20), make_run(minutes(25), lasted=None), make_run(minutes(2))))


def test_history_counts_the_failures(tmp_path):
    runs = [make_run(minutes(ago), error=failing("upstream_unavailable")) for ago in (2, 3, 4)]
    found = failed_finding(tmp_path, system_with(*runs), "history")["found"]
    assert found.startswith("3 failed, the last one at 2024-12-20 11:58:02 UTC (cron): upstream_unavailable")


def test_history_warns_of_a_failure_by_http_until_the_next_cron(tmp_path):
    run = make_run(minutes(2), trigger="http", error=failing("upstream_unavailable"))
    warning = evidence(tmp_path, system_with(run))[-1]
    assert warning.startswith("the last run failed at 2024-12-20 11:58:02 UTC (http): upstream_unavailable (why)")


def test_history_of_runs_by_another_version(tmp_path):
    system = healthy_system()
    system.script.upload("", "secret", created_on="2024-12-20T11:00:00Z")
    run_log.write_runs(system.objects, run_log.cron_runs(CRON, NOW, worker_version="v2"))
    found = failed_finding(tmp_path, system, "history")
    made = "made by ann@example.org on 2024-12-20 11:00:00 UTC (secret)"
    assert found["found"] == f"6 by v2, {made}, the last at 2024-12-20 11:55:01 UTC"
    assert (found["cause"], found["hint"]) == ("outside_change", UP)


def test_history_of_runs_by_another_worker(tmp_path):
    """Case D4: another worker writes to the bucket."""
    found = failed_finding(tmp_path, system_with(make_run(minutes(1), worker_version="99999999-aaaa")), "history")
    assert found["found"].startswith(f"1 by 99999999, which is not a version of {NAME}, the last at ")
    assert found["cause"] == "outside_change"


def test_history_just_after_an_upload_allows_runs_by_the_version_before(tmp_path):
    assert evidence(
        tmp_path, system_uploaded(minutes(4), make_run(minutes(3), worker_version="v0"), make_run(minutes(1)))
    )


def remove(system, *numbers):
    """Remove stored days, as a program outside Pulumi does."""
    for number in numbers:
        del system.objects[days.key_of(days.date_of(number))]
    return system


def test_history_of_days_that_were_stored_and_are_gone(tmp_path):
    """Case T1: directly after a backfill, when `fresh` sees a backfill that moves."""
    system = system_with(make_run(minutes(2), trigger="http", planned=5, stored=5))
    code, report = remove(system, 1, 3, 4).report(tmp_path, "fresh", "history", read_only=True)
    assert (code, report["fresh"]["outcome"]) == (1, "pass")
    (found,) = report["history"]["findings"]
    assert found == {
        "subject": "stored days of ses_falls_city",
        "expected": "5 days are stored, as after the run of 2024-12-20 11:58:00 UTC",
        "found": "3 were stored and are gone (2024-12-11, 2024-12-13 to 2024-12-14), the last object left was "
        "stored at 2024-12-20 11:56:00 UTC",
        "cause": "outside_change",
        "hint": "python -m checks run trigger --stack prod",
        "root": "",
    }


def test_history_of_a_removed_bucketful(tmp_path):
    found = failed_finding(tmp_path, remove(system_with(), *range(5)), "history")["found"]
    assert found.endswith("(2024-12-10 to 2024-12-14), no object is left")


def test_history_passes_once_removed_days_are_stored_again(tmp_path):
    system = remove(system_with(), 4)
    assert failed_finding(tmp_path, system, "history")
    system.worker.trigger()
    assert evidence(tmp_path, system)


@pytest.mark.parametrize("changes", [
    {"stored": 4}, {"planned": None, "stored": 0}, {"lasted": None}, {"trigger": "http", "error": failing("internal")},
    {"worker_version": ""}, {"worker_version": "v0"}, {"started": minutes(60)},
])  # fmt: skip
def test_history_of_a_run_that_does_not_show_which_days_were_stored(tmp_path, changes):
    """A run that stored less than it planned, that failed or has no end, of another version, or before the upload."""
    about = {"started": minutes(2), "planned": 5, "stored": 5} | changes
    run, cron = make_run(about.pop("started"), **about), make_run(minutes(3), planned=9, stored=1)
    system = remove(system_uploaded(minutes(30), run, cron), 4)
    findings = system.report(tmp_path, "history")[1]["history"]["findings"]
    assert not any("gone" in finding["found"] for finding in findings)


@pytest.mark.parametrize(("settle", "outcome"), [(6, "pass"), (0, "fail")])
def test_history_expects_the_days_only_that_were_due_when_the_run_began(tmp_path, settle, outcome):
    """A day that became due since may be missing. The run began at 05:59 UTC, and the last day is 2024-12-19."""
    manifest = manifest_data(last=None, ace__settle_hours=settle)
    system = healthy_system(manifest=manifest, stored=9, total=10)
    system.script.versions[0]["metadata"]["created_on"] = "2024-12-19T10:00:00Z"
    run_log.write_runs(system.objects, [make_run(NOW.replace(hour=5, minute=59)), make_run(minutes(2), planned=1)])
    assert system.report(tmp_path, "history")[1]["history"]["outcome"] == outcome


def test_history_lists_the_days_after_the_run_log(tmp_path):
    """A run that ends while the checks read must not look like a loss of the days that it stores."""
    system = system_with(make_run(minutes(2)), stored=5)
    system.report(tmp_path, "history")
    reads = [line for line in system.asked if "/objects" in line]
    assert "runs.json" in reads[0], reads
    assert len(reads) == 2


@pytest.mark.parametrize("body", [
    b"", b"[]", b"not JSON", b'{"schema":2,"runs":[]}', b'{"schema":1}', b'{"schema":1,"runs":[null]}',
    b'{"schema":1,"runs":[{"id":"1","trigger":"cron","started_at":"yesterday","stored":0}]}',
    b'{"schema":1,"runs":[{"id":"1","trigger":"cron","started_at":"2024-12-20T11:00:00Z","stored":true}]}',
    b'{"schema":1,"runs":[{"id":"1","trigger":"cron","started_at":null,"stored":0}]}',
    b'{"schema":1,"runs":[{"id":"1","trigger":"other","started_at":"2024-12-20T11:00:00Z","stored":0}]}',
])  # fmt: skip
def test_history_of_a_log_that_cannot_be_read(tmp_path, body):
    system = healthy_system()
    run_log.write_log(system.objects, body)
    found = failed_finding(tmp_path, system, "history")
    assert (found["subject"], found["cause"]) == ("_control/backfill/runs.json", "outside_change")
    assert found["hint"] == "python -m checks run trigger --stack prod"


def test_history_without_the_bucket_and_without_the_worker(tmp_path):
    system = healthy_system()
    del system.cloudflare.buckets[BUCKET]
    assert failed_finding(tmp_path, system, "history")["cause"] == "storage"
    system = healthy_system()
    del system.cloudflare.scripts[NAME]
    assert "no such worker" in failed_finding(tmp_path, system, "history")["found"]


def test_history_with_a_wrong_clock_uses_the_clock_of_cloudflare(tmp_path):
    system = healthy_system()
    system.now, system.date = NOW + timedelta(hours=1), NOW
    assert any("clock of this machine" in text for text in evidence(tmp_path, system))
    system.now = NOW + timedelta(hours=13)
    assert inconclusive_finding(tmp_path, system, "history")["subject"] == "clock of this machine"


def test_history_looks_before_trigger_adds_a_run(tmp_path):
    """Case T2: the trigger of the same run does not hide a cron that does not run."""
    system = system_with(make_run(minutes(60)), keep=False)
    _, report = system.report(tmp_path)
    assert (report["history"]["outcome"], report["trigger"]["outcome"]) == ("fail", "pass")
    assert days.key_of(days.date_of(2)) in system.objects
    assert run_log.read_runs(system.objects)[0]["trigger"] == "http"
    assert datetime.fromisoformat(run_log.read_runs(system.objects)[0]["started_at"]).tzinfo == UTC


def planner_run(ago, **changes):
    return make_run(minutes(ago), queued=0, **changes)


def test_history_warns_of_days_that_failed(tmp_path):
    """A planner's run succeeds while a day fails. The check failures judges the day."""
    shown = evidence(tmp_path, system_with(planner_run(2, planned=2, failed=2), planner_run(7, planned=3, failed=1)))
    assert shown[-1] == "failed days that are tried again: 2 (check failures)"


def idle_planners(*changes, **more):
    """Return a system whose last three planners sent no day, although four are missing."""
    runs = [planner_run(ago, planned=4, **more) for ago in (2, 7, 12)]
    for run, changed in zip(runs, changes, strict=False):
        run.update(changed)
    return system_with(*runs, keep=False)


def test_history_of_planners_that_send_no_missing_day(tmp_path):
    found = failed_finding(tmp_path, idle_planners(), "history")
    assert found["subject"] == "days that the cron plans"
    assert found["found"] == "the last 3 sent none, although 4 are missing and none is in the queue"
    assert (found["cause"], found["hint"]) == ("worker", TAIL)
    system = idle_planners()
    plan(system.objects, {"2024-12-12": "copy"}, at=minutes(400))
    assert "none is in the queue" in failed_finding(tmp_path, system, "history")["found"], "it is too old"
    system.objects[PLAN_KEY] = days.Stored(body=b"?", custom={})
    assert "none is in the queue" in failed_finding(tmp_path, system, "history")["found"]


def test_history_of_a_planner_passes_while_days_are_in_the_queue(tmp_path):
    """The days of a planner are in the queue, and the check fresh sees whether they are stored."""
    system = idle_planners()
    plan(system.objects, {"2024-12-12": "copy"}, at=minutes(300))
    assert evidence(tmp_path, system)


@pytest.mark.parametrize("changed", [{"queued": 4}, {"stored": 1}, {"planned": None}, {"failed": 1}, {"planned": 0}])
def test_history_of_a_planner_passes_while_one_of_three_had_a_reason(tmp_path, changed):
    """It sent days, saw days stored, was paused, or a failure record may hold back all days of its site."""
    assert evidence(tmp_path, idle_planners({}, changed))


@pytest.mark.parametrize(("planned", "stored", "is_complete"), [(0, 0, True), (0, 3, True), (3, 3, False)])
def test_history_knows_whether_a_planner_left_a_day_missing(tmp_path, planned, stored, is_complete):
    """A planner counts the days as stored that consumers stored since its last run."""
    system = system_with(planner_run(2, planned=planned, stored=stored), keep=False)
    system.objects.pop(days.key_of("2024-12-14"))
    code, report = system.report(tmp_path, "history")
    assert (code == 1) == is_complete
    assert any("gone" in found["found"] for found in report["history"]["findings"]) == is_complete


def test_history_of_a_recheck_that_kept_rows(tmp_path):
    assert evidence(tmp_path, system_with(make_run(minutes(1), trigger="queue", planned=None, rechecked=1, kept=2)))
