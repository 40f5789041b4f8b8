"""Something in front of a system is named as the obstacle, and the check is inconclusive with the cause access."""

import socket

import httpx
import pytest

from checks.clients.http.client import Http, ObstacleError
from checks.model.deadline import Deadline
from checks.model.finding import Cause, TransientError
from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON
from tests.fakes.outcomes import failed_finding, first_finding, inconclusive_finding

CHALLENGE = httpx.Response(403, headers={"cf-mitigated": "challenge"}, text="<title>Just a moment...</title>")
SIGN_IN = httpx.Response(302, headers={"Location": "https://acme.cloudflareaccess.com/cdn-cgi/access/login/x?kid=1"})
OBSTACLES = [
    (CHALLENGE, "403 with cf-mitigated: challenge, a bot challenge of Cloudflare"),
    (SIGN_IN, "302: a redirect to the sign-in of Cloudflare Access"),
    (httpx.Response(302, headers={"Location": "/cdn-cgi/access/login/x"}), "302: a redirect to the sign-in of"),
    (httpx.Response(401, headers={"WWW-Authenticate": "Cloudflare-Access x"}), "401: Cloudflare Access asks"),
    (httpx.Response(403, text="error code: 1010"), "403 error code: 1010, the signature of this client is blocked"),
    (httpx.Response(403, text="error code: 1020\n"), "403 error code: 1020, a firewall rule blocks this request"),
    (answer(403, {"cloudflare_error": True, "error_code": 1009}), "403 error code: 1009, the country"),
    (httpx.Response(403, text="<html><title>Attention Required! | Cloudflare</title>"), "403: a block page of Cloud"),
    (httpx.Response(511, text="sign in"), "511: a proxy or network asks for a sign-in"),
]


@pytest.mark.parametrize(("reply", "found"), OBSTACLES)
@pytest.mark.parametrize(
    ("route", "name"),
    [
        (("GET", "/health"), "health"),
        (("GET", "/status"), "key"),
        (("POST", "/trigger"), "trigger"),
        (("GET", "/client/v4"), "deployed"),
        (("GET", "/timeseries/paginated"), "token"),
    ],
)
def test_an_obstacle_in_front_of_a_system_is_named(tmp_path, route, name, reply, found):
    """Case C3: a challenge, a firewall or Cloudflare Access in front of the worker, its POST route, the API or ACE."""
    system = healthy_system()
    system.routes[route] = reply
    item = inconclusive_finding(tmp_path, system, name)
    assert item["found"].startswith(found)
    assert item["cause"] == "access"
    assert system.clock.slept == []
    assert sum(entry.startswith(route[0]) and route[1] in entry for entry in system.asked) <= 3


def test_a_challenge_of_post_only_leaves_the_log_inconclusive_for_the_same_reason(tmp_path):
    """Case C3: POST only. The check logs names the obstacle too, and does not wait for a log that cannot come."""
    system = healthy_system()
    system.routes["POST", "/trigger"] = CHALLENGE
    code, report = system.report(tmp_path)
    assert code == 3
    assert {name for name, check in report.items() if check["outcome"] == "inconclusive"} == {"trigger", "logs"}
    assert first_finding(report["logs"]) == first_finding(report["trigger"])


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(403, text="Forbidden"),
        httpx.Response(404, text="There is nothing here yet"),
        httpx.Response(302, headers={"Location": "https://example.org/cloudflareaccess.com"}),
        answer(403, {"error_code": 1010}),
    ],
)
def test_another_refusal_at_the_address_is_a_failure_of_the_configuration(tmp_path, reply):
    """Case C3, kept: a refusal that no obstacle explains is still a wrong address."""
    system = healthy_system()
    system.routes["GET", "/health"] = reply
    assert failed_finding(tmp_path, system, "health")["cause"] == "configuration"


def test_any_403_without_json_comes_from_a_firewall_in_front_of_the_api(tmp_path):
    """Case C3: the API itself answers JSON."""
    system = healthy_system()
    system.routes["GET", "/client/v4"] = httpx.Response(403, text="<html>blocked by the company</html>")
    found = inconclusive_finding(tmp_path, system, "secrets")
    assert found["cause"] == "access"
    assert found["found"].endswith("a firewall in front of the API")


PROXY = "http://user:fake-proxy-password@127.0.0.1:9"


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("cause", [Cause.WORKER, Cause.CLOUDFLARE, Cause.ACE])
def test_a_dead_proxy_is_named_by_its_variable(monkeypatch, variable, cause):
    """Case C14: no packet leaves this machine, because nothing listens on the proxy's port."""
    monkeypatch.setenv(variable, PROXY)
    deadline = Deadline.starting_now(30.0)
    with (
        Http.open("https://worker.example", cause=cause, deadline=deadline) as http,
        pytest.raises(ObstacleError) as caught,
    ):
        http.send("GET", "/health")
    finding = caught.value.finding
    assert finding.cause is Cause.ACCESS
    assert finding.found.startswith(f"the proxy in {variable} cannot be used (ConnectError")
    assert finding.hint.format_command(stack="prod", worker="w") == f"unset {variable}"
    assert "password" not in f"{finding}"


def test_a_dead_proxy_makes_a_run_inconclusive(tmp_path, monkeypatch):
    """Case C14: in the report of a run."""

    def refuse(request):
        raise httpx.ConnectError("[Errno 111] Connection refused")

    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    system = healthy_system()
    system.routes = {("GET", ""): refuse, ("POST", ""): refuse}
    code, report = system.report(tmp_path, environ=ENVIRON)
    assert code == 3
    findings = [finding for check in report.values() for finding in check["findings"]]
    assert {(item["cause"], item["hint"]) for item in findings} == {("access", "unset HTTPS_PROXY")}
    assert system.clock.slept == []


def test_a_proxy_that_the_environment_excludes_is_not_named(monkeypatch):
    """Case C14, kept: NO_PROXY names the host, so the proxy is not the obstacle."""
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", "worker.example")

    def refuse(request):
        raise httpx.ConnectError("refused")

    deadline, transport = Deadline.starting_now(30.0), httpx.MockTransport(refuse)
    with (
        Http.open("https://worker.example", cause=Cause.WORKER, deadline=deadline, transport=transport) as http,
        pytest.raises(TransientError) as caught,
    ):
        http.send("GET", "/health")
    assert (caught.value.finding.found, caught.value.finding.cause) == ("ConnectError: refused", Cause.ACCESS)


@pytest.mark.parametrize(
    ("error", "worker", "ace"),
    [
        (httpx.ConnectError("refused"), "access", "ace"),
        (httpx.ConnectTimeout(""), "access", "ace"),
        (httpx.ReadError("reset"), "access", "ace"),
        (httpx.ReadTimeout(""), "worker", "ace"),
    ],
)
def test_the_cause_of_a_connection_without_an_answer(tmp_path, error, worker, ace):
    """Case C14: Cloudflare's edge does not refuse connections, so the checker did not reach it. ACE may be down."""

    def fail(request):
        raise error

    for name, path, cause in (("health", "/health", worker), ("token", "/timeseries/paginated", ace)):
        system = healthy_system()
        system.routes["GET", path] = fail
        assert inconclusive_finding(tmp_path, system, name)["cause"] == cause


def test_a_name_server_that_fails_is_an_obstacle_for_every_system(tmp_path):
    """Case C14: the same finding for worker, API and ACE."""

    def fail(request):
        raise httpx.ConnectError("x") from socket.gaierror(socket.EAI_AGAIN, "try again")

    system = healthy_system()
    system.routes = {("GET", ""): fail, ("POST", ""): fail}
    code, report = system.report(tmp_path)
    assert code == 3
    assert {item["cause"] for check in report.values() for item in check["findings"]} == {"access"}
