"""The check `proof` tells apart: R2 has more, ACE has more, values differ, the code is wrong, another writer."""

from datetime import date

import pytest

from checks.stored_days.selection import select_sample
from contract.schedule import SiteDay
from tests.fakes import days
from tests.fakes.answers import refusal
from tests.fakes.days import date_of, key_of, lines, to_rows
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NOW, SITE, TAG

DAYS = (date_of(0), date_of(1))
PLACES = [SiteDay(SITE, date.fromisoformat(day)) for day in DAYS]
CHOSEN = select_sample([SITE], PLACES, NOW, size=4).places[0].day.isoformat()  # the first one to be compared
OTHER = next(day for day in DAYS if day != CHOSEN)
KEY = key_of(CHOSEN)
COPY = f"npx wrangler r2 object get ace-timeseries/{KEY} --remote --file {KEY.replace('/', '-')}"
FIRST = "correct the code first, because the same code would write the same"


@pytest.fixture(autouse=True, params=["format 1", "format 2"])
def day_format(request, monkeypatch):
    """Store the days in each format (cases D1 to D3)."""
    if request.param == "format 2":
        monkeypatch.setattr(days, "stored", days.stored_in_members)


def findings(system, tmp_path):
    """Return the findings of `proof`. No next command touches an object."""
    code, report = system.report(tmp_path, "proof")
    found = report["proof"]["findings"]
    assert (code, report["r2"]["outcome"]) == (1, "pass"), report
    assert not any(word in item["hint"] for item in found for word in ("delete", "put ", "replace", "trigger"))
    return found


@pytest.mark.parametrize("left", ["none", "half", "one point"])
def test_rows_that_ace_no_longer_has_are_kept(tmp_path, left):
    """Case D1: R2 holds the only copy. The next command keeps a copy of it."""
    system, rows = healthy_system(), to_rows(lines(CHOSEN, 20))
    system.write(CHOSEN, lines(CHOSEN, 20))
    system.ace.days[CHOSEN] = {"none": [], "half": rows[10:], "one point": [r for r in rows if r["name"] != "ses/p0"]}[
        left
    ]
    first, *_ = findings(system, tmp_path)
    lost = {"none": 20, "half": 10, "one point": 10}[left]
    assert (first["cause"], first["hint"]) == ("ace", COPY)
    assert f"{lost} only in R2, of {20 - lost} of ACE and 20 stored" in first["found"]
    assert "ACE no longer has these rows, and R2 holds the only copy: keep the object" in first["found"]


def test_rows_that_ace_no_longer_has_on_any_day_are_kept(tmp_path):
    """Case D1: a retention affects all days, and no code is suspected."""
    system = healthy_system()
    for day in DAYS:
        system.ace.days[day] = to_rows(lines(day))[2:]
    assert {item["cause"] for item in findings(system, tmp_path)} == {"ace"}


def test_late_rows_and_corrected_values_are_reported_each(tmp_path):
    """Case D2: both are ACE's, since the time at which the day was stored."""
    system = healthy_system()
    late = lines(CHOSEN)[2] | {"timestamp": lines(CHOSEN)[2]["timestamp"] + 1000}
    system.ace.days[CHOSEN] = to_rows([lines(CHOSEN)[0] | {"value": 4}, *lines(CHOSEN)[1:], late])
    found = findings(system, tmp_path)
    assert [item["cause"] for item in found] == ["ace", "ace"]
    assert all("ACE has changed since 2024-12-20 " in item["found"] for item in found)
    assert all(f"{OTHER} of the same version equals ACE" in item["found"] for item in found)
    assert {item["hint"] for item in found} == {"python -m checks explain proof"}


def test_one_day_in_which_every_value_was_corrected_is_not_the_codes(tmp_path):
    """Case D2: another day of the same version equals ACE, so the code is right."""
    system = healthy_system()
    system.ace.days[CHOSEN] = to_rows([row | {"value": 1} for row in lines(CHOSEN)])
    assert {item["cause"] for item in findings(system, tmp_path)} == {"ace"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda row: row | {"value": int(row["value"]) + 1}, "every value differs, and so it is on"),
        (lambda row: row | {"value": int(row["value"])}, "each such value is ACE's, rounded, and so it is on"),
        (lambda row: row | {"point_name": "x/" + row["point_name"]}, "no row is ACE's"),
    ],
)
def test_broken_code_that_is_live_is_corrected_first(tmp_path, change, words):
    """Case D3: the same code would write the same."""
    system = healthy_system()
    for day in DAYS:
        system.write(day, [change(row) for row in lines(day)])
        system.ace.days[day] = to_rows(lines(day))
    first, *_ = findings(system, tmp_path)
    assert (first["cause"], first["hint"]) == ("worker", "python -m checks explain proof")
    assert words in first["found"]
    assert f"written by the live version v1): {FIRST}" in first["found"]


def test_a_row_that_every_day_lacks_at_the_same_place_is_the_codes(tmp_path):
    """Case D3: the first row of every page."""
    system = healthy_system()
    for day in DAYS:
        system.write(day, lines(day)[1:])
        system.ace.days[day] = to_rows(lines(day))
    (found,) = findings(system, tmp_path)
    assert (found["cause"], found["expected"]) == ("worker", '"20.5", in ACE')
    assert f"one row of every page is missing, and so it is on {SITE} {OTHER}" in found["found"]


def test_broken_code_that_was_replaced_since_is_an_earlier_version(tmp_path):
    """Case D3: the live code is another one, so that nothing needs to be corrected."""
    system = healthy_system()
    for day in DAYS:
        system.write(day, [row | {"value": 0} for row in lines(day)])
        system.ace.days[day] = to_rows(lines(day))
    system.script.upload()
    first, *_ = findings(system, tmp_path)
    assert first["cause"] == "worker"
    assert first["found"].endswith("(written by version v1, an earlier version of this stack)")


def test_integers_above_the_exact_range_that_were_rounded_are_the_codes(tmp_path):
    """Case T7: the worker must store the last digit."""
    system = healthy_system()
    system.write(CHOSEN, [row | {"value": 9007199254740992} for row in lines(CHOSEN)])
    system.ace.days[CHOSEN] = to_rows([row | {"value": 9007199254740993} for row in lines(CHOSEN)])
    first, *_ = findings(system, tmp_path)
    assert (first["cause"], first["expected"]) == ("worker", '"9007199254740993", in ACE')
    assert "the values have lost digits that a 64-bit float does not hold" in first["found"]


def test_integers_above_the_exact_range_are_equal_to_the_last_digit(tmp_path):
    """Case T7, kept."""
    system = healthy_system()
    system.write(CHOSEN, [row | {"value": 9007199254740993 + n} for n, row in enumerate(lines(CHOSEN))])
    assert system.report(tmp_path, "proof")[0] == 0


def test_a_version_of_another_worker_is_named(tmp_path):
    """Case D4: its id is none of this worker's versions."""
    system = healthy_system()
    system.write(CHOSEN, [lines(CHOSEN)[0] | {"value": 1}, *lines(CHOSEN)[1:]], worker_version="c1529256-other")
    system.ace.days[CHOSEN] = to_rows(lines(CHOSEN))
    (found,) = findings(system, tmp_path)
    assert (found["cause"], found["hint"]) == (
        "outside_change",
        "npx wrangler versions list --name building-vitals-backfill",
    )
    assert "written by version c1529256-other, which is not a version of building-vitals-backfill" in found["found"]


@pytest.mark.parametrize("lost", [False, True])
def test_a_version_that_is_not_of_this_stack_is_named_with_author_and_time(tmp_path, lost):
    """Case D4: Cloudflare's list of versions has the author."""
    system = healthy_system()
    system.script.upload("", author_email="eve@example.org", created_on="2024-12-11T07:00:00Z")
    system.script.upload(TAG)
    rows = lines(CHOSEN)[: 3 - lost]
    system.write(CHOSEN, [rows[0] | {"value": 1}, *rows[1:]], worker_version="v2")
    system.ace.days[CHOSEN] = to_rows(lines(CHOSEN)[: 2 + lost])
    first, *_ = findings(system, tmp_path)
    assert (first["cause"], first["hint"]) == (
        "outside_change",
        "npx wrangler versions view v2 --name building-vitals-backfill",
    )
    assert "written by version v2, made by eve@example.org on 2024-12-11 07:00:00 UTC (upload)" in first["found"]


def test_a_change_of_secrets_after_an_upload_of_this_stack_has_its_code(tmp_path):
    """Case D4, kept: `wrangler secret put` makes a version without a tag, with the same code."""
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    system.script.upload(TAG)
    system.write(CHOSEN, lines(CHOSEN), worker_version="v2")
    system.ace.days[CHOSEN] = to_rows(lines(CHOSEN)[1:])
    (found,) = findings(system, tmp_path)
    assert found["cause"] == "ace"
    assert "written by version v2, an earlier version of this stack" in found["found"]


def test_where_the_versions_cannot_be_read_the_finding_says_so(tmp_path):
    system = healthy_system()
    system.ace.days[CHOSEN] = to_rows(lines(CHOSEN)[1:])
    system.routes["GET", "/versions"] = refusal(403, 10000)
    (found,) = findings(system, tmp_path)
    assert (found["cause"], found["hint"]) == ("ace", COPY)
    assert "Cloudflare's list of versions could not be read" in found["found"]


def test_without_another_day_of_that_version_both_possibilities_are_named(tmp_path):
    system = healthy_system(stored=0)
    system.write(CHOSEN)
    system.ace.days[CHOSEN] = to_rows([lines(CHOSEN)[0] | {"value": 4}, *lines(CHOSEN)[1:]])
    (found,) = findings(system, tmp_path)
    assert found["cause"] == "ace"
    assert (
        "or the code reads it wrongly (written by the live version v1). A day that is stored later tells"
        in found["found"]
    )
