"""Days that are stored as empty are compared with ACE."""

import httpx

from contract.operator_token import derive_operator_token
from tests.fakes.answers import answer
from tests.fakes.days import date_of, key_of, lines, to_rows
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import API_TOKEN, KEY
from tests.fakes.outcomes import failed_finding


def system_with_empty_days(*days):
    system = healthy_system(stored=5)
    for n in days:
        system.write(date_of(n), [])
    return system


def test_r2_of_an_empty_day_that_is_empty_at_ace(tmp_path):
    code, report = system_with_empty_days(1).report(tmp_path, "r2")
    assert code == 0
    assert "1 stored day is empty, 1 compared with ACE, which has data for none" in report["r2"]["evidence"]


def test_r2_of_empty_days_that_ace_has_data_for(tmp_path):
    """Case D2: the version that stored the empty day reads ACE rightly, because it stored other days with samples."""
    system = system_with_empty_days(1, 2)
    system.ace.days[date_of(1)] = to_rows(lines(date_of(1)))
    found = failed_finding(tmp_path, system, "r2")
    assert (found["subject"], found["expected"]) == (key_of(date_of(1)), "0 samples in ACE, as stored")
    assert "the first at 2024-12-11T00:00:00.000" in found["found"]
    assert "so ACE has changed since 2024-12-20" in found["found"]
    assert (found["cause"], found["hint"]) == ("ace", "python -m checks explain r2")


def test_r2_lists_at_most_three_of_them_and_reads_all_when_thorough(tmp_path):
    system = system_with_empty_days(0, 1, 2, 3, 4)
    for n in range(5):
        system.ace.days[date_of(n)] = to_rows(lines(date_of(n)))
    _, report = system.report(tmp_path, "r2", thorough=True)
    assert [item["expected"] for item in report["r2"]["findings"]][:3] == ["0 samples in ACE, as stored"] * 3
    assert {item["cause"] for item in report["r2"]["findings"]} == {
        "worker"
    }  # and none is a question whether the site has data
    assert "5 stored days are empty, 5 compared with ACE, which has data for 5" in report["r2"]["evidence"]


def test_r2_reports_that_ace_was_not_asked(tmp_path):

    environ = {"CLOUDFLARE_API_TOKEN": API_TOKEN, "OPERATOR_TOKEN": derive_operator_token(KEY)}
    code, report = system_with_empty_days(1).report(tmp_path, "r2", environ=environ)
    assert code == 0
    assert "1 stored day is empty, not compared with ACE because ACE_API_KEY is not set" in report["r2"]["evidence"]


def test_r2_asks_ace_again_where_a_connection_was_reset(tmp_path):
    system, left = system_with_empty_days(1), [httpx.ReadError("reset")]
    system.ace.days[date_of(1)] = to_rows(lines(date_of(1)))

    def reset_once(request):
        if left:
            raise left.pop()
        return system.ace.answer(request)

    system.routes["GET", "/paginated"] = reset_once
    assert failed_finding(tmp_path, system, "r2")["expected"] == "0 samples in ACE, as stored"


def test_r2_does_not_wait_long_for_an_ace_that_is_down(tmp_path):
    system = system_with_empty_days(1, 3)
    system.routes["GET", "/paginated"] = answer(503)
    code, report = system.report(tmp_path, "r2")
    assert code == 0
    assert sum(system.clock.slept) < 3
    assert (
        "2 stored days are empty, 0 compared with ACE before it failed: an outage: 503 (empty)"
        in report["r2"]["evidence"]
    )


def test_r2_leaves_the_next_days_first_row_to_the_next_day(tmp_path):
    system = system_with_empty_days(1)
    row = {"name": "p", "value": "1", "time": "2024-12-12T00:00:00"}
    system.routes["GET", "/paginated"] = answer(200, {"point_samples": [row], "has_more": False, "next_cursor": None})
    assert system.report(tmp_path, "r2")[0] == 0
