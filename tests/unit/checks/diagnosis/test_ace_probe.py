"""The probe of ACE: a failure that the worker reports is compared with ACE's answer to the checker."""

import httpx
import pytest

from checks.diagnosis import ace_probe
from contract.operator_token import derive_operator_token
from tests.fakes.answers import answer
from tests.fakes.days import date_of, lines, to_rows
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import API_TOKEN, KEY, NAME
from tests.fakes.outcomes import first_finding

ACE = "GET /api/sites/ses_falls_city/timeseries/paginated"


UNAVAILABLE = answer(503, {"message": "down"})


LIMITED = answer(429, {"message": "later"}, **{"retry-after": "60"})


MISSHAPEN = answer(200, {"data": [], "has_more": False})


SERVED = ", but a probe of ACE with the same key succeeds: it serves ses_falls_city"


OWN = {
    "upstream_auth": ("configuration", "pulumi config set --secret aceApiKey"),
    "upstream_rejected": ("configuration", "${EDITOR:-vi}"),
    "upstream_contract": ("ace", "python -m checks run trigger"),
}


def failing_system(code, *, day=None, reason="why"):
    """A system whose worker fails with a code, at a day."""
    system = healthy_system()
    progress = system.worker.progress() | ({"current_date": day} if day else {})
    error = {"code": code, "message": reason}
    reply = answer(502, {"status": "error", "error": error, "progress": progress})
    system.routes["POST", "/trigger"] = system.worker.guard(reply)
    return system


def trigger(tmp_path, system, **options):
    code, report = system.report(tmp_path, "trigger", **options)
    assert (code, report["trigger"]["outcome"]) == (1, "fail"), report["trigger"]
    return first_finding(report["trigger"])


def has_own_cause(found, code):
    """Whether the finding has the cause and the text of the worker's own code only."""
    cause, hint = OWN[code]
    return (found["found"], found["cause"]) == (f"502 {code} (why)", cause) and found["hint"].startswith(hint)


@pytest.mark.parametrize("code", OWN)
def test_an_ace_that_serves_the_probe_makes_the_worker_the_cause(tmp_path, code):
    system = failing_system(code)
    system.ace.days = {date_of(n): to_rows(lines(date_of(n))) for n in range(5)}
    found = trigger(tmp_path, system)
    assert found["found"].startswith(f"502 {code} (why){SERVED}")
    assert system.worker.progress()["current_date"] in found["found"]
    assert (found["cause"], found["hint"]) == ("worker", f"npx wrangler tail {NAME}")
    assert KEY not in str(found)


@pytest.mark.parametrize("code", OWN)
def test_an_ace_that_refuses_the_probe_confirms_the_workers_error(tmp_path, code):
    system = failing_system(code)
    system.ace.is_expired = True
    assert has_own_cause(trigger(tmp_path, system), code)


@pytest.mark.parametrize("code", OWN)
@pytest.mark.parametrize("reply", [UNAVAILABLE, LIMITED, MISSHAPEN, httpx.Response(200, text="<html>")])
def test_an_ace_that_does_not_answer_the_probe_changes_no_cause(tmp_path, code, reply):
    system = failing_system(code)
    system.routes["GET", "/timeseries/paginated"] = reply
    assert has_own_cause(trigger(tmp_path, system), code)


@pytest.mark.parametrize("code", OWN)
@pytest.mark.parametrize("held", [{}, {"ACE_API_KEY": "another-fake-key-for-tests"}])
def test_without_the_workers_key_there_is_no_probe(tmp_path, code, held):
    system = failing_system(code)
    operator = {"OPERATOR_TOKEN": derive_operator_token(KEY), "CLOUDFLARE_API_TOKEN": API_TOKEN}
    assert has_own_cause(trigger(tmp_path, system, environ=operator | held), code)
    assert ACE not in system.asked


def test_a_good_batch_and_an_outage_need_no_probe(tmp_path):
    outage = failing_system("upstream_unavailable", reason="ACE answered 503")
    for system in (healthy_system(), outage, failing_system("storage")):
        system.report(tmp_path, "trigger")
        assert ACE not in system.asked


def test_trigger_and_logs_share_one_probe(tmp_path):
    system = failing_system("upstream_auth")
    code, report = system.report(tmp_path, "trigger", "logs")
    assert code == 1
    assert {report[name]["findings"][0]["cause"] for name in ("trigger", "logs")} == {"worker"}
    assert system.asked.count(ACE) == 1


def test_a_day_of_many_pages_is_read_to_its_end_before_the_worker_is_the_cause(tmp_path):
    system = failing_system("upstream_contract")
    system.manifest["ace"]["page_size"] = 1000
    next(item for item in system.manifest["bindings"] if item["name"] == "PAGE_SIZE")["text"] = "1000"
    day = system.worker.progress()["current_date"]
    system.ace.days = {day: to_rows(lines(day, 2_500))}
    assert "2,500 valid rows" in trigger(tmp_path, system)["found"]
    assert system.asked.count(ACE) == 3
    later = iter([None, MISSHAPEN])
    system.routes["GET", "/timeseries/paginated"] = lambda request: next(later) or system.ace.answer(request)
    assert has_own_cause(trigger(tmp_path, system), "upstream_contract")


def test_a_day_beyond_the_bounds_of_the_probe_changes_no_cause(tmp_path, monkeypatch):
    monkeypatch.setattr(ace_probe, "PAGES", 1)
    system = failing_system("upstream_contract")
    system.manifest["ace"]["page_size"] = 1000
    next(item for item in system.manifest["bindings"] if item["name"] == "PAGE_SIZE")["text"] = "1000"
    day = system.worker.progress()["current_date"]
    system.ace.days = {day: to_rows(lines(day, 1_500))}
    assert has_own_cause(trigger(tmp_path, system), "upstream_contract")


@pytest.mark.parametrize("day", ["2030-01-01", "9999-12-31", "1999-01-01"])
def test_a_day_that_is_not_declared_is_not_probed(tmp_path, day):
    found = trigger(tmp_path, failing_system("upstream_auth", day=day))
    assert found["found"].endswith("for 2024-12-10, 10,000 rows a page")


@pytest.mark.parametrize(("deadline", "most"), [(60.0, ace_probe.MAX_SECONDS), (4.0, 1.0)])
def test_the_probe_takes_little_time(tmp_path, deadline, most):
    system = failing_system("upstream_auth")
    system.routes["GET", "/timeseries/paginated"] = UNAVAILABLE
    assert has_own_cause(trigger(tmp_path, system, seconds=deadline), "upstream_auth")
    assert 0 < sum(system.clock.slept) <= most


UNREACHED = ["the connection to ACE failed", "ACE did not answer within 25000 ms", "ACE answered 530"]


@pytest.mark.parametrize("reason", UNREACHED)
def test_a_worker_that_does_not_reach_the_ace_that_the_checker_reaches(tmp_path, reason):
    """Case C7: the run knows that ACE serves the same request, so "run again" would not help."""
    system = failing_system("upstream_unavailable", reason=reason)
    _, report = system.report(tmp_path, "token", "trigger")
    assert report["token"]["outcome"] == "pass"
    found = first_finding(report["trigger"])
    assert found["found"].startswith(f"502 upstream_unavailable ({reason}){SERVED}")
    assert found["found"].endswith("so the worker's network or the address in ACE_BASE_URL is the cause")
    assert (found["cause"], found["hint"]) == ("worker", f"npx wrangler tail {NAME}")


@pytest.mark.parametrize("reason", [*UNREACHED, "ACE answered 503", "ACE answered 429"])
@pytest.mark.parametrize("is_down", [True, False])
def test_an_ace_that_the_checker_does_not_reach_either_stays_the_cause(tmp_path, reason, is_down):
    """Case C7, kept: an outage of ACE. An error that ACE itself answered tells that the worker reached it."""
    system = failing_system("upstream_unavailable", reason=reason)
    system.ace.is_down = is_down
    if is_down or reason not in UNREACHED:
        found = trigger(tmp_path, system)
        assert (found["cause"], found["hint"]) == ("ace", "python -m checks run trigger --stack prod")


def test_without_a_key_for_ace_an_outage_stays_with_ace(tmp_path):
    """Case C7, kept: nothing is known about ACE without the key."""
    system = failing_system("upstream_unavailable", reason=UNREACHED[0])
    environ = {"OPERATOR_TOKEN": derive_operator_token(KEY), "CLOUDFLARE_API_TOKEN": API_TOKEN}
    assert trigger(tmp_path, system, environ=environ)["cause"] == "ace"
