import httpx
import pytest

from infra import api, live

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
        return live.read(client, "acc", "w", ours="bv:x")


def failed(status, code):
    return httpx.Response(status, json={"success": False, "errors": [{"code": code, "message": "fake"}]})


def test_a_live_worker_is_read():
    worker = ask()
    assert worker.deployment == live.Deployment(versions=("v2",), author="somebody", created_on="t3")
    assert [(v.id, v.tag, v.triggered_by) for v in worker.versions] == [("v2", "", "secret"), ("v1", "bv:x", "upload")]
    assert worker.serving.id == "v2"
    assert worker.bindings == ({"name": "A", "type": "secret_text"},)
    assert worker.latest == worker.bindings
    assert worker.schedules == ("a", "b")


def test_after_a_rollback_the_newest_version_s_bindings_are_read_too():
    back = {"deployments": [{"versions": [{"version_id": "v1", "percentage": 100}], "created_on": "t3"}]}
    older = {"resources": {"bindings": []}}
    worker = ask(ANSWERS | {f"{SCRIPT}/deployments": back, f"{SCRIPT}/versions/v1": older})
    assert (worker.bindings, worker.latest) == ((), ({"name": "A", "type": "secret_text"},))


@pytest.mark.parametrize("code", [10007, 10090])
def test_no_worker_is_none(code):
    assert ask({f"{SCRIPT}/deployments": failed(404, code)}) is None


def paged(*pages):
    """Versions page by page, and how many pages were asked for."""
    asked = []

    def handler(request):
        asked.append(int(request.url.params["page"]))
        items = pages[asked[-1] - 1] if asked[-1] <= len(pages) else []
        return httpx.Response(200, json={"success": True, "result": {"items": items}})

    return handler, asked


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
    handler, seen = paged(*pages)
    with httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(handler)) as client:
        versions = live._versions(client, "s", serving="v2", ours="bv:x")
        assert [version.id for version in versions] == found
    assert seen == asked


def test_versions_are_read_within_a_bound(monkeypatch):
    monkeypatch.setattr(live, "_PAGES", 1)
    handler, asked = paged(VERSIONS[:1], VERSIONS[1:])
    with httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(handler)) as client:
        assert len(list(live._versions(client, "s", serving="v2", ours="bv:x"))) == 1
    assert asked == [1]


def test_a_change_of_a_secret_that_kept_our_mark_is_no_upload_of_ours():
    kept = {**VERSIONS[0], "annotations": {"workers/triggered_by": "secret", "workers/tag": "bv:x"}}
    handler, asked = paged([kept], VERSIONS[1:])
    with httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(handler)) as client:
        assert [v.is_upload for v in live._versions(client, "s", serving="v2", ours="bv:x")] == [False, True]
    assert asked == [1, 2]


def test_what_is_absent_behind_a_deployment_is_no_missing_worker():
    with pytest.raises(api.ApiError, match="unknown shape"):
        ask(ANSWERS | {f"{SCRIPT}/schedules": failed(404, 10007)})


def test_annotations_that_are_null_are_none():
    marks = {"workers/tag": None, "workers/message": None, "workers/triggered_by": None}
    version = {"id": "v2", "number": 2, "metadata": {"created_on": "t", "author_email": None}, "annotations": marks}
    [found] = ask(ANSWERS | {f"{SCRIPT}/versions": {"items": [version]}}).versions
    assert (found.tag, found.message, found.triggered_by) == ("", "", "upload")


@pytest.mark.parametrize(("answer", "there"), [({"name": "b"}, True), (failed(404, 10006), False)])
def test_a_bucket_is_there_or_not(answer, there):
    reply = (
        answer if isinstance(answer, httpx.Response) else httpx.Response(200, json={"success": True, "result": answer})
    )
    with httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(lambda _: reply)) as client:
        assert live.has_bucket(client, "acc", "b") is there


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(502, json={"errors": ["upstream down"]}),
        httpx.Response(200, json={"success": True}),
        httpx.Response(200, json={"success": False, "errors": None}),
    ],
)
def test_whether_a_bucket_is_there_is_never_guessed(reply):
    with (
        httpx.Client(base_url="http://127.0.0.1", transport=httpx.MockTransport(lambda _: reply)) as client,
        pytest.raises(api.ApiError) as caught,
    ):
        live.has_bucket(client, "acc", "b")
    assert "\n" not in str(caught.value)


def test_a_worker_of_which_nothing_is_deployed_is_no_missing_worker():
    with pytest.raises(api.ApiError, match="nothing of it is deployed"):
        ask({f"{SCRIPT}/deployments": {"deployments": []}})


@pytest.mark.parametrize("answer", [{"resources": {}}, [], failed(404, 10007)])
def test_bindings_in_an_unknown_shape_are_one_line(answer):
    with pytest.raises(api.ApiError, match="unknown shape"):
        ask(ANSWERS | {f"{SCRIPT}/versions/v2": answer})


def test_a_proxy_that_cannot_be_used_is_one_line(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(api.ApiError, match="ALL_PROXY"), api.connect("https://api.example.com", "fake-token"):
        pass


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
        *(
            (httpx.Response(status, json=body), said)
            for status, body, said in (
                (502, {"errors": ["upstream down"]}, r"refused with 502 \[\]$"),
                (200, {"success": False, "errors": None}, r"refused with 200 \[\]$"),
                (500, {"success": False, "errors": "down"}, r"refused with 500 \[\]$"),
                (
                    500,
                    {"success": False, "errors": [{"code": ["10007"]}, {"message": "fake"}]},
                    r"refused with 500 \[\]$",
                ),
                (200, {"success": True}, "unknown shape"),
                (200, {"success": True, "result": None}, "unknown shape"),
                (200, {"success": True, "result": "fake"}, "unknown shape"),
                (200, {"success": "false", "result": {}}, r"refused with 200"),
            )
        ),
        (httpx.Response(200, text="[" * 100_000), "without JSON"),
        ({"deployments": [{"versions": [{"version_id": 2, "percentage": 100}], "created_on": "t"}]}, "unknown shape"),
        (
            {"deployments": [{"versions": [{"version_id": "v2", "percentage": 100}], "created_on": None}]},
            "unknown shape",
        ),
    ],
)
def test_what_cannot_be_asked_is_one_line(answer, message):
    with pytest.raises(api.ApiError, match=message) as caught:
        ask({f"{SCRIPT}/deployments": answer})
    assert "\n" not in str(caught.value)
