"""The clock of this machine is compared with the `Date` headers of Cloudflare's answers."""

from datetime import timedelta

import pytest

from tests.fakes.days import key_of
from tests.fakes.healthy_system import endless_system
from tests.fakes.manifest import NOW
from tests.fakes.outcomes import failed_finding, inconclusive_finding


def system_with_skew(**skew):
    """Return a system where this machine's clock is ahead by so much. The day before is the last one stored."""
    system = endless_system(stored=10, total=10)
    system.date = NOW
    system.now = NOW + timedelta(**skew)
    return system


def test_a_clock_13_hours_behind_is_named_and_no_day_is_suspected(tmp_path):
    """Case D5: the whole day of yesterday looks unfinished by a clock that is 13 hours behind."""
    found = inconclusive_finding(tmp_path, system_with_skew(hours=-13), "r2")
    assert (found["subject"], found["cause"]) == ("clock of this machine", "checker")
    assert found["expected"] == "the time of Cloudflare's answers, 2024-12-20 12:00 UTC"
    assert found["found"].startswith("2024-12-19 23:00 UTC, 13 h behind Cloudflare's. Set the clock")
    assert found["hint"] == "date -u"


def test_a_clock_13_hours_ahead_is_named(tmp_path):
    """Case D5: the same in the other direction."""
    found = inconclusive_finding(tmp_path, system_with_skew(hours=13), "r2")
    assert "13 h ahead of Cloudflare's" in found["found"]


@pytest.mark.parametrize(("skew", "words"), [(3600, "1 h ahead of"), (-3600, "1 h behind"), (90, "2 min ahead of")])
def test_a_clock_that_is_a_little_wrong_is_a_warning(tmp_path, skew, words):
    """Case D5: up to an hour the checks use the time of Cloudflare."""
    code, report = system_with_skew(seconds=skew).report(tmp_path, "r2")
    assert (code, report["r2"]["outcome"]) == (0, "pass")
    assert report["r2"]["warnings"] == [f"the clock of this machine is {words} Cloudflare's: set the clock"]


@pytest.mark.parametrize("skew", [0, 59, -59])
def test_a_right_clock_is_not_mentioned(tmp_path, skew):
    """Case D5, kept: answers have whole seconds and take some."""
    code, report = system_with_skew(seconds=skew).report(tmp_path, "r2")
    assert (code, report["r2"]["warnings"]) == (0, [])


def test_a_day_that_is_not_over_is_found_by_a_clock_that_is_a_little_wrong(tmp_path):
    """Case D5: the day is judged by Cloudflare's clock."""
    system = system_with_skew(minutes=50)
    system.write("2024-12-20")
    assert failed_finding(tmp_path, system, "r2")["subject"] == key_of("2024-12-20")


@pytest.mark.parametrize("header", ["", "yesterday", "Fri, 99 Dec 2024 12:00:00 GMT"])
def test_an_answer_without_a_readable_date_says_nothing(tmp_path, header):
    system = endless_system(stored=10, total=10)
    reply = system.reply

    def with_header(request):
        answer = reply(request)
        answer.headers["Date"] = header
        return answer

    system.reply = with_header
    assert system.report(tmp_path, "r2")[1]["r2"]["warnings"] == []
