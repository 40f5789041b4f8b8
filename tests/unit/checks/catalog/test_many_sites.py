"""Checks of several sites: totals where all is well, and one line per site where it is not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.fakes import control_objects, run_log
from tests.fakes.answers import answer as worker_answer
from tests.fakes.days import date_of, key_of
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NOW, manifest_data

NAMES = ["ses_a", "ses_b", "ses_c"]


def system_of(names=NAMES, **more):
    return healthy_system(manifest=manifest_data(names=names), **more)


def forget(system, name, *numbers):
    for number in numbers:
        del system.objects[key_of(date_of(number), name)]


def test_several_healthy_sites_pass_every_check_with_totals(tmp_path):
    system = system_of(stored=5)
    system.manifest["siblings"]["query_url"] = "https://building-vitals-query.rehearsal.workers.dev"
    code, report = system.report(tmp_path)
    assert code == 0, {name: check["findings"] for name, check in report.items() if check["findings"]}
    assert report["token"]["evidence"][0] == "ACE accepts the key in ACE_API_KEY and serves 3 sites"
    assert report["fresh"]["evidence"][0].startswith("15 of 15 due days of 3 sites are stored")
    assert report["r2"]["evidence"][0].startswith("15 of 15 days of 3 sites are stored")
    assert report["proof"]["evidence"][0] == "4 days: all 12 samples equal ACE's, row for row"


def test_fresh_has_a_line_for_each_site_with_missing_days_and_no_more_than_ten(tmp_path):
    names = [f"ses_{number:02}" for number in range(20)]
    system = system_of(names, stored=5)
    for key in list(system.objects):
        system.objects[key] = type(system.objects[key])(
            body=system.objects[key].body, custom=system.objects[key].custom, uploaded=NOW - timedelta(days=2)
        )
    system.script.deployed |= {"created_on": "2024-12-17T12:00:00Z"}
    forget(system, "ses_03", 1, 2)
    forget(system, "ses_07", 4)
    code, report = system.report(tmp_path, "fresh")
    assert code == 1
    assert [(item["subject"], item["found"].partition(",")[0]) for item in report["fresh"]["findings"]] == [
        ("due days of ses_03", "2 are missing (2024-12-11 to 2024-12-12)"),
        ("due days of ses_07", "1 is missing (2024-12-14)"),
    ]
    for name in names:
        forget(system, name, 0)
    _, report = system.report(tmp_path, "fresh")
    assert len(report["fresh"]["findings"]) == 11, "ten sites, and one for the others"
    assert report["fresh"]["findings"][-1]["subject"] == "due days of 10 more sites"


def test_history_names_the_site_that_lost_days(tmp_path):
    system = system_of(stored=5)
    forget(system, "ses_b", 2)
    _, report = system.report(tmp_path, "history")
    [found] = report["history"]["findings"]
    assert (found["subject"], found["found"].partition(",")[0]) == (
        "stored days of ses_b",
        "1 was stored and is gone (2024-12-12)",
    )


def test_the_last_line_counts_one_site_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr("checks.stored_days.lost_days.MAX_SITES", 10)
    names = [f"ses_{number:02}" for number in range(11)]
    system = system_of(names, stored=5)
    system.now += timedelta(days=2)
    for name in names:
        forget(system, name, 0)
        del system.ace.sites[name]
    _, report = system.report(tmp_path, "token", "fresh", "history")
    assert report["token"]["evidence"][0] == "ACE refuses 1 more site"
    assert report["fresh"]["findings"][-1]["subject"] == "due days of 1 more site"
    found = {item["subject"]: item["found"] for item in report["history"]["findings"]}
    assert found["stored days of 1 more site"] == "1 was stored and is gone"


def test_r2_finds_days_that_the_worker_reports_and_no_site_has(tmp_path):
    system = system_of(stored=5)

    def claim_all(path, status, body):
        progress = {"progress": body["progress"] | {"days_complete": 15}} if "progress" in body else {}
        return status, body | progress

    system.worker.edit = claim_all
    forget(system, "ses_b", 2, 3)
    _, report = system.report(tmp_path, "r2")
    [found] = report["r2"]["findings"]
    assert found["expected"] == "15 days of 3 sites, as the worker reports"
    assert found["found"] == f"13; absent: {key_of(date_of(2), 'ses_b')} and 1 more"


def test_a_rule_that_deletes_the_days_of_one_site_fails(tmp_path):
    system = system_of()
    rule = {"id": "old", "enabled": True, "conditions": {"prefix": "timeseries/ses_b/"}}
    system.cloudflare.rules.append(rule | {"deleteObjectsTransition": {"condition": {"type": "Age", "maxAge": 86400}}})
    _, report = system.report(tmp_path, "bucket")
    assert [item["expected"] for item in report["bucket"]["findings"]] == ["deletes nothing under timeseries/ses_b/"]


def test_a_removed_site_keeps_its_days_and_no_check_counts_them(tmp_path):
    """Removing a site never deletes data: its days stay, and nothing reads or reports them."""
    system = system_of(["ses_a"], stored=5)
    system.ace.sites["ses_removed"] = {}
    for number in range(5):
        system.write(date_of(number), site="ses_removed")
    before = dict(system.objects)
    code, report = system.report(tmp_path)
    assert code == 0
    assert report["fresh"]["evidence"][0].startswith("5 of 5 due days are stored")
    kept = {key: item for key, item in system.objects.items() if not key.startswith("_control/")}
    assert kept == {key: item for key, item in before.items() if not key.startswith("_control/")}
    assert key_of(date_of(0), "ses_removed") in kept


def test_a_hundred_sites_are_one_report(tmp_path):
    system = system_of([f"ses_{number:03}" for number in range(100)], stored=5)
    code, report = system.report(tmp_path, "config", "token", "bindings", "fresh")
    assert code == 0
    assert report["fresh"]["evidence"][0].startswith("500 of 500 due days of 100 sites are stored")
    system.script.bound["SITES"]["text"] = "[]"
    _, report = system.report(tmp_path, "bindings")
    assert len(report["bindings"]["findings"][0]["expected"]) < 200


def failing_system(code, progress_of, **answer):
    """A system of three sites, the second of which fails with a code. The worker's current day is of another site."""
    system = system_of(stored=4)
    progress = system.worker.progress() | {"current_site": progress_of, "current_date": date_of(4)}
    body = {"status": "error", "error": {"code": code, "message": "why"}, "progress": progress, **answer}
    system.routes["POST", "/trigger"] = system.worker.guard(worker_answer(502, body))
    return system


def test_the_site_that_failed_is_the_one_that_ace_is_asked_for(tmp_path):
    """The worker's current day is then of another site, which ACE serves."""
    failed = [{"site": "ses_b", "day": date_of(4), "code": "upstream_rejected", "message": "why"}]
    system = failing_system("upstream_rejected", "ses_a", failed=failed)
    system.ace.refusals["ses_b"] = 403, {"id": None, "name": None, "client": None}
    _, report = system.report(tmp_path, "trigger")
    assert report["trigger"]["findings"][0]["cause"] == "configuration"
    for wrong in ([], [{"site": 1, "day": date_of(4)}], [{"site": "ses_b", "day": "soon"}], ["ses_b"], "ses_b"):
        system = failing_system("upstream_rejected", "ses_a", failed=wrong)
        _, report = system.report(tmp_path, "trigger")
        assert report["trigger"]["findings"][0]["cause"] == "worker", wrong


def test_any_site_tells_whether_ace_refuses_the_key(tmp_path):
    """The run log does not name the site of a failure. The key is that of all sites."""
    system = system_of(stored=5)
    error = {"code": "upstream_auth", "message": "ACE answered 401"}
    run_log.write_runs(system.objects, [run | {"error": error} for run in run_log.read_runs(system.objects)])
    _, report = system.report(tmp_path, "history")
    assert report["history"]["findings"][0]["cause"] == "worker"
    system.ace.is_expired = True
    _, report = system.report(tmp_path, "history")
    assert report["history"]["findings"][0]["cause"] == "configuration"


def test_days_of_a_refused_site_are_left_to_the_check_failures(tmp_path):
    """The planner probes such a site with one day, so its other days have no record."""
    system = system_of(stored=5)
    for key, item in list(system.objects.items()):
        system.objects[key] = replace(item, uploaded=NOW - timedelta(days=3))
    system.script.deployed |= {"created_on": "2024-12-17T12:00:00Z"}
    forget(system, "ses_b", 2, 3, 4)
    control_objects.fail(system.objects, date_of(4), site="ses_b", code="upstream_rejected")
    _, report = system.report(tmp_path, "fresh")
    assert report["fresh"]["outcome"] == "pass"
    assert report["fresh"]["evidence"][1] == "3 are left to the check failures"
    forget(system, "ses_a", 1)
    _, report = system.report(tmp_path, "fresh")
    assert [item["subject"] for item in report["fresh"]["findings"]] == ["due days of ses_a"]


def test_a_site_without_an_end_is_late_while_the_first_days_of_another_one_are_copied(tmp_path):
    system = healthy_system(manifest=manifest_data(names=["ses_a", "ses_b"], last=None), stored=10, total=10)
    for number in range(10):
        at = datetime.fromisoformat(date_of(number)).replace(tzinfo=UTC) + timedelta(hours=30, minutes=5)
        system.write(date_of(number), site="ses_b", uploaded=NOW - timedelta(minutes=1) if number == 4 else at)
        system.write(date_of(number), site="ses_a", uploaded=at)
    system.script.deployed |= {"created_on": "2024-12-11T12:00:00Z"}
    forget(system, "ses_b", 0, 1, 2)
    forget(system, "ses_a", 9)
    assert system.report(tmp_path, "fresh")[0] == 0, "the newest day is due since six hours"
    forget(system, "ses_a", 8)
    _, report = system.report(tmp_path, "fresh")
    assert [item["subject"] for item in report["fresh"]["findings"]] == ["due days of ses_a"]
