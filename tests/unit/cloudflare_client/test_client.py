"""Each answer is read as documented, or raises an error that names the place. No list is endless."""

from datetime import UTC, datetime

import httpx
import pytest

from cloudflare_client import client as reader
from cloudflare_client.answers import StoredObject
from cloudflare_client.errors import AbsentError, ApiRefusedError, CloudflareError, EndlessListError, UnknownShapeError
from cloudflare_client.versions import TrafficShare, WorkerDeployment, WorkerVersion, describe_author, find_newest
from tests.unit.cloudflare_client.api import Api, failed, ok, page

VERSION = {
    "id": "608d4072-aaaa",
    "number": 2,
    "metadata": {"author_email": "jo@example.org", "created_on": "2026-11-21T08:30:00.1Z"},
    "annotations": {"workers/tag": "t", "workers/message": "m", "workers/triggered_by": "secret"},
}
SHARE = {"version_id": "v1", "percentage": 100}
BOUND = {"bindings": [{"name": "A", "type": "secret_text"}, {"name": "B", "type": "plain_text", "text": "b"}]}
STORED = {
    "key": "k",
    "size": 1,
    "custom_metadata": {"a": "b"},
    "http_metadata": {"contentEncoding": "gzip"},
    "last_modified": "2026-01-01T00:00:00.5Z",
}
READS = {
    "secrets": lambda client: client.list_secrets("w"),
    "deployments": lambda client: client.read_deployment("w"),
    "versions": lambda client: client.list_versions("w", lambda _: True),
    "v1": lambda client: client.read_version("w", "v1"),
    "schedules": lambda client: client.list_schedules("w"),
    "subdomain": lambda client: client.read_subdomain(),
    "b": lambda client: client.has_bucket("b"),
    "queues": lambda client: client.find_queue("days"),
    "metrics": lambda client: client.read_backlog("q1"),
    "objects": lambda client: list(client.list_objects("b", prefix="p/", jurisdiction="default")),
    "k": lambda client: client.read_object("b", "k", jurisdiction="default"),
}


def read(name, *replies):
    with Api(**{name: replies}).connect() as client:
        return READS[name](client)


def stored(count, **info):
    return ok([{**STORED, "key": f"k{n}"} for n in range(count)], **info)


def test_a_version_is_read_with_its_bindings():
    found = read("v1", ok({**VERSION, "resources": BOUND}))
    assert found.version == WorkerVersion(
        id="608d4072-aaaa",
        number=2,
        tag="t",
        message="m",
        triggered_by="secret",
        author="jo@example.org",
        created_on="2026-11-21T08:30:00.1Z",
    )
    assert found.version.made == "made by jo@example.org on 2026-11-21 08:30:00 UTC (secret)"
    assert (found.version.short, found.version.is_upload, found.version.is_secret_change) == ("608d4072", False, True)
    assert found.bindings["B"] == {"name": "B", "type": "plain_text", "text": "b"}
    assert found.secrets == {"A"}


def test_the_newest_deployment_is_the_live_one():
    older, idle = {"versions": [{**SHARE, "version_id": "v0"}]}, {"version_id": "v2", "percentage": 0}
    found = read("deployments", ok({"deployments": [{"created_on": "t", "versions": [SHARE, idle]}, older]}))
    shares = (TrafficShare(version_id="v1", percentage=100),)
    assert found == WorkerDeployment(shares=shares, strategy="percentage", author="an unknown author", created_on="t")
    assert read("deployments", ok({"deployments": []})).shares == ()


def test_deployments_are_listed_with_their_messages():
    older = {"versions": [{**SHARE, "version_id": "v0"}], "annotations": {"workers/message": "back"}}
    with Api(deployments=[ok({"deployments": [{"versions": [SHARE]}, older]})]).connect() as client:
        found = client.list_deployments("w")
    assert [(item.ids, item.message) for item in found] == [({"v1"}, ""), ({"v0"}, "back")]


def test_an_author_without_a_time():
    found = read("deployments", ok({"deployments": [{"versions": [SHARE]}]}))
    assert describe_author(found) == "an unknown author at an unknown time"


def test_versions_are_sorted_newest_first_for_any_order_of_the_list():
    pages = [ok({"items": [{"id": f"v{n}", "number": n}]}) for n in (1, 3, 2)]
    with Api(versions=[*pages, ok({"items": []})]).connect() as client:
        found = client.list_versions("w", lambda versions: "v2" in versions)
    assert [version.number for version in found] == [3, 2, 1]
    assert find_newest(found) == found[0]
    assert find_newest(()) is None


def test_a_list_of_versions_that_repeats_itself_has_ended():
    api = Api(versions=[ok({"items": [VERSION]})])
    with api.connect() as client:
        assert len(client.list_versions("w", lambda _: False)) == 1
    assert [request.url.params["page"] for request in api.requests] == ["1", "2"]


@pytest.mark.parametrize(("reply", "expected"), [(ok({"name": "b"}), True), (failed(404, 10006), False)])
def test_a_bucket_exists_or_not(reply, expected):
    assert read("b", reply) is expected


@pytest.mark.parametrize("reply", [page(502), ok(None), failed(200), failed(403, 10000), failed(404, 7003)])
def test_the_existence_of_a_bucket_is_never_guessed(reply):
    with pytest.raises(CloudflareError) as caught:
        read("b", reply)
    assert "\n" not in str(caught.value)


def test_every_page_of_objects_is_read():
    api = Api(objects=[stored(2, cursor="c1", is_truncated=True), stored(1, cursor="c2", is_truncated=False)])
    with api.connect() as client:
        found = list(client.list_objects("b", prefix="p/", jurisdiction="eu"))
    assert [item.key for item in found] == ["k0", "k1", "k0"]
    assert found[0] == StoredObject(
        key="k0",
        size=1,
        metadata={"a": "b"},
        content_encoding="gzip",
        uploaded=datetime(2026, 1, 1, 0, 0, 0, 500000, UTC),
    )
    assert [request.url.params.get("cursor") for request in api.requests] == [None, "c1"]
    assert {request.headers["cf-r2-jurisdiction"] for request in api.requests} == {"eu"}


def test_a_cursor_that_repeats_is_an_error():
    with pytest.raises(EndlessListError, match="a cursor that repeats") as caught:
        read("objects", stored(1, cursor="c1"))
    assert caught.value.subject == "objects of b"


def test_a_list_of_too_many_pages_is_an_error(monkeypatch):
    monkeypatch.setattr(reader, "MAX_LIST_PAGES", 2)
    with pytest.raises(EndlessListError):
        read("objects", stored(1, cursor="c1"), stored(1, cursor="c2"), stored(1))


def test_an_object_is_read_as_bytes_or_as_absent():
    assert read("k", lambda _: httpx.Response(200, content=b"\x1f\x8b")).body == b"\x1f\x8b"
    absent = read("k", failed(404, 10007))
    assert (absent.status, absent.shown[:4]) == (404, "404 ")
    with pytest.raises(
        ApiRefusedError, match=r"refused with 403 \[10000\]: .*: expected a CLOUDFLARE_API_TOKEN with the permission"
    ):
        read("k", failed(403, 10000))


@pytest.mark.parametrize("code", [10006, 10007, 10090])
def test_a_missing_resource_has_its_own_error(code):
    with pytest.raises(AbsentError):
        read("deployments", failed(404, code))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"errors": ["down"]}, "refused with 400 []"),
        ({"success": False, "errors": None}, "refused with 400 []"),
        ({"errors": [{"code": ["10007"]}, {"code": True}, {"code": 7, "message": 5}]}, "refused with 400 [7]"),
        ([], "answered 400 without a JSON object: https://"),
    ],
)
def test_errors_of_another_shape_are_one_line(body, said):
    with pytest.raises(ApiRefusedError) as caught:
        read("secrets", lambda _: httpx.Response(400, json=body))
    assert said.replace(": https://", ": GET https://") in str(caught.value)
    assert caught.value.messages == ()


@pytest.mark.parametrize(
    ("name", "result", "detail"),
    [
        ("secrets", None, "the secrets are not a list of objects"),
        ("secrets", [1], "the secrets are not a list of objects"),
        ("secrets", [{"name": 5}], "name is not a text"),
        ("deployments", [], "expected an object as the result"),
        ("deployments", {"deployments": [{"versions": [{"version_id": "v"}]}]}, "a version's share has no percentage"),
        ("deployments", {"deployments": [{"versions": [{**SHARE, "percentage": True}]}]}, "has no percentage"),
        ("deployments", {"deployments": [{"versions": [{"percentage": 1}]}]}, "version_id is not a text"),
        ("versions", {"items": [{"id": "v"}]}, "a version has no number"),
        ("versions", {"items": [{**VERSION, "annotations": []}, {**VERSION, "annotations": [1]}]}, "annotations"),
        ("v1", VERSION, "expected an object as a version's resources"),
        ("v1", {**VERSION, "resources": {"bindings": [{"name": "A"}]}}, "type is not a text"),
        ("schedules", {"schedules": [{"cron": 5}]}, "cron is not a text"),
        ("subdomain", {}, "subdomain is not a text"),
        ("b", "b", "expected an object as the bucket"),
        ("objects", [{"key": "k"}], "an object has no size"),
        ("objects", [{**STORED, "custom_metadata": {"a": 1}}], "custom_metadata holds more than text"),
        ("objects", [{**STORED, "last_modified": "yesterday"}], "last_modified is not a time"),
        ("objects", [{**STORED, "last_modified": None}], "last_modified is not a text"),
    ],
)
def test_an_answer_of_another_shape_names_the_place(name, result, detail):
    with pytest.raises(UnknownShapeError) as caught:
        read(name, ok(result))
    assert detail in str(caught.value)
    assert "answered in an unknown shape" in str(caught.value)
    assert caught.value.request.startswith("GET https://api.example.org/client/v4/accounts/acc/")


def test_a_list_that_goes_on_without_a_cursor_is_an_error():
    for info in ({"is_truncated": True}, {"cursor": 5}):
        with pytest.raises(UnknownShapeError, match="a list goes on without a cursor"):
            read("objects", stored(1, **info))


def test_a_caller_gets_its_own_exception():
    class OwnError(Exception):
        pass

    with Api(secrets=[failed(403, 10000)]).connect() as client:
        own = reader.CloudflareClient(transport=client.transport, account_id="acc", convert=lambda e: OwnError(str(e)))
        with pytest.raises(OwnError, match="refused with 403"):
            own.list_secrets("w")
