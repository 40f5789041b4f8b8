"""A refusal names the permission of its request, or the API's reason and what to do."""

import httpx
import pytest

from cloudflare_client.refusals import R2, SCRIPTS, TAIL, find_permission
from tests.fakes.answers import answer, refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.outcomes import inconclusive_finding


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        ("/accounts/a/workers/scripts/w/tails", TAIL),
        ("https://api.example.org/client/v4/accounts/a/workers/scripts/tails/versions", SCRIPTS),
        ("/accounts/a/workers/subdomain", SCRIPTS),
        ("/accounts/a/r2/buckets/workers/objects/workers/scripts/x/y", R2),
        ("/user/tokens/verify", None),
    ],
)
def test_each_request_has_its_permission(path, permission):
    """Case C1: the permission of the request that failed."""
    assert find_permission(path) == permission


@pytest.mark.parametrize(
    ("part", "check", "permission"),
    [("/secrets", "secrets", SCRIPTS), ("/lifecycle", "bucket", R2), ("/objects", "r2", R2)],
)
def test_the_permission_of_the_failed_request_is_named(tmp_path, part, check, permission):
    """Case C1: a token without R2, and one without Scripts."""
    system = healthy_system()
    system.routes["GET", part] = refusal(403, 10000, "Authentication error")
    found = inconclusive_finding(tmp_path, system, check)
    assert found["expected"].startswith(f"a CLOUDFLARE_API_TOKEN with the permission {permission}, for account ")
    assert (found["found"], found["cause"]) == ("403 Authentication error (code 10000)", "configuration")


def test_a_token_without_tail_names_tail(tmp_path):
    """Case C1: 403 on /tails only."""
    system = healthy_system()
    system.script.tail.is_refused = True
    _, report = system.report(tmp_path)
    assert f"with the permission {TAIL}, " in report["logs"]["findings"][0]["expected"]
    assert [name for name, check in report.items() if check["outcome"] == "inconclusive"] == ["logs"]


MALFORMED = {
    "success": False,
    "errors": [
        {
            "code": 6003,
            "message": "Invalid request headers",
            "error_chain": [{"code": 6111, "message": "Invalid format for Authorization header"}],
        }
    ],
}


@pytest.mark.parametrize(
    ("reply", "found", "expected"),
    [
        (
            refusal(403, 10042, "Please enable R2 through the Cloudflare Dashboard."),
            "403 Please enable R2 through the Cloudflare Dashboard. (code 10042)",
            "R2 enabled on the account",
        ),
        (refusal(403, 9109, "Invalid access token"), "403 Invalid access token (code 9109)", "not expired or revoked"),
        (
            refusal(403, 9109, "Unauthorized to access requested resource"),
            "403 Unauthorized to access requested resource (code 9109)",
            f"with the permission {R2}",
        ),
        (
            answer(400, MALFORMED),
            "400 Invalid request headers; Invalid format for Authorization header (code 6003, 6111)",
            "without quotes, white space and the word Bearer",
        ),
    ],
)
def test_the_reason_is_in_the_words_of_the_api(tmp_path, reply: httpx.Response, found, expected):
    """Case C2: 10042, 9109, 6003 with 6111."""
    system = healthy_system()
    system.routes["GET", "/r2/"] = reply
    finding = inconclusive_finding(tmp_path, system, "bucket")
    assert finding["found"] == found
    assert expected in finding["expected"]
    assert finding["cause"] == "configuration"
