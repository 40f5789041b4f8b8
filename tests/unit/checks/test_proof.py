"""`proof`: a stored day is ACE's, row for row; what differs is said, and whose it is."""

import json
import tracemalloc
from datetime import date

import pytest

from checks.clients.ace.answers import Row
from checks.stored_days import days, gzip_reader, row_comparison
from checks.stored_days.gzip_reader import UnjudgedDayError
from checks.stored_days.row_comparison import compare
from checks.stored_days.stored_day import Sample
from tests.unit.checks.test_catalog import broken, outcomes, unjudged
from tests.unit.checks.world import API_TOKEN, ENVIRON, KEY, NOW, World, answer, lines, refusal

CHOSEN = days.one([date(2024, 12, 10), date(2024, 12, 11)], NOW).isoformat()
KEY_OF_DAY = World.place(CHOSEN)


def odd(day):
    values = ["", "0x10", "007", "-0", 1e300, 12345678901234567, "NaN", -2.5, "on"]
    rows = [row | {"value": value} for row, value in zip(lines(day, len(values)), values, strict=True)]
    return [row | {"value": 7} if row["value"] == "007" else row | {"value": 0} if row["value"] == "-0" else row
            for row in rows]  # fmt: skip


def test_proof_of_a_day_that_is_aces(tmp_path):
    code, report = World().report(tmp_path, "proof")
    assert code == 0
    assert report["proof"]["evidence"] == [f"{CHOSEN}: all 3 samples are ACE's, row for row"]


def test_proof_by_the_rules_of_conversion_and_with_microseconds(tmp_path):
    world = World()
    world.write(CHOSEN, odd(CHOSEN))
    texts = {7: "007", 0: "-0"}
    rows = [row | {"value": texts.get(row["value"], row["value"]) if not isinstance(row["value"], str) else row["value"],
                   "timestamp": row["timestamp"] + 0.25} for row in odd(CHOSEN)]  # fmt: skip
    world.measured[CHOSEN] = rows
    _, report = world.report(tmp_path, "proof")
    assert report["proof"]["outcome"] == "pass", report["proof"]


def test_proof_is_thorough_on_request(tmp_path):
    world = World(days=4)
    world.write(world.day(4), [])
    world.page = 2
    _, report = world.report(tmp_path, "proof", thorough=True)
    assert report["proof"]["evidence"] == ["5 days: all 12 samples are ACE's, row for row"]
    world.measured[world.day(4)] = lines(world.day(4))
    _, report = world.report(tmp_path, "proof", thorough=True, skip=("r2",))
    assert report["proof"]["findings"][0]["cause"] == "ace"


def changed(row, **changes):
    return row | changes


@pytest.mark.parametrize(
    ("change", "subject", "expected", "actual", "cause"),
    [
        (lambda rows: [changed(rows[0], value=99), *rows[1:]], "ses/p0 at {}T00:00:00.000", '"99", as ACE has it', "20.5",
         "worker"),
        (lambda rows: [changed(rows[0], value="on"), *rows[1:]], "ses/p0", '"on", as ACE has it', "20.5", "worker"),
        (lambda rows: rows[1:], "ses/p0 at {}T00:00:00.000", "no such row at ACE", "20.5", "worker"),
        (lambda rows: [*rows, changed(rows[1], timestamp=rows[2]["timestamp"] + 5)], "ses/p1 at {}T00:00:02.005",
         '"21.5", as ACE has it', "absent", "worker"),
        (lambda rows: [*rows, changed(rows[2], point_name="ses/new")], "ses/new at {}T00:00:02.000",
         '"22.5", as ACE has it', "absent", "upstream"),
    ],
)  # fmt: skip
def test_proof_names_point_time_and_both_values(tmp_path, change, subject, expected, actual, cause):
    world = World()
    world.measured[CHOSEN] = change(world.measured[CHOSEN])
    found = broken(tmp_path, world, "proof")
    assert found["subject"].startswith(f"{CHOSEN}: {subject.format(CHOSEN)}")
    assert (found["expected"], found["cause"]) == (expected, cause)
    assert found["found"].startswith(f"{actual} (1 ")
    assert found["hint"] == (
        f"npx wrangler r2 object delete ace-timeseries/{KEY_OF_DAY} --remote"
        " && python -m checks run trigger proof --stack prod"
    )


def test_proof_says_the_first_three_and_counts_all(tmp_path):
    world = World()
    world.write(CHOSEN, lines(CHOSEN, 20))
    world.measured[CHOSEN] = [row | {"value": 1} for row in lines(CHOSEN, 19)]
    _, report = world.report(tmp_path, "proof")
    findings = report["proof"]["findings"]
    assert len(findings) == 3
    assert "(19 differ, 1 extra, of 19; the object is as it was written" in findings[0]["found"]
    assert findings[1]["found"] == "21.5"


def test_proof_of_an_object_that_was_changed_since(tmp_path):
    world = World()
    world.write(CHOSEN, [lines(CHOSEN)[0] | {"value": 1}, *lines(CHOSEN)[1:]], sha256="0" * 64)
    world.measured[CHOSEN] = lines(CHOSEN)
    code, report = world.report(tmp_path, "proof", skip=("r2",))
    (found,) = report["proof"]["findings"]
    assert (code, found["cause"]) == (1, "storage")
    assert "was changed since it was written (expected metadata sha256" in found["found"]


def test_proof_of_an_object_that_is_no_day(tmp_path):
    world = World()
    world.objects[KEY_OF_DAY] = (b"no gzip", world.objects[KEY_OF_DAY][1])
    code, report = world.report(tmp_path, "proof")
    assert report["proof"]["reason"] == "needs r2, which failed"
    code, report = world.report(tmp_path, "proof", skip=("r2",))
    assert (code, report["proof"]["findings"][0]["found"]) == (1, "bytes that do not decompress")


def test_proof_of_an_object_that_is_gone_and_of_a_bucket_that_is(tmp_path):
    world = World()
    world.routes["GET", "/objects/timeseries"] = refusal(404, 10007)
    assert world.report(tmp_path, "proof", skip=("r2",))[1]["proof"]["findings"][0]["cause"] == "storage"
    world.routes = {("GET", "/objects"): refusal(404, 10006)}
    found = world.report(tmp_path, "proof", skip=("r2",))[1]["proof"]["findings"][0]
    assert found["found"] == "there is no such bucket"
    world.routes = {("GET", "/objects"): refusal(403, 10000)}
    assert unjudged(tmp_path, world, "proof", skip=("r2",))["cause"] == "configuration"


def test_proof_with_nothing_to_compare(tmp_path):
    world = World(days=0)
    assert unjudged(tmp_path, world, "proof", skip=("r2",))["found"] == "nothing is stored"
    world.write(world.day(0), [])
    found = unjudged(tmp_path, world, "proof", skip=("r2",))
    assert found["found"] == "1 days are stored, each as empty"


def test_proof_needs_a_key_that_ace_accepts(tmp_path):
    _, report = World().report(tmp_path, "proof", environ={**ENVIRON, "ACE_API_KEY": "another-key"})
    assert report["proof"]["reason"] == "needs token, which failed"
    from contract.operator_token import derive_operator_token

    environ = {"CLOUDFLARE_API_TOKEN": API_TOKEN, "OPERATOR_TOKEN": derive_operator_token(KEY)}
    code, report = World().report(tmp_path, "proof", environ=environ)
    assert (code, outcomes(report)["proof"], outcomes(report)["r2"]) == (0, "skip", "pass")


def test_proof_has_no_verdict_when_ace_fails_half_way(tmp_path):
    world, pages = World(), []

    def late(request):
        pages.append(1)
        return world.ace(request, request.url.path) if len(pages) == 1 else answer(200, {"data": []})

    world.routes["GET", "/paginated"] = late
    assert "point_samples" in unjudged(tmp_path, world, "proof")["found"]


def test_proof_says_nothing_of_a_day_beyond_its_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(gzip_reader, "POINT_LIMIT", 0)
    assert unjudged(tmp_path, World(), "proof", skip=("r2",))["cause"] == "checker"


# ---- the comparison itself


def test_order_within_a_timestamp_is_nobodys_promise():
    theirs = [Row("a", "1", 0), Row("b", "2", 0), Row("a", "3", 1000)]
    ours = [Sample("b", 0, 2), Sample("a", 0, 1), Sample("a", 1, 3)]
    assert compare(theirs, ours).equal


def test_two_rows_of_ace_in_one_millisecond_are_two_rows():
    found = compare([Row("a", "1", 0), Row("a", "1", 999)], [Sample("a", 0, 1)])
    assert (found.rows, found.missing, found.later, found.shown) == (2, 1, False, "1 missing")


@pytest.mark.parametrize(
    ("ace", "stored", "same"),
    [("1", "1", False), ("1.0", 1, True), ("x", "x", True), ("x", "y", False), ("1e999", "1e999", True),
     ("1", 2, False), ("", 0, False), ("0.1", 0.1, True)],
)  # fmt: skip
def test_values(ace, stored, same):
    assert compare([Row("a", ace, 0)], [Sample("a", 0, stored)]).equal is same


def test_a_timestamp_with_too_many_rows_is_not_judged(monkeypatch):
    monkeypatch.setattr(gzip_reader, "POINT_LIMIT", 2)
    with pytest.raises(UnjudgedDayError, match="more than 2 rows"):
        compare([Row(str(n), "1", 0) for n in range(3)], [])


@pytest.mark.untraced
def test_the_memory_is_that_of_one_timestamp_not_of_the_day():
    count = 60_000
    tracemalloc.start()
    found = compare(
        (Row(f"p{n % 50}", f"{n}", n // 50 * 1000) for n in range(count)),
        (Sample(f"p{n % 50}", n // 50, n) for n in range(count)),
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.equal, found.rows) == (True, count)
    assert peak < 2**20


def test_a_value_is_cut_to_what_can_be_read():
    assert row_comparison.text("x" * 100) == json.dumps("x" * 100)[:40]
