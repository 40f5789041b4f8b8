"""The version that served before, and the one request that makes it live again."""

import json

import httpx
import pytest

from contract.drift.rollback import message_of_rollback, read_failed_version
from deployment import rollback
from deployment.events import Worker
from deployment.rollback import Live, RollbackError, Target, find_live, read_live, roll_back
from tests.fakes.answers import answer, envelope, refusal
from tests.fakes.deployments import make_deployment

TARGET = Target(account="acc", worker="w", version="v1-earlier", failed="v2-failed")
UPLOADED = Worker(account="acc", name="w", is_uploaded=True)
ENVIRON = {"CLOUDFLARE_API_TOKEN": "fake-token", "CLOUDFLARE_BASE_URL": "https://api.test/client/v4/"}
CHANGED = (
    "A secret has changed since this version was active. If you are sure this is ok, add a ?force=true query parameter to "
    "allow the rollback. The following secrets have changed: ACE_API_KEY, OTHER"
)


def find(*deployments, worker=UPLOADED):
    return find_live(worker, [make_deployment(*versions) for versions in deployments]).target


def test_the_version_before_the_upload():
    assert find(["v2"], ["v1"], ["v0"]) == Target(account="acc", worker="w", version="v1", failed="v2")


def test_a_second_deployment_of_the_same_version_is_not_an_earlier_one():
    assert find(["v2"], ["v2"], ["v1"]).version == "v1"


@pytest.mark.parametrize("deployments", [[], [["v1"]], [["v2"], ["v0", "v1"]], [["v2"], ["v2", "v1"]], [["v2"], []]])
def test_nothing_or_a_part_of_the_requests_was_served_before(deployments):
    assert find(*deployments) is None


def test_a_worker_that_was_not_uploaded_has_no_version_to_put_back():
    assert find(["v2"], ["v1"], worker=Worker(account="acc", name="w", is_uploaded=False)) is None


def test_the_live_version_is_read_with_the_tag_of_the_one_before(monkeypatch):
    class Client:
        def list_deployments(self, name):
            assert name == "w"
            return [make_deployment("v2"), make_deployment("v1")]

        def read_version(self, name, version):
            found = type("Version", (), {"tag": f"bv:{version}"})
            return type("Detail", (), {"version": found})

    class Connection:
        def __init__(self, **options):
            assert options == {"base_url": "https://api.test/client/v4", "account_id": "acc", "token": "fake-token"}

        def __enter__(self):
            return Client()

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(rollback, "connect", Connection)
    (live,) = read_live([UPLOADED], environ=ENVIRON)
    assert live == Live(
        worker=UPLOADED,
        version="v2",
        target=Target(account="acc", worker="w", version="v1", failed="v2", tag="bv:v1"),
    )


def post(*replies, environ=ENVIRON):
    """Roll back against these answers, and return the requests."""
    left, seen = list(replies), []

    def handle(request):
        seen.append(request)
        reply = left.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply

    roll_back(TARGET, environ=environ, network=httpx.MockTransport(handle))
    return seen


def test_the_request():
    (request,) = post(envelope({"id": "d1"}))
    assert (request.method, str(request.url)) == (
        "POST",
        "https://api.test/client/v4/accounts/acc/workers/scripts/w/deployments",
    )
    assert request.headers["authorization"] == "Bearer fake-token"
    assert json.loads(request.content) == {
        "strategy": "percentage",
        "versions": [{"version_id": "v1-earlier", "percentage": 100}],
        "annotations": {"workers/message": "rollback: the verification of version v2-failed failed"},
    }


def test_a_transient_answer_is_retried():
    assert len(post(answer(502), envelope({}))) == 2


def test_a_changed_secret_is_explained():
    """Issue 13, item 4: code 10220."""
    with pytest.raises(RollbackError) as refused:
        post(refusal(400, 10220, CHANGED))
    assert str(refused.value) == (
        "Cloudflare refused the rollback of w (code 10220), because a secret has changed since version v1-earli served "
        "(ACE_API_KEY, OTHER): that version has the old value, which may be revoked. Correct the program and deploy again"
    )
    assert "force" not in str(refused.value)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (refusal(403, 10000, "Authentication error"), "Cloudflare refused the rollback of w: 403 Authentication error"),
        (answer(200, {"success": False}), "Cloudflare refused the rollback of w"),
        (httpx.UnsupportedProtocol("x"), "UnsupportedProtocol"),
    ],
)
def test_other_refusals_are_one_line(reply, text, monkeypatch):
    policy = rollback.RetryPolicy.start(attempts=1)
    monkeypatch.setattr(rollback.RetryPolicy, "start", lambda: policy)
    with pytest.raises(RollbackError) as refused:
        post(reply)
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_command_has_every_option():
    assert TARGET.command == (
        "python -m deployment rollback --account acc --worker w --version v1-earlier --failed v2-failed"
    )


def test_the_message_of_a_rollback_is_known_again():
    assert read_failed_version(message_of_rollback("608d4072-aaaa")) == "608d4072-aaaa"
    assert read_failed_version(message_of_rollback("")) == "unknown"
    for other in ("", "rollback", "rollback: the verification of version x failed again"):
        assert read_failed_version(other) is None
