"""The check `proof`: a stored day equals ACE's rows, and each difference is named with its cause."""

from dataclasses import replace
from datetime import date

import pytest

from checks.stored_days import gzip_reader
from checks.stored_days.selection import select_sample
from contract.operator_token import derive_operator_token
from contract.schedule import SiteDay
from tests.fakes.answers import answer, refusal
from tests.fakes.days import date_of, key_of, lines, to_rows
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import API_TOKEN, ENVIRON, KEY, NOW, SITE
from tests.fakes.outcomes import failed_finding, inconclusive_finding, outcomes

PLACES = [SiteDay(SITE, date(2024, 12, number)) for number in (10, 11)]
CHOSEN = select_sample([SITE], PLACES, NOW, size=4).places[0].day.isoformat()  # the first one to be compared


KEY_OF_DAY = key_of(CHOSEN)


def odd(day):
    values = ["", "0x10", "007", "-0", 1e300, 12345678901234567, "NaN", -2.5, "on"]
    rows = [row | {"value": value} for row, value in zip(lines(day, len(values)), values, strict=True)]
    return [row | {"value": 7} if row["value"] == "007" else row | {"value": 0} if row["value"] == "-0" else row
            for row in rows]  # fmt: skip


def test_proof_of_a_day_that_equals_ace(tmp_path):
    code, report = healthy_system().report(tmp_path, "proof")
    assert code == 0
    evidence = ["2 days: all 6 samples equal ACE's, row for row", "compared all 2 stored days"]
    assert report["proof"]["evidence"] == evidence


def test_proof_by_the_rules_of_conversion_and_with_microseconds(tmp_path):
    system = healthy_system()
    system.write(CHOSEN, odd(CHOSEN))
    texts = {7: "007", 0: "-0"}
    rows = [row | {"value": texts.get(row["value"], row["value"]) if not isinstance(row["value"], str) else row["value"],
                   "timestamp": row["timestamp"] + 0.25} for row in odd(CHOSEN)]  # fmt: skip
    system.ace.days[CHOSEN] = to_rows(rows)
    _, report = system.report(tmp_path, "proof")
    assert report["proof"]["outcome"] == "pass", report["proof"]


def test_proof_is_thorough_on_request(tmp_path):
    system = healthy_system(stored=4)
    system.write(date_of(4), [])
    system.cloudflare.page_size = 2
    _, report = system.report(tmp_path, "proof", thorough=True)
    assert report["proof"]["evidence"] == ["5 days: all 12 samples equal ACE's, row for row"]
    system.ace.days[date_of(4)] = to_rows(lines(date_of(4)))
    _, report = system.report(tmp_path, "proof", thorough=True, skip=("r2",))
    assert report["proof"]["findings"][0]["cause"] == "ace"


def changed(row, **changes):
    return row | changes


@pytest.mark.parametrize(
    ("change", "subject", "expected", "actual", "reason"),
    [
        (lambda rows: [changed(rows[0], value=99), *rows[1:]], "ses/p0 at {}T00:00:00.000", '"99", in ACE', "20.5",
         "ACE has changed since 2024-12-20"),
        (lambda rows: [changed(rows[0], value="on"), *rows[1:]], "ses/p0", '"on", in ACE', "20.5",
         "ACE has changed since 2024-12-20"),
        (lambda rows: rows[1:], "ses/p0 at {}T00:00:00.000", "20.5 in ACE, as stored", "no such row in ACE",
         "ACE no longer has these rows, and R2 holds the only copy: keep the object"),
        (lambda rows: [*rows, changed(rows[1], timestamp=rows[2]["timestamp"] + 5)], "ses/p1 at {}T00:00:02.005",
         '"21.5", in ACE', "absent", "ACE has changed since 2024-12-20"),
        (lambda rows: [*rows, changed(rows[2], point_name="ses/new")], "ses/new at {}T00:00:02.000",
         '"22.5", in ACE', "absent", "when the day was stored, and has new points"),
    ],
    ids=["corrected", "another type", "gone", "late", "new point"],
)  # fmt: skip
def test_proof_names_point_time_and_both_values(tmp_path, change, subject, expected, actual, reason):
    """Cases D1 and D2: ACE has changed since the day was stored."""
    system = healthy_system()
    system.ace.days[CHOSEN] = to_rows(change(lines(CHOSEN)))
    found = failed_finding(tmp_path, system, "proof")
    assert found["subject"].startswith(f"{SITE} {CHOSEN}: {subject.format(CHOSEN)}")
    assert (found["expected"], found["cause"]) == (expected, "ace")
    assert found["found"].startswith(f"{actual} (1 ")
    assert reason in found["found"]
    assert "delete" not in found["hint"]


@pytest.mark.parametrize(("repeated", "cause"), [(12, "worker"), (2, "ace")])
def test_proof_of_rows_that_the_object_has_more_often(tmp_path, repeated, cause):
    """Case A6: many repeated rows are a pattern of the code. A few may be rows that ACE had twice, and are kept."""
    system = healthy_system(stored=0)
    rows = lines(CHOSEN, 20)
    system.write(CHOSEN, [*rows[:repeated], *rows])
    system.ace.days[CHOSEN] = to_rows(rows)
    found = system.report(tmp_path, "proof", skip=("r2",))[1]["proof"]["findings"][0]
    assert found["cause"] == cause
    assert found["found"].startswith(
        f"fewer such rows in ACE ({repeated} only in R2, of 20 of ACE and {20 + repeated} "
    )
    assert ("ACE has each such row, and the object has it more often" in found["found"]) is (cause == "worker")
    assert ("keep the object" in found["found"]) is (cause == "ace")


def test_proof_lists_three_differences_and_counts_all(tmp_path):
    """Case D3: every value differs, and there is no other day of that version to compare with."""
    system = healthy_system(stored=0)
    system.write(CHOSEN, lines(CHOSEN, 20))
    system.ace.days[CHOSEN] = to_rows([row | {"value": 1} for row in lines(CHOSEN, 20)])
    _, report = system.report(tmp_path, "proof")
    findings = report["proof"]["findings"]
    assert len(findings) == 3
    assert "(20 with another value, of 20 of ACE and 20 stored): every value differs" in findings[0]["found"]
    assert findings[1]["found"] == "21.5"


def test_proof_of_an_object_that_was_changed_since(tmp_path):
    system = healthy_system()
    system.write(CHOSEN, [lines(CHOSEN)[0] | {"value": 1}, *lines(CHOSEN)[1:]], sha256="0" * 64)
    system.ace.days[CHOSEN] = to_rows(lines(CHOSEN))
    code, report = system.report(tmp_path, "proof", skip=("r2",))
    (found,) = report["proof"]["findings"]
    assert (code, found["cause"]) == (1, "storage")
    assert "was changed after it was written: expected metadata sha256" in found["found"]


def test_proof_of_an_object_that_is_not_a_day(tmp_path):
    system = healthy_system()
    system.objects[KEY_OF_DAY] = replace(system.objects[KEY_OF_DAY], body=b"no gzip")
    code, report = system.report(tmp_path, "proof")
    assert report["proof"]["reason"] == "needs r2, which failed"
    code, report = system.report(tmp_path, "proof", skip=("r2",))
    assert (code, report["proof"]["findings"][0]["found"].partition(";")[0]) == (1, "bytes that do not decompress")


def test_proof_of_a_missing_object_and_of_a_missing_bucket(tmp_path):
    system = healthy_system()
    system.routes["GET", "/objects/timeseries"] = refusal(404, 10007)
    assert system.report(tmp_path, "proof", skip=("r2",))[1]["proof"]["findings"][0]["cause"] == "storage"
    system.routes = {("GET", "/objects"): refusal(404, 10006)}
    found = system.report(tmp_path, "proof", skip=("r2",))[1]["proof"]["findings"][0]
    assert found["found"] == "the bucket does not exist"
    system.routes = {("GET", "/objects"): refusal(403, 10000)}
    assert inconclusive_finding(tmp_path, system, "proof", skip=("r2",))["cause"] == "configuration"


def test_proof_without_any_sample(tmp_path):
    system = healthy_system(stored=0)
    assert inconclusive_finding(tmp_path, system, "proof", skip=("r2",))["found"] == "no day is stored"
    system.write(date_of(0), [])
    found = inconclusive_finding(tmp_path, system, "proof", skip=("r2",))
    assert found["found"] == "only empty days are stored (1)"


def test_proof_needs_a_key_that_ace_accepts(tmp_path):
    _, report = healthy_system().report(tmp_path, "proof", environ={**ENVIRON, "ACE_API_KEY": "another-key"})
    assert report["proof"]["reason"] == "needs token, which failed"

    environ = {"CLOUDFLARE_API_TOKEN": API_TOKEN, "OPERATOR_TOKEN": derive_operator_token(KEY)}
    code, report = healthy_system().report(tmp_path, "proof", environ=environ)
    assert (code, outcomes(report)["proof"], outcomes(report)["r2"]) == (3, "skip", "pass")


def test_proof_is_inconclusive_when_ace_fails_half_way(tmp_path):
    system, pages = healthy_system(), []

    def late(request):
        pages.append(1)
        return system.ace.answer(request) if len(pages) == 1 else answer(200, {"data": []})

    system.routes["GET", "/paginated"] = late
    assert "point_samples" in inconclusive_finding(tmp_path, system, "proof")["found"]


def test_proof_is_inconclusive_for_a_day_beyond_its_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(gzip_reader, "MAX_POINTS", 0)
    assert inconclusive_finding(tmp_path, healthy_system(), "proof", skip=("r2",))["cause"] == "checker"
