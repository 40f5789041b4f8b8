import httpx
import pytest

from cloudflare_client import client as reader
from cloudflare_client import httpx_transport
from cloudflare_client.errors import ApiRefusedError, CloudflareError
from cloudflare_client.retry import RetryPolicy
from infra import account
from infra.errors import DeploymentError
from tests.fakes.deployments import make_deployment

SCRIPT = "/client/v4/accounts/acc/workers/scripts/w"
VERSIONS = [
    {"id": "v2", "number": 2, "metadata": {"created_on": "t2", "author_email": "jo@example.org"},
     "annotations": {"workers/triggered_by": "secret"}},
    {"id": "v1", "number": 1, "metadata": {"created_on": "t1"}, "annotations": {"workers/tag": "bv:x", "workers/message": "m"}},
]  # fmt: skip
ANSWERS = {
    f"{SCRIPT}/deployments": {
        "deployments": [
            {
                "versions": [{"version_id": "v2", "percentage": 100}, {"version_id": "v1", "percentage": 0}],
                "created_on": "t3",
            }
        ]
    },
    f"{SCRIPT}/versions/v2": {
        "id": "v2",
        "number": 2,
        "resources": {"bindings": [{"name": "A", "type": "secret_text"}]},
    },
    f"{SCRIPT}/versions": {"items": VERSIONS},
    f"{SCRIPT}/schedules": {"schedules": [{"cron": "b"}, {"cron": "a"}]},
    f"{SCRIPT}/settings": {"logpush": True, "limits": {"cpu_ms": 50}, "placement": {}},
}


def ask(answers=ANSWERS, **more):
    def handler(request):
        assert request.headers["Authorization"] == "Bearer fake-token"
        result = answers.get(request.url.path)
        if isinstance(result, httpx.Response | Exception):
            if isinstance(result, Exception):
                raise result
            return result
        if request.url.path.endswith("/versions") and request.url.params["page"] == "3":
            result = {"items": []}
        return httpx.Response(200, json={"success": True, "result": result})

    with connected(handler) as client:
        return account.LiveAccount(client=client).read_worker("w", owner="bv:x")


def connected(handler):
    """A client of a fake API, without pauses between attempts."""
    return httpx_transport.connect(
        base_url="http://127.0.0.1/client/v4",
        account_id="acc",
        token="fake-token",
        retries=RetryPolicy.start(sleep=lambda _: None),
        network=httpx.MockTransport(handler),
    )


def failed(status, code):
    return httpx.Response(status, json={"success": False, "errors": [{"code": code, "message": "fake"}]})


def test_a_live_worker_is_read():
    worker = ask()
    assert worker.deployment == make_deployment("v2", author="an unknown author", created_on="t3")
    assert [(v.id, v.tag, v.triggered_by) for v in worker.versions] == [("v2", "", "secret"), ("v1", "bv:x", "upload")]
    assert worker.serving.id == "v2"
    assert worker.bindings == ({"name": "A", "type": "secret_text"},)
    assert worker.latest == worker.bindings
    assert worker.schedules == ("a", "b")
    assert (worker.settings.logpush, worker.settings.limits, worker.settings.placement) == ("on", "cpu_ms 50", "none")


def test_after_a_rollback_the_newest_version_s_bindings_are_read_too():
    back = {"deployments": [{"versions": [{"version_id": "v1", "percentage": 100}], "created_on": "t3"}]}
    older = {"id": "v1", "number": 1, "resources": {"bindings": []}}
    worker = ask(ANSWERS | {f"{SCRIPT}/deployments": back, f"{SCRIPT}/versions/v1": older})
    assert (worker.bindings, worker.latest) == ((), ({"name": "A", "type": "secret_text"},))


@pytest.mark.parametrize("code", [10007, 10090])
def test_no_worker_is_none(code):
    assert ask({f"{SCRIPT}/deployments": failed(404, code)}) is None


PAGES = f"{SCRIPT}/versions"


def versions_of(*pages):
    """The versions that are read of a list with these pages, and the number of pages that were asked for."""
    asked = []

    def handler(request):
        if request.url.path == PAGES:
            asked.append(int(request.url.params["page"]))
            items = pages[asked[-1] - 1] if asked[-1] <= len(pages) else []
            return httpx.Response(200, json={"success": True, "result": {"items": items}})
        return httpx.Response(200, json={"success": True, "result": ANSWERS[request.url.path]})

    with connected(handler) as client:
        return account.LiveAccount(client=client).read_worker("w", owner="bv:x").versions, asked


@pytest.mark.parametrize(
    ("pages", "asked", "found"),
    [
        ([VERSIONS], [1], ["v2", "v1"]),
        ([VERSIONS[:1], VERSIONS[1:], [{**VERSIONS[1], "id": "v0"}]], [1, 2], ["v2", "v1"]),
        ([VERSIONS[:1], VERSIONS[:1], VERSIONS[1:]], [1, 2], ["v2"]),  # a page that says nothing new is the end
        ([VERSIONS[:1]], [1, 2], ["v2"]),
    ],
)
def test_versions_are_read_until_the_live_one_and_ours_are_known(pages, asked, found):
    versions, seen = versions_of(*pages)
    assert [version.id for version in versions] == found
    assert seen == asked


def test_versions_are_read_within_a_bound(monkeypatch):
    monkeypatch.setattr(reader, "MAX_VERSION_PAGES", 1)
    versions, asked = versions_of(VERSIONS[:1], VERSIONS[1:])
    assert len(versions) == 1
    assert asked == [1]


def test_a_change_of_a_secret_that_kept_our_mark_is_no_upload_of_ours():
    kept = {**VERSIONS[0], "annotations": {"workers/triggered_by": "secret", "workers/tag": "bv:x"}}
    versions, asked = versions_of([kept], VERSIONS[1:])
    assert [version.is_upload for version in versions] == [False, True]
    assert asked == [1, 2]


def test_a_missing_version_of_a_deployment_is_not_a_missing_worker():
    with pytest.raises(CloudflareError, match=r"refused with 404 \[10007\]"):
        ask(ANSWERS | {f"{SCRIPT}/schedules": failed(404, 10007)})


def test_annotations_that_are_null_are_none():
    marks = {"workers/tag": None, "workers/message": None, "workers/triggered_by": None}
    version = {"id": "v2", "number": 2, "metadata": {"created_on": "t", "author_email": None}, "annotations": marks}
    [found] = ask(ANSWERS | {f"{SCRIPT}/versions": {"items": [version]}}).versions
    assert (found.tag, found.message, found.triggered_by) == ("", "", "upload")


def test_a_worker_without_a_deployment_is_not_a_missing_worker():
    for deployments in ([], [{"versions": []}], [{"versions": [{"version_id": "v1", "percentage": 0}]}]):
        with pytest.raises(account.NotDeployedError, match="nothing of it is deployed"):
            ask({f"{SCRIPT}/deployments": {"deployments": deployments}})


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"id": "v2", "number": 2, "resources": {}}, "unknown shape"),
        ([], "unknown shape"),
        (failed(404, 10007), r"refused with 404 \[10007\]"),
    ],
)
def test_bindings_that_cannot_be_read_are_one_line(answer, message):
    with pytest.raises(CloudflareError, match=message):
        ask(ANSWERS | {f"{SCRIPT}/versions/v2": answer})


def test_a_proxy_that_cannot_be_used_is_one_line(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    unusable = httpx_transport.connect(base_url="https://api.example.com", account_id="acc", token="fake-token")
    with pytest.raises(CloudflareError, match="ALL_PROXY"), unusable:
        pass


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (failed(403, 10000), r"refused with 403 \[10000\]: .*: expected a CLOUDFLARE_API_TOKEN with the permission"),
        (failed(500, 1), r"refused with 500 \[1\] after 3 attempts$"),
        (
            httpx.ConnectError("refused"),
            r"cannot be reached \(ConnectError\) after 3 attempts: http://127.0.0.1/client/v4$",
        ),
        (httpx.Response(502, text="<html>"), "answered 502 without a JSON object after 3 attempts"),
        ({"other": 1}, "unknown shape"),
        (httpx.Response(200, json=[]), "answered 200 without a JSON object"),
        *(
            (httpx.Response(status, json=body), said)
            for status, body, said in (
                (502, {"errors": ["upstream down"]}, r"refused with 502 \[\] after 3 attempts$"),
                (200, {"success": False, "errors": None}, r"refused with 200 \[\]$"),
                (500, {"success": False, "errors": "down"}, r"refused with 500 \[\] after 3 attempts$"),
                (
                    500,
                    {"success": False, "errors": [{"code": ["10007"]}, {"message": "fake"}]},
                    r"refused with 500 \[\] after 3 attempts$",
                ),
                (200, {"success": True}, "unknown shape"),
                (200, {"success": True, "result": None}, "unknown shape"),
                (200, {"success": True, "result": "fake"}, "unknown shape"),
                (200, {"success": "false", "result": {}}, r"refused with 200"),
            )
        ),
        (httpx.Response(200, text="[" * 100_000), "without a JSON object"),
        ({"deployments": [{"versions": [{"version_id": 2, "percentage": 100}], "created_on": "t"}]}, "unknown shape"),
        (
            {"deployments": [{"versions": [{"version_id": "v2", "percentage": 100}], "created_on": None}]},
            "unknown shape",
        ),
    ],
)
def test_an_unreachable_api_is_one_line(answer, message):
    with pytest.raises(CloudflareError, match=message) as caught:
        ask({f"{SCRIPT}/deployments": answer})
    assert "\n" not in str(caught.value)


def test_every_problem_of_the_api_is_one_line(read, monkeypatch):
    def refuse(request):
        return httpx.Response(403, json={"success": False, "errors": [{"code": 10000}]})

    real = httpx.Client
    monkeypatch.setattr(
        httpx_transport.httpx, "Client", lambda **options: real(**{**options, "transport": httpx.MockTransport(refuse)})
    )
    with pytest.raises(DeploymentError, match="refused with 403") as caught, account.open_account(read()) as opened:
        opened.find_bucket("ace-timeseries")
    assert "\n" not in str(caught.value)


ABSENT, PRESENT = (404, {"errors": [{"code": 10006}]}), (200, {"success": True, "result": {"name": "b"}})


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([PRESENT], "default"),
        ([ABSENT, PRESENT], "eu"),
        ([ABSENT, ABSENT, PRESENT], "fedramp"),
        ([ABSENT, ABSENT, ABSENT], None),
        ([ABSENT, ABSENT, (400, {"errors": [{"code": 10041}]})], None),  # the account has no such jurisdiction
        ([ABSENT, (400, {"errors": [{"code": 10041}]})], ApiRefusedError),
        ([(403, {"errors": [{"code": 10000}]})], ApiRefusedError),
    ],
)
def test_a_bucket_is_looked_for_in_every_jurisdiction(answers, found):
    """Case P8: an EU bucket of the declared name."""
    asked = []

    def handler(request):
        asked.append(request.headers.get("cf-r2-jurisdiction", "default"))
        status, body = answers[len(asked) - 1]
        return httpx.Response(status, json=body)

    with connected(handler) as client:
        live = account.LiveAccount(client=client)
        if found is ApiRefusedError:
            with pytest.raises(ApiRefusedError):
                live.find_bucket("b")
        else:
            assert live.find_bucket("b") == found
    assert asked == ["default", "eu", "fedramp"][: len(answers)]


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("https://w.mine.workers.dev", None),
        ("https://backfill.example.org", None),
        ("https://w.yours.workers.dev", "workersSubdomain: expected 'mine', which is the account's subdomain"),
    ],
)
def test_a_wrong_subdomain_is_refused_at_preview_with_one_request(url, problem):
    """Case C13: wrong workersSubdomain."""
    asked = []

    def handler(request):
        asked.append(request.url.path)
        return httpx.Response(200, json={"success": True, "result": {"subdomain": "mine"}})

    with connected(handler) as client:
        live = account.LiveAccount(client=client)
        if problem is None:
            live.require_subdomain(url)
        else:
            with pytest.raises(account.WrongSubdomainError, match=problem) as caught:
                live.require_subdomain(url)
            assert "found 'yours'. Run: pulumi config set workersSubdomain mine" in str(caught.value)
    assert len(asked) == int(url.endswith(".workers.dev"))


@pytest.mark.parametrize("code", [10063, 10007])
def test_an_account_without_a_subdomain_is_one_line(code):
    """Case C13: 10063 in the words of the API."""
    with (
        connected(lambda _: failed(404, code)) as client,
        pytest.raises(CloudflareError, match=r"expected a workers\.dev subdomain of the account"),
    ):
        account.LiveAccount(client=client).require_subdomain("https://w.mine.workers.dev")
