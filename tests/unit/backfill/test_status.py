"""`python -m backfill status`: the picture is read from the bucket, and shown as text or JSON."""

import json
from datetime import timedelta
from pathlib import Path

import jsonschema
import pytest

from contract.control_objects import PAUSE_KEY, RUN_LOG_KEY
from tests.fakes import days
from tests.fakes.answers import refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NOW, SITE, manifest_data
from tests.fakes.operator_routes import write_failure
from tests.fakes.run_log import make_run, write_runs

SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "backfill.schema.json"


def read_json(out):
    data = json.loads(out)
    jsonschema.validate(data, json.loads(SCHEMA.read_text()), cls=jsonschema.Draft202012Validator)
    return data


@pytest.fixture
def system():
    """Two sites of five days with two stored ones each. The first has an empty and a failed day too."""
    system = healthy_system(stored=2, manifest=manifest_data(names=(SITE, "plant_2")))
    system.write("2024-12-12", [])
    write_failure(system.objects, "2024-12-13", at=NOW - timedelta(minutes=30), attempts=2)
    return system


def test_the_text_fits_80_columns_and_names_everything(run, system, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, err = run(system, "status")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for text in (
        "days        5 of 10 due days are stored, 1 empty, 5 missing, 1 of them failed",
        "pace        75 days per hour, complete at about 2024-12-20 12:03 UTC",
        "found 3 missing",
        "since the run before",
        "key         the key in ACE_API_KEY does not say when it expires",
        "version     v1, live, wrote 5 of the days, made by ann@example.org",
        f"{SITE}      5       3      1        2      1  2024-12-12      45    80 s",
        "plant_2             5       2      0        3      0  2024-12-11      30   6 min",
        f"failed  {SITE} 2024-12-13: upstream_contract, 2 attempts",
        "2024-12                    ■ ■ □ ✗ ○",
        "2024-12                    ■ ■ ○ ○ ○",
        "■ stored  □ empty  ✗ failed  ○ missing",
    ):
        assert text in out, out


@pytest.mark.parametrize("command", ["status", "plan"])
@pytest.mark.parametrize(
    ("columns", "shown"), [("80", "buildi~e_north"), ("120", "buildings_of_the_north"), ("", "buildings_of_the_north")]
)
def test_long_names_of_sites_can_be_told_apart(run, monkeypatch, command, columns, shown):
    monkeypatch.setenv("COLUMNS", columns)
    names = ("buildings_of_the_north", "buildings_of_the_south")
    out = run(healthy_system(manifest=manifest_data(names=names)), command)[1]
    lines = out[out.index("site ") :].splitlines()[:3]
    assert [line.split()[0] for line in lines] == ["site", shown, shown.replace("north", "south")]
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 88


def test_the_pace_names_failed_days_that_are_left(run):
    system = healthy_system(stored=4)
    write_failure(system.objects, "2024-12-14", at=system.now)
    system.now += timedelta(hours=3)
    assert "pace        only failed days are left\n" in run(system, "status", "--site", SITE)[1]


def test_json_is_of_the_published_form(run, system):
    code, out, _ = run(system, "status", "--format", "json")
    data = read_json(out)
    assert code == 0
    assert data["totals"] | {"complete_at": 0} == {
        "due": 10,
        "stored": 5,
        "empty": 1,
        "missing": 5,
        "failed": 1,
        "late": 0,
        "rechecked": 0,
        "days_per_hour": 75.0,
        "complete_at": 0,
    }
    assert [site["name"] for site in data["sites"]] == [SITE, "plant_2"]
    assert data["sites"][0]["ranges"][:2] == [
        {"state": "stored", "first": "2024-12-10", "last": "2024-12-11", "days": 2},
        {"state": "empty", "first": "2024-12-12", "last": "2024-12-12", "days": 1},
    ]
    (failure,) = data["failures"]
    assert (failure["day"], failure["next_at"]) == ("2024-12-13", "2024-12-20T17:30:00Z")
    assert (data["paused"], data["unread"], len(data["runs"])) == (None, [], 6)


def test_a_replacement_is_shown_with_the_rows_that_it_kept(run, system):
    """Its run stores no day, so "stored 0" looked as if nothing had happened."""
    counts = {"trigger": "http", "planned": None, "rechecked": 1, "kept": 2}
    write_runs(system.objects, [make_run(NOW - timedelta(minutes=1), **counts)])
    line = "last run    http on 2024-12-20 11:59:00 UTC, 60 s ago, re-checked 1, kept 2 rows that only R2 has"
    assert line in run(system, "status")[1]
    (shown,) = read_json(run(system, "status", "--format", "json")[1])["runs"]
    assert (shown["stored"], shown["rechecked"], shown["kept"]) == (0, 1, 2)


def test_a_complete_site_gives_no_end_to_one_that_does_not_move(run):
    system = healthy_system(stored=5, manifest=manifest_data(names=(SITE, "plant_2")))
    for number in range(5):
        del system.objects[days.key_of(days.date_of(number), "plant_2")]
    totals = read_json(run(system, "status", "--format", "json")[1])["totals"]
    assert (totals["missing"], totals["days_per_hour"], totals["complete_at"]) == (5, 75.0, None)


def test_one_site_is_chosen_and_another_one_is_refused(run, system):
    assert [
        site["name"] for site in read_json(run(system, "status", "--site", "plant_2", "--format", "json")[1])["sites"]
    ] == ["plant_2"]
    system.asked.clear()
    code, out, err = run(system, "status", "--site", "plant_3")
    assert (code, out, system.asked) == (2, "", [])
    assert err == f"error: no site 'plant_3' in prod. Declared: {SITE}, plant_2\n"


def test_a_pause_has_its_author_and_time_and_no_end(run, system):
    system.objects[PAUSE_KEY] = days.Stored(
        body=b'{"reason":"ACE moves","by":"jo","at":"2024-12-20T10:00:00Z"}', custom={}
    )
    out = run(system, "status")[1]
    assert "pace        paused since 2024-12-20 10:00:00 UTC by jo: ACE moves\n" in out
    data = read_json(run(system, "status", "--format", "json")[1])
    assert (data["paused"]["by"], data["totals"]["complete_at"]) == ("jo", None)


def test_a_part_that_cannot_be_read_is_named_and_the_rest_is_shown(run, system):
    system.objects[RUN_LOG_KEY] = days.Stored(body=b"{}", custom={})
    system.objects[PAUSE_KEY] = days.Stored(body=b"no", custom={})
    system.objects["_control/backfill/failures/a/2024-12-13.json"] = days.Stored(body=b"", custom={})
    system.routes["GET", "/deployments"] = refusal(403, 10000)
    data = read_json(run(system, "status", "--format", "json")[1])
    assert [text.split(":")[0] for text in data["unread"]] == [
        "the failure _control/backfill/failures/a/2024-12-13.json",
        f"the run log {RUN_LOG_KEY}",
        f"the pause {PAUSE_KEY}",
        "the worker's versions",
    ]
    assert data["totals"]["stored"] == 5


def test_without_a_list_there_is_no_picture(run, system):
    system.routes["GET", "/objects"] = refusal(403, 10000)
    code, out, err = run(system, "status")
    assert (code, out, err.count("\n")) == (3, "", 1)
    del system.routes["GET", "/objects"], system.cloudflare.buckets["ace-timeseries"]
    code, out, err = run(system, "status")
    assert (code, out) == (1, "")
    assert "the bucket does not exist" in err


def test_without_a_token_the_line_names_the_variable(run, system):
    code, _, err = run(system, "status", environ={"ACE_API_KEY": system.key})
    assert code == 3
    assert err == (
        "error: Cloudflare API: expected a CLOUDFLARE_API_TOKEN for account 0123456789abcdef0123456789abcdef, "
        "found CLOUDFLARE_API_TOKEN is not set. Next: read -rs CLOUDFLARE_API_TOKEN && export CLOUDFLARE_API_TOKEN\n"
    )


def test_status_and_plan_change_nothing(run, system):
    before = dict(system.objects)
    run(system, "status")
    run(system, "plan")
    assert system.objects == before
    assert {line.partition(" ")[0] for line in system.asked} == {"GET"}


def test_watch_needs_a_terminal(run, system):
    code, _, err = run(system, "status", "--watch")
    assert (code, err) == (2, "error: --watch needs a terminal, and the format text\n")
