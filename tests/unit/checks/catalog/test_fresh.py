"""The check `fresh`: the calendar, the crons, the upload times, the live deployment and the pause."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from contract.control_objects import RUN_LOG_KEY
from contract.schedule import day_window
from tests.fakes import days, run_log
from tests.fakes.control_objects import fail
from tests.fakes.healthy_system import endless_system, healthy_system
from tests.fakes.manifest import BUCKET, NAME, NOW, manifest_data
from tests.fakes.outcomes import UP, failed_finding, inconclusive_finding

PAUSE = "_control/backfill/pause.json"


def store(system, count, *, last, every=timedelta(minutes=5)):
    """Let the first days be stored, the last one at this time and each earlier one before it."""
    system.objects.clear()
    for number in range(count):
        system.write(days.date_of(number), uploaded=last - (count - 1 - number) * every)
    return system


def day_end(day):
    return day_window(date.fromisoformat(day))[1]


def deploy(system, ago):
    system.script.deployed = system.script.deployed | {"created_on": f"{NOW - ago:%Y-%m-%dT%H:%M:%S.%fZ}"}
    return system


def pause(system, ago, **changes):
    content = {"reason": "ACE is\nmigrated", "by": "jo@example.org", "at": f"{NOW - ago:%Y-%m-%dT%H:%M:%SZ}"} | changes
    text = json.dumps({name: value for name, value in content.items() if value is not None})
    system.objects[PAUSE] = days.stored(days.date_of(0), raw=text.encode())
    return system


def passed(tmp_path, system, **options):
    code, report = system.report(tmp_path, "fresh", **options)
    assert (code, report["fresh"]["outcome"]) == (0, "pass"), report["fresh"]
    return report["fresh"]


def sixty_days(count, *, last):
    """Return a system of 60 days in the past, of which the first ones are stored."""
    manifest = manifest_data(first="2024-10-01", last="2024-11-29")
    system = healthy_system(manifest=manifest, stored=0)
    for number in range(count):
        day = str(days.FIRST.replace(month=10, day=1) + timedelta(days=number))
        system.write(day, uploaded=last)
    return system


def test_every_due_day_is_stored(tmp_path):
    system = store(healthy_system(), 5, last=NOW - timedelta(days=5))
    assert passed(tmp_path, system)["evidence"] == [
        "5 of 5 due days are stored, the last object at 2024-12-15 12:00:00 UTC"
    ]


def test_the_newest_40_objects_are_missing_and_nothing_was_stored_since(tmp_path):
    """Case T1: 40 of 60 days were removed, and the cron does not store them again."""
    system = sixty_days(20, last=NOW - timedelta(hours=5))
    found = failed_finding(tmp_path, system, "fresh", read_only=True)
    assert {
        "subject": "due days of ses_falls_city",
        "expected": "all 60 are stored, or the backfill moves",
        "found": "40 are missing (2024-10-21 to 2024-11-29), nothing was stored since 2024-12-20 07:00:00 UTC",
        "cause": "worker",
        "hint": f"npx wrangler tail {NAME}",
    }.items() <= found.items()


def test_the_text_of_the_finding_is_short(tmp_path):
    """Case T1: the report names the days, the last object and the next command in under 6 lines."""
    _, text = sixty_days(20, last=NOW - timedelta(hours=5)).run(tmp_path, "fresh")
    assert len(text.splitlines()) < 6
    for part in ("2024-10-21 to 2024-11-29", "2024-12-20 07:00:00 UTC", f"npx wrangler tail {NAME}"):
        assert part in text


@pytest.mark.parametrize(("minutes", "outcome"), [(29, "pass"), (30, "fail")])
def test_a_dead_cron_fails_half_an_hour_after_a_day_was_due(tmp_path, minutes, outcome):
    """Case T2: `scheduled` stores nothing, so that a day is missing after its due time, 06:00 UTC."""
    now = NOW.replace(hour=6) + timedelta(minutes=minutes)
    system = store(endless_system(total=10, now=now), 9, last=NOW - timedelta(days=1))
    _, report = system.report(tmp_path, "fresh")
    assert report["fresh"]["outcome"] == outcome, report["fresh"]


def test_a_trigger_of_the_same_run_does_not_hide_a_dead_cron(tmp_path):
    """Case T2: `fresh` lists the objects before `trigger` stores the missing day."""
    system = store(endless_system(total=10), 9, last=NOW - timedelta(days=1))
    code, report = system.report(tmp_path, "fresh", "trigger")
    assert (code, report["fresh"]["outcome"], report["trigger"]["outcome"]) == (1, "fail", "pass")
    listed, triggered = (
        next(i for i, line in enumerate(system.asked) if part in line) for part in ("/objects", "/trigger")
    )
    assert listed < triggered
    assert len(system.objects.keys() - {RUN_LOG_KEY}) == 10


def test_a_day_that_never_completes_is_found(tmp_path):
    """Case T3: the first day was stored hours ago, and the second one never is."""
    system = deploy(store(healthy_system(), 1, last=NOW - timedelta(hours=3)), timedelta(hours=3))
    assert "4 are missing (2024-12-11 to 2024-12-14)" in failed_finding(tmp_path, system, "fresh")["found"]


def test_a_first_backfill_that_has_stored_nothing_yet_passes(tmp_path):
    system = deploy(healthy_system(stored=0), timedelta(minutes=2))
    assert passed(tmp_path, system)["evidence"][1] == (
        "5 are missing. The worker is new, and its cron has until 2024-12-20 12:28:00 UTC"
    )


def test_a_first_backfill_that_never_stores_anything_fails(tmp_path):
    system = deploy(healthy_system(stored=0), timedelta(minutes=31))
    assert failed_finding(tmp_path, system, "fresh")["found"].endswith(", nothing was ever stored")


def test_a_backfill_that_moves_has_a_rate_and_an_estimated_end(tmp_path):
    system = deploy(sixty_days(0, last=NOW), timedelta(days=1))
    for number in range(30):
        day = str(days.FIRST.replace(month=10, day=1) + timedelta(days=number))
        system.write(day, uploaded=NOW - timedelta(minutes=30 - number))
    found = passed(tmp_path, system)
    assert found["evidence"][1] == "the backfill moves: 60 days per hour, complete at about 2024-12-20 12:30 UTC"
    assert found["metrics"]["missing_days"] == 30


def test_a_slow_first_backfill_passes(tmp_path):
    """A large day takes several runs: the last one was stored 25 minutes ago."""
    system = deploy(
        store(healthy_system(), 2, last=NOW - timedelta(minutes=25), every=timedelta(minutes=25)), timedelta(hours=1)
    )
    assert "the backfill moves: 2.4 days per hour" in passed(tmp_path, system)["evidence"][1]


def test_a_repaired_worker_has_its_chance(tmp_path):
    system = deploy(store(healthy_system(), 1, last=NOW - timedelta(days=20)), timedelta(minutes=10))
    assert "its cron has until 2024-12-20 12:20:00 UTC" in passed(tmp_path, system)["evidence"][1]


def test_a_gap_in_the_middle_is_missing(tmp_path):
    system = store(healthy_system(), 5, last=NOW - timedelta(hours=1))
    for number in (1, 3):
        del system.objects[days.key_of(days.date_of(number))]
    assert "2 are missing (2024-12-11, 2024-12-13)" in failed_finding(tmp_path, system, "fresh")["found"]


def test_an_empty_day_is_stored(tmp_path):
    system = store(healthy_system(), 5, last=NOW - timedelta(days=5))
    system.write(days.date_of(4), [], uploaded=NOW - timedelta(days=5))
    passed(tmp_path, system)


@pytest.mark.parametrize(("settle", "outcome"), [(6, "fail"), (12, "pass"), (72, "pass")])
def test_a_day_is_due_after_settle_hours(tmp_path, settle, outcome):
    """Yesterday is missing at noon. With 12 hours it has just become due."""
    system = store(endless_system(total=10), 9, last=NOW - timedelta(days=1))
    system.manifest["ace"]["settle_hours"] = settle
    assert system.report(tmp_path, "fresh")[1]["fresh"]["outcome"] == outcome


def test_a_day_is_due_lately(tmp_path):
    now = NOW.replace(hour=6, minute=20)
    system = store(endless_system(total=10, now=now), 9, last=NOW - timedelta(days=1))
    found = passed(tmp_path, system)["evidence"][1]
    assert found == "due lately: 2024-12-19. The cron has until 2024-12-20 06:30:00 UTC"


@pytest.mark.parametrize("hour", [0, 1, 5])
def test_midnight_makes_no_day_due(tmp_path, hour):
    now = NOW.replace(hour=hour)
    passed(tmp_path, store(endless_system(total=10, now=now), 9, last=NOW - timedelta(days=1)))


def test_nothing_is_due_before_the_first_day_is_over(tmp_path):
    system = endless_system(stored=0, total=1, now=NOW.replace(day=10))
    assert passed(tmp_path, system)["evidence"] == ["no day is due yet"]


@pytest.mark.parametrize(("days_ago", "outcome"), [(8, "pass"), (20, "pass"), (22, "fail")])
def test_a_weekly_cron_has_three_weeks(tmp_path, days_ago, outcome):
    manifest = manifest_data(first="2024-11-01", last=None, schedules=["0 8 * * MON"])
    system = healthy_system(manifest=manifest, stored=0, total=1)
    for number in range(60):
        day = str(NOW.date() - timedelta(days=days_ago + 1 + number))
        system.write(day, uploaded=NOW - timedelta(days=days_ago))
    deploy(system, timedelta(days=60))
    assert system.report(tmp_path, "fresh")[1]["fresh"]["outcome"] == outcome


@pytest.mark.parametrize("crons", [[], ["0 0 31 2 *"]])
def test_without_a_cron_that_fires_the_configuration_is_the_cause(tmp_path, crons):
    system = store(healthy_system(manifest=manifest_data(schedules=crons)), 1, last=NOW - timedelta(hours=1))
    found = failed_finding(tmp_path, system, "fresh")
    assert found["cause"] == "configuration"
    assert found["hint"].startswith("pulumi config set schedule '*/5 * * * *' --stack prod")


def test_a_cron_that_was_removed_outside_pulumi_is_the_cause(tmp_path):
    system = store(healthy_system(), 1, last=NOW - timedelta(hours=1))
    system.script.crons = []
    found = failed_finding(tmp_path, system, "fresh")
    assert (found["cause"], found["hint"]) == ("outside_change", UP)


def test_a_cron_that_the_last_up_did_not_send_is_the_cause(tmp_path):
    """Case C10: a refused cron update is not a change outside Pulumi."""
    system = store(healthy_system(), 1, last=NOW - timedelta(hours=1))
    system.script.crons, system.script.crons_changed_on = ["0 1 * * *"], "2024-12-19T09:00:00Z"
    found = failed_finding(tmp_path, system, "fresh")
    assert (found["cause"], found["hint"]) == ("configuration", UP)
    assert found["found"].endswith("and the declared cron is not live: the last `pulumi up` did not finish")


def test_a_pause_is_a_warning(tmp_path):
    system = pause(store(healthy_system(), 1, last=NOW - timedelta(days=5)), timedelta(days=2))
    assert passed(tmp_path, system)["warnings"] == [
        "the backfill is paused since 2024-12-18 12:00:00 UTC by jo@example.org: ACE is migrated"
    ]


def resume(system, ago, **changes):
    """Let the last crons until a time have found a pause, or have ended with ``changes``."""
    runs = [run_log.make_run(NOW - ago - number * timedelta(minutes=5), **changes) for number in range(6)]
    run_log.write_runs(system.objects, runs)
    return system


FOUND_A_PAUSE = {"planned": None, "queued": None, "failed": None}


def test_after_a_pause_the_cron_has_its_window(tmp_path):
    """No false alarm right after `python -m backfill resume`, although nothing was stored for days."""
    system = store(healthy_system(), 1, last=NOW - timedelta(days=5))
    assert passed(tmp_path, resume(system, timedelta(minutes=3), **FOUND_A_PAUSE))["evidence"][1] == (
        "4 are missing. The backfill was paused, and its cron has until 2024-12-20 12:27:00 UTC"
    )


@pytest.mark.parametrize(
    ("ago", "changes"),
    [
        (31, FOUND_A_PAUSE),
        (3, {**FOUND_A_PAUSE, "error": {"code": "internal", "message": "x"}}),
        (3, {**FOUND_A_PAUSE, "lasted": None}),
        (3, {**FOUND_A_PAUSE, "trigger": "http"}),
        (3, {"planned": 4, "queued": 4}),
    ],
    ids=["long over", "failed", "killed", "not a cron", "planned"],
)
def test_crons_that_found_no_pause_excuse_no_standstill(tmp_path, ago, changes):
    system = resume(store(healthy_system(), 1, last=NOW - timedelta(days=5)), timedelta(minutes=ago), **changes)
    assert "4 are missing" in failed_finding(tmp_path, system, "fresh")["found"]


def test_a_run_log_that_cannot_be_read_excuses_no_standstill(tmp_path):
    system = store(healthy_system(), 1, last=NOW - timedelta(days=5))
    run_log.write_log(system.objects, b"no JSON")
    assert "4 are missing" in failed_finding(tmp_path, system, "fresh")["found"]


def test_a_pause_of_more_than_7_days_fails(tmp_path):
    system = pause(store(healthy_system(), 5, last=NOW - timedelta(days=5)), timedelta(days=7, seconds=1))
    found = failed_finding(tmp_path, system, "fresh")
    assert (found["subject"], found["cause"]) == ("pause of the backfill", "configuration")


@pytest.mark.parametrize("changes", [{"by": None}, {"at": "yesterday"}, {"reason": 5}])
def test_a_pause_of_another_form_is_inconclusive(tmp_path, changes):
    found = inconclusive_finding(tmp_path, pause(healthy_system(), timedelta(days=1), **changes), "fresh")
    assert found["subject"] == f"{BUCKET}/{PAUSE}"


def test_a_missing_bucket_fails(tmp_path):
    system = healthy_system()
    del system.cloudflare.buckets[BUCKET]
    assert failed_finding(tmp_path, system, "fresh")["cause"] == "storage"


def test_a_worker_that_does_not_exist_is_named(tmp_path):
    system = store(healthy_system(), 1, last=NOW - timedelta(hours=1))
    del system.cloudflare.scripts[NAME]
    assert failed_finding(tmp_path, system, "fresh")["subject"] == f"worker {NAME}"


def test_an_object_of_the_future_is_no_defect(tmp_path):
    system = store(healthy_system(), 2, last=NOW + timedelta(minutes=50))
    passed(tmp_path, system)


@pytest.mark.parametrize("hours", [-13, -1, 1, 13])
def test_a_wrong_clock_of_this_machine_does_not_matter(tmp_path, hours):
    """Case D5: upload times and the time of the answers are of one clock, Cloudflare's."""
    system = store(healthy_system(), 2, last=NOW - timedelta(minutes=5))
    system.now, system.date = NOW + timedelta(hours=hours), NOW
    passed(tmp_path, system)
    store(system, 2, last=NOW - timedelta(minutes=45))
    failed_finding(tmp_path, system, "fresh")


# ---- re-checks, late sites and failed days


@pytest.mark.parametrize(
    ("age", "is_warned"), [(timedelta(days=3, hours=23), False), (timedelta(days=4, hours=1), True)]
)
def test_a_re_check_that_is_overdue_is_a_warning(tmp_path, age, is_warned):
    """Case A8: it is due recheckDays after the end of the day, and may take a day. It uploads the object again."""
    system = store(healthy_system(), 5, last=NOW - timedelta(hours=1))
    system.now = day_end(days.date_of(0)) + age
    key = days.key_of(days.date_of(0))
    system.objects[key] = replace(system.objects[key], uploaded=day_end(days.date_of(0)) + timedelta(hours=7))
    warnings = passed(tmp_path, system)["warnings"]
    text = "1 is stored and not read again after 3 days (2024-12-10), so rows that ACE received late may be missing"
    assert warnings == ([text] if is_warned else [])


def test_no_re_check_is_overdue_after_a_new_upload_or_without_rechecks(tmp_path):
    """Case A8: the object was uploaded again after the time of its re-check, or recheckDays is 0."""
    old = store(healthy_system(), 5, last=NOW - timedelta(days=5))
    old.now = NOW + timedelta(days=2)
    assert len(passed(tmp_path, old)["warnings"]) == 1
    manifest = manifest_data()
    manifest["ace"]["recheck_days"] = 0
    old = store(healthy_system(manifest=manifest), 5, last=NOW - timedelta(days=5))
    old.now = NOW + timedelta(days=2)
    assert passed(tmp_path, old)["warnings"] == []
    assert passed(tmp_path, store(healthy_system(), 5, last=NOW - timedelta(hours=1)))["warnings"] == []


def two_sites(late):
    """Return two sites that lack their last day, of which one stored another day lately. ``late`` moves the clock."""
    system = healthy_system(stored=4, manifest=manifest_data(names=["ses_a", "ses_b"]))
    deploy(system, timedelta(days=30))
    moved = day_end(days.date_of(4)) + timedelta(hours=6) + late
    for name in ("ses_a", "ses_b"):
        for number in range(4):
            system.write(days.date_of(number), site=name, uploaded=moved - timedelta(minutes=2))
    system.write(days.date_of(4), site="ses_b", uploaded=moved - timedelta(minutes=1))
    system.now = moved
    return system


def test_a_site_without_its_newest_day_is_late_while_another_one_moves(tmp_path):
    """Planners send the newest due day of each site first, so it is not missing for more than a day."""
    assert passed(tmp_path, two_sites(timedelta(hours=23)))
    found = failed_finding(tmp_path, two_sites(timedelta(hours=25)), "fresh")
    assert (found["subject"], found["cause"]) == ("due days of ses_a", "worker")
    assert found["found"].endswith(", and its newest due day comes first")


@pytest.mark.parametrize(("hours", "outcome"), [(5.9, "pass"), (6.1, "fail")])
def test_after_an_upload_each_site_has_its_turn(tmp_path, hours, outcome):
    system = two_sites(timedelta(hours=25))
    at = system.now - timedelta(hours=hours)
    system.script.deployed |= {"created_on": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    assert system.report(tmp_path, "fresh")[1]["fresh"]["outcome"] == outcome


@pytest.mark.parametrize(("hours", "outcome"), [(5.9, "pass"), (6.1, "fail")])
def test_after_a_pause_each_site_has_its_turn(tmp_path, hours, outcome):
    system = two_sites(timedelta(hours=25))
    run_log.write_runs(system.objects, [run_log.make_run(system.now - timedelta(hours=hours), **FOUND_A_PAUSE)])
    assert system.report(tmp_path, "fresh")[1]["fresh"]["outcome"] == outcome


def test_failed_days_are_left_to_the_check_failures(tmp_path):
    """A day that ACE cannot deliver does not stop the others, and is no standstill."""
    system = store(healthy_system(), 3, last=NOW - timedelta(days=2))
    deploy(system, timedelta(days=30))
    fail(system.objects, days.date_of(3))
    fail(system.objects, days.date_of(4), code="killed")
    shown = passed(tmp_path, system)
    assert shown["evidence"] == [
        "3 of 5 due days are stored, the last object at 2024-12-18 12:00:00 UTC",
        "2 are left to the check failures",
    ]
    assert shown["metrics"]["missing_days"] == 2
    del system.objects["_control/backfill/failures/ses_falls_city/2024-12-13.json"]
    assert "1 is missing (2024-12-13)" in failed_finding(tmp_path, system, "fresh")["found"]
