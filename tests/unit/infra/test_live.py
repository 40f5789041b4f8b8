import httpx
import pytest

from infra import live

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
    f"{SCRIPT}/versions/v2": {"resources": {"bindings": [{"name": "A", "type": "secret_text"}]}},
    f"{SCRIPT}/versions": {"items": VERSIONS},
    f"{SCRIPT}/schedules": {"schedules": [{"cron": "b"}, {"cron": "a"}]},
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

    with httpx.Client(
        base_url="http://127.0.0.1/client/v4",
        headers={"Authorization": "Bearer fake-token"},
        transport=httpx.MockTransport(handler),
    ) as client:
        return live.read(client, "acc", "w")


def failed(status, code):
    return httpx.Response(status, json={"success": False, "errors": [{"code": code, "message": "fake"}]})


def test_a_live_worker_is_read():
    worker = ask()
    assert worker.deployment == live.Deployment(versions=("v2",), author="somebody", created_on="t3")
    assert [(v.id, v.tag, v.triggered_by, v.author) for v in worker.versions] == [
        ("v2", "", "secret", "jo@example.org"),
        ("v1", "bv:x", "upload", "somebody"),
    ]
    assert worker.bindings == ({"name": "A", "type": "secret_text"},)
    assert worker.schedules == ("a", "b")


@pytest.mark.parametrize("code", [10007, 10090])
def test_no_worker_is_none(code):
    assert ask({f"{SCRIPT}/deployments": failed(404, code)}) is None


def test_versions_are_read_to_the_last_page_within_a_bound(monkeypatch):
    monkeypatch.setattr(live, "_PAGES", 1)
    assert len(ask().versions) == 2


def test_what_is_absent_behind_a_deployment_is_no_missing_worker():
    with pytest.raises(live.ApiError, match="unknown shape"):
        ask(ANSWERS | {f"{SCRIPT}/schedules": failed(404, 10007)})


def test_annotations_that_are_null_are_none():
    marks = {"workers/tag": None, "workers/message": None, "workers/triggered_by": None}
    version = {"id": "v2", "number": 2, "metadata": {"created_on": "t", "author_email": None}, "annotations": marks}
    [found] = ask(ANSWERS | {f"{SCRIPT}/versions": {"items": [version]}}).versions
    assert (found.tag, found.message, found.triggered_by, found.author) == ("", "", "upload", "somebody")


@pytest.mark.parametrize(("answer", "there"), [({"name": "b"}, True), (failed(404, 10006), False)])
def test_a_bucket_is_there_or_not(answer, there):
    reply = (
        answer if isinstance(answer, httpx.Response) else httpx.Response(200, json={"success": True, "result": answer})
    )
    with httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(lambda _: reply)) as client:
        assert live.has_bucket(client, "acc", "b") is there


def test_a_worker_without_deployments_is_none():
    assert ask({f"{SCRIPT}/deployments": {"deployments": []}}) is None


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (failed(403, 10000), r"refused with 403 \[10000\]: is CLOUDFLARE_API_TOKEN right"),
        (failed(500, 1), r"refused with 500 \[1\]$"),
        (httpx.ConnectError("refused"), r"cannot be reached \(ConnectError\)"),
        (httpx.Response(502, text="<html>"), "answered 502 without JSON"),
        ({"deployments": [{"versions": []}]}, "unknown shape"),
        ({"other": 1}, "unknown shape"),
        (httpx.Response(200, json=[]), "unknown shape"),
    ],
)
def test_what_cannot_be_asked_is_one_line(answer, message):
    with pytest.raises(live.ApiError, match=message) as caught:
        ask({f"{SCRIPT}/deployments": answer})
    assert "\n" not in str(caught.value)
