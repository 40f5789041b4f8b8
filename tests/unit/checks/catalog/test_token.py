"""The check `token`: each refusal by ACE has its own finding, and a window without data is accepted."""

import base64
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON, NOW, manifest_data
from tests.fakes.outcomes import failed_finding, first_finding, inconclusive_finding

RENEW = "pulumi config set --secret aceApiKey --stack prod && pulumi up --stack prod"


PATH = ("GET", "/paginated")


def jwt(expires):
    parts = ({"alg": "HS256"}, {"exp": int(expires.timestamp())})
    return ".".join([*(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts), "c2ln"])


def test_token_that_is_accepted(tmp_path):
    system = healthy_system()
    code, report = system.report(tmp_path, "token")
    assert code == 0
    assert report["token"]["evidence"] == [
        "ACE accepts the key in ACE_API_KEY and serves ses_falls_city",
        "the key does not contain its expiry date",
    ]
    assert system.asked == ["GET /api/sites/ses_falls_city/timeseries/paginated"]


def test_token_asks_one_small_page_of_the_first_declared_day(tmp_path):
    system, seen = healthy_system(), []
    system.routes[PATH] = lambda request: seen.append(dict(request.url.params)) or system.ace.answer(request)
    system.report(tmp_path, "token")
    assert [(item["page_size"], item["start_time"]) for item in seen] == [("10", "2024-12-10T00:00:00Z")]


def run_with_key(tmp_path, left, *names, **changes):
    """Run checks with a key that ACE accepts and that expires after this time."""
    system = healthy_system(manifest=manifest_data(**changes))
    system.ace.key = jwt(NOW + left)
    return system.report(tmp_path, *names, environ={"ACE_API_KEY": system.ace.key})


def test_token_reports_the_days_until_it_expires(tmp_path):
    code, report = run_with_key(tmp_path, timedelta(days=40, hours=1), "token")
    assert (code, report["token"]["warnings"]) == (0, [])
    assert report["token"]["evidence"] == [
        "ACE accepts the key in ACE_API_KEY and serves ses_falls_city",
        "the key expires in 40 days, on 2025-01-29",
    ]
    assert report["token"]["metrics"] == {"key_expires_seconds": (40 * 24 + 1) * 3600}


@pytest.mark.parametrize(
    ("left", "days", "text"),
    [
        (timedelta(days=12, hours=1), 30, "the key expires in 12 days, on 2025-01-01 13:00 UTC"),
        (timedelta(days=80), 90, "the key expires in 80 days, on 2025-03-10 12:00 UTC"),
        (timedelta(days=3, minutes=1), 3, None),
    ],
)
def test_token_warns_from_the_declared_days_on(tmp_path, left, days, text):
    """Case T5: the warning comes before the failure, and the exit code is 0."""
    code, report = run_with_key(tmp_path, left, "token", ace__key_expiry_warning_days=days)
    assert (code, report["token"]["outcome"]) == (0, "pass")
    assert report["token"]["warnings"] == ([text] if text else [])


@pytest.mark.parametrize("left", [timedelta(minutes=14), timedelta(days=3)])
def test_token_fails_during_the_last_three_days_although_ace_accepts_the_key(tmp_path, left):
    """Case T5: a key that expires in 14 minutes is a failure, with the date and time."""
    code, report = run_with_key(tmp_path, left, "token")
    (found,) = report["token"]["findings"]
    assert (code, found["cause"], found["hint"]) == (1, "configuration", RENEW)
    assert found["subject"] == "expiry of the key in ACE_API_KEY"
    assert found["found"] in (
        "it expires in 14 minutes, on 2024-12-20 12:14 UTC",
        "it expires in 3 days, on 2024-12-23 12:00 UTC",
    )
    assert report["token"]["metrics"] == {"key_expires_seconds": left.total_seconds()}
    assert report["token"]["warnings"] == []


def test_config_judges_the_expiry_as_well_and_one_warning_is_counted_once(tmp_path):
    """Case T5: `config` needs no network."""
    code, report = run_with_key(tmp_path, timedelta(minutes=14), "config")
    assert (code, report["config"]["findings"][0]["found"]) == (1, "it expires in 14 minutes, on 2024-12-20 12:14 UTC")
    assert report["config"]["findings"][0]["expected"] == "a key with more than 3 days left"
    warnings = {}
    for names in (("config",), ("config", "token")):
        code, report = run_with_key(tmp_path, timedelta(days=12), *names)
        warnings[names] = [len(report[name]["warnings"]) for name in names]
        assert code == 0
    assert warnings == {("config",): [1], ("config", "token"): [0, 1]}


def test_a_key_that_has_expired_and_is_still_accepted_is_measured(tmp_path):
    _, report = run_with_key(tmp_path, timedelta(days=-1), "token")
    assert report["token"]["metrics"] == {"key_expires_seconds": -86400}


@pytest.mark.parametrize("empty", [answer(200, {"point_samples": [], "has_more": False, "next_cursor": None}), None])
def test_token_of_a_site_without_data_is_accepted(tmp_path, empty):
    system = healthy_system(stored=0)
    system.ace.days.clear()
    if empty:
        system.routes[PATH] = empty
    code, report = system.report(tmp_path, "token")
    assert (code, report["token"]["outcome"]) == (0, "pass")
    assert "has no data for 2024-12-10" in report["token"]["evidence"][0]


def test_token_without_a_key_is_inconclusive(tmp_path):
    """Case T4."""
    system = healthy_system()
    code, report = system.report(tmp_path, "token", environ={})
    assert (code, report["token"]["outcome"]) == (3, "inconclusive")
    found = first_finding(report["token"])
    assert (found["subject"], found["expected"]) == ("ACE_API_KEY (or aceApiKey of --stack)", "set")
    assert found["hint"] == "read -rs ACE_API_KEY && export ACE_API_KEY"
    assert system.asked == []


def test_token_that_is_wrong(tmp_path):
    found = failed_finding(
        tmp_path, healthy_system(), "token", environ={**ENVIRON, "ACE_API_KEY": "another-key-of-ace"}
    )
    assert (found["cause"], found["hint"]) == ("configuration", RENEW)
    assert "probably a wrong key" in found["found"]


@pytest.mark.parametrize("says", [answer(401, {"message": "x"}), None])
def test_token_that_has_expired_with_any_answer_of_ace(tmp_path, says):
    system = healthy_system()
    if says:
        system.routes[PATH] = says
    key = jwt(datetime(2024, 12, 1, 10, 30, tzinfo=UTC))
    found = failed_finding(tmp_path, system, "token", environ={"ACE_API_KEY": key})
    assert found["found"].startswith("the key expired on 2024-12-01 10:30 UTC, and ACE answers ")
    assert (found["cause"], found["hint"]) == ("configuration", RENEW)


def test_token_that_is_refused_and_not_expired(tmp_path):
    system = healthy_system()
    system.ace.is_expired = True
    assert failed_finding(tmp_path, system, "token")["found"] == "401: ACE does not accept the key"


@pytest.mark.parametrize("key", ["changeme", "with space", "padded ", "café-key"])
def test_token_that_no_request_can_carry_is_not_sent(tmp_path, key):
    system = healthy_system()
    found = failed_finding(tmp_path, system, "token", environ={"ACE_API_KEY": key})
    assert found["found"].endswith("no request was sent")
    assert system.asked == []


@pytest.mark.parametrize(
    ("reply", "cause", "actual", "hint"),
    [
        (answer(403, {"id": None}), "configuration", "403 with an empty site", "${EDITOR:-vi} Pulumi.prod.yaml"),
        (answer(400, {"errors": {"page_size": "x"}}), "configuration", "400: ACE refuses page_size", "${EDITOR:-vi}"),
        (httpx.Response(404, text="<html>"), "configuration", "404 <html>", "${EDITOR:-vi}"),
        (answer(307), "configuration", "307: a redirect", "${EDITOR:-vi}"),
        (answer(200, {"data": []}), "ace", "JSON without the list point_samples", "curl -sSI https://flightdeck"),
        (httpx.Response(200, text="<html>"), "ace", "no JSON object", "curl -sSI https://flightdeck"),
    ],
)
def test_token_names_each_refusal_of_ace(tmp_path, reply, cause, actual, hint):
    system = healthy_system()
    system.routes[PATH] = reply
    found = failed_finding(tmp_path, system, "token")
    assert (found["cause"], found["found"][: len(actual)]) == (cause, actual)
    assert found["hint"].startswith(hint)


@pytest.mark.parametrize(
    ("reply", "actual"),
    [
        (answer(503), "an outage: 503"),
        (answer(429, **{"retry-after": "3600"}), "429: ACE limits the rate (Retry-After"),
    ],
)
def test_token_is_inconclusive_during_an_outage_and_leaves_time_to_other_checks(tmp_path, reply, actual):
    system = healthy_system()
    system.routes[PATH] = reply
    found = inconclusive_finding(tmp_path, system, "token")
    assert found["found"].startswith(actual)
    assert found["cause"] == "ace"
    assert sum(system.clock.slept) <= 10


def test_token_of_an_unknown_site(tmp_path):
    system = healthy_system(manifest=manifest_data(names=["ses_elsewhere"]))
    del system.ace.sites["ses_elsewhere"]
    assert "the site does not exist" in failed_finding(tmp_path, system, "token")["found"]


def test_token_of_several_sites_has_a_line_for_each_that_ace_refuses(tmp_path):
    names = [f"ses_{number}" for number in range(20)]
    system = healthy_system(manifest=manifest_data(names=names))
    system.ace.sites["ses_3"] = {}
    code, report = system.report(tmp_path, "token")
    assert (code, report["token"]["evidence"][:2]) == (0, [
        "ACE accepts the key in ACE_API_KEY and serves 19 of 20 sites",
        "it knows ses_3, but has no data for 2024-12-10 (startDate)",
    ])  # fmt: skip
    for name in names[5:19]:
        del system.ace.sites[name]
    code, report = system.report(tmp_path, "token")
    assert code == 1
    assert [item["expected"] for item in report["token"]["findings"]] == [
        f"ACE accepts it and serves {name}" for name in names[5:15]
    ]
    assert report["token"]["evidence"][:2] == [
        "ACE refuses 4 more sites",
        "ACE accepts the key in ACE_API_KEY and serves 5 of 20 sites",
    ]


def test_token_of_several_sites_and_a_wrong_key_is_one_finding(tmp_path):
    system = healthy_system(manifest=manifest_data(names=["a", "b", "c"]))
    system.ace.is_expired = True
    assert "2 " not in failed_finding(tmp_path, system, "token")["expected"]


def test_token_without_a_date_to_ask_for(tmp_path):
    found = inconclusive_finding(tmp_path, healthy_system(manifest=manifest_data(first="soon")), "token")
    assert (found["subject"], found["cause"]) == ("startDate", "configuration")
