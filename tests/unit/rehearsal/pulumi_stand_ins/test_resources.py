"""Each resource type sends the requests of the official plugin. tests/contract/test_provider.py has the engine's side."""

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any, cast

import httpx
import pulumi_cloudflare as cf
import pytest
from pulumi.runtime.rpc import UNKNOWN

from rehearsal.pulumi_stand_ins.api_client import ApiClient, ApiRequestError
from rehearsal.pulumi_stand_ins.property_values import to_camel
from rehearsal.pulumi_stand_ins.resource import Found, RefusedByPluginError, find_resources, split_import_id
from rehearsal.pulumi_stand_ins.resources.queue import Queue
from rehearsal.pulumi_stand_ins.resources.queue_consumer import QueueConsumer
from rehearsal.pulumi_stand_ins.resources.r2_bucket import R2Bucket
from rehearsal.pulumi_stand_ins.resources.r2_bucket_lifecycle import R2BucketLifecycle
from rehearsal.pulumi_stand_ins.resources.workers_cron_trigger import WorkersCronTrigger
from rehearsal.pulumi_stand_ins.resources.workers_script import WorkersScript
from rehearsal.pulumi_stand_ins.resources.workers_script_subdomain import WorkersScriptSubdomain

ACCOUNT = "0123456789abcdef0123456789abcdef"
ACCOUNT_PATH = f"/client/v4/accounts/{ACCOUNT}/"
SENT = list[httpx.Request]


def _run(
    work: Callable[[ApiClient], Awaitable[Any]], answer: Callable[[httpx.Request], httpx.Response]
) -> tuple[Any, SENT]:
    sent: SENT = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answer(request)

    async def run() -> Any:
        transport = httpx.MockTransport(handle)
        return await work(ApiClient(base="http://127.0.0.1:1/client/v4", token="fake", transport=transport))

    return asyncio.run(run()), sent


def _result(result: Any) -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(200, json={"success": True, "result": result})


def _missing(request: httpx.Request) -> httpx.Response:
    return httpx.Response(404, json={"errors": [{"code": 10007, "message": "not found"}]})


def test_every_kind_is_found_by_the_sdks_own_token() -> None:
    workers = ("WorkersCronTrigger", "WorkersScript", "WorkersScriptSubdomain")
    kinds = ("R2Bucket", "R2BucketLifecycle", "Queue", "QueueConsumer", *workers)
    tokens = {getattr(cf, kind).pulumi_type for kind in kinds}
    assert set(find_resources()) == tokens


@pytest.mark.parametrize("kind", find_resources().values(), ids=lambda kind: type(kind).__name__)
def test_every_input_and_output_is_one_of_the_sdks(kind: Any) -> None:
    sdk = getattr(cf, type(kind).__name__)
    known = {to_camel(name) for name, value in vars(sdk).items() if isinstance(value, property)}
    assert {*kind.inputs, *kind.computed} == known
    assert {*kind.identity, *kind.kept} <= set(kind.inputs)


def test_a_script_is_one_multipart_request_with_its_metadata_last(tmp_path: Path) -> None:
    file = tmp_path / "worker.js"
    file.write_text("export default {}\n")
    new = {
        "accountId": ACCOUNT,
        "scriptName": "wk",
        "mainModule": "worker.js",
        "contentFile": str(file),
        "contentSha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "compatibilityDate": "2026-04-01",
        "annotations": {"workersMessage": "why", "workersTag": "bv:x"},
        "bindings": [
            {"name": "K", "type": "secret_text", "text": "fake-ace-key-for-tests"},
            {"name": "B", "type": "r2_bucket", "bucketName": "b", "jurisdiction": None},
        ],
    }
    script = WorkersScript()
    assert script.check(new) == {}
    found, [request] = _run(lambda api: script.create(api, new), _result({"id": "wk", "etag": "e", "created_on": "t"}))
    assert (request.method, request.url.path) == ("PUT", ACCOUNT_PATH + "workers/scripts/wk")
    whole = b"Content-Type: " + request.headers["content-type"].encode() + b"\r\n\r\n" + request.content
    module, metadata = cast("list[Message]", BytesParser().parsebytes(whole).get_payload())
    assert module["content-disposition"] == 'form-data; name="worker.js"; filename="worker.js"'
    assert module["content-type"] == "application/javascript+module"
    assert module.get_payload(decode=True) == file.read_bytes()
    assert metadata["content-disposition"] == 'form-data; name="metadata"'
    assert json.loads(str(metadata.get_payload())) == {
        "logpush": False,
        "usage_model": "standard",
        "main_module": "worker.js",
        "compatibility_date": "2026-04-01",
        "bindings": [
            {"name": "K", "type": "secret_text", "text": "fake-ace-key-for-tests"},
            {"name": "B", "type": "r2_bucket", "bucket_name": "b"},
        ],
        "annotations": {"workers/message": "why", "workers/tag": "bv:x"},
    }
    assert found.id == "wk"
    assert found.outputs == {**new, "logpush": False, "usageModel": "standard", "etag": "e", "createdOn": "t"}


@pytest.mark.parametrize(
    ("inputs", "property_", "reason"),
    [
        ({"contentFile": "absent.js", "contentSha256": "0" * 64}, "contentFile", "failed to read file"),
        ({"contentFile": __file__}, "contentSha256", "is required"),
        ({"contentFile": __file__, "contentSha256": "0" * 64}, "contentSha256", "does not match"),
    ],
)
def test_a_file_needs_its_digest(inputs: dict[str, str], property_: str, reason: str) -> None:
    wrong = WorkersScript().check({"accountId": ACCOUNT, **inputs})
    assert set(wrong) == {property_}
    assert reason in wrong[property_]


def test_an_unknown_digest_is_checked_later_and_an_account_is_needed() -> None:
    assert WorkersScript().check({"accountId": ACCOUNT, "contentFile": "absent.js", "contentSha256": UNKNOWN}) == {}
    assert set(R2Bucket().check({})) == {"accountId"}


def _script(settings: dict[str, Any], content: httpx.Response) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/content/v2"):
            return content
        live = (
            settings if request.url.path.endswith("/settings") else {"default_environment": {"script": {"etag": "2"}}}
        )
        return httpx.Response(200, json={"result": live})

    return answer


def test_a_script_of_several_modules_is_read_by_its_first() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a.js"\r\n\r\nfirst\r\n--x\r\n\r\nsecond\r\n--x--\r\n'
    content = httpx.Response(200, content=body, headers={"content-type": "multipart/form-data; boundary=x"})
    state = Found(id="wk", outputs={"accountId": ACCOUNT, "scriptName": "wk", "contentSha256": "old"})
    found, _ = _run(lambda api: WorkersScript().read(api, state), _script({"placement": {}}, content))
    assert found.outputs["contentSha256"] == hashlib.sha256(b"first").hexdigest()
    assert found.outputs["etag"] == "2"


def test_settings_without_placement_end_the_official_plugin_and_this_one() -> None:
    state = Found(id="wk", outputs={"accountId": ACCOUNT, "scriptName": "wk"})
    with pytest.raises(RefusedByPluginError, match="placement"):
        _run(lambda api: WorkersScript().read(api, state), _script({}, httpx.Response(200)))


@pytest.mark.parametrize(
    "kind",
    [WorkersScript, WorkersScriptSubdomain, WorkersCronTrigger, R2Bucket, R2BucketLifecycle, Queue, QueueConsumer],
)
def test_a_missing_resource_is_none(kind: Any) -> None:
    names = {"scriptName": "wk", "name": "b", "bucketName": "b", "queueName": "q", "queueId": "q1"}
    found, _ = _run(lambda api: kind().read(api, Found(id="x", outputs={"accountId": ACCOUNT, **names})), _missing)
    assert found is None
    if kind.destroyable:
        with pytest.raises(ApiRequestError, match="10007"):
            _run(lambda api: kind().delete(api, Found(id="x", outputs={"accountId": ACCOUNT, **names})), _missing)


def test_schedules_are_a_bare_array_and_a_delete_sends_nothing() -> None:
    new = {"accountId": ACCOUNT, "scriptName": "wk", "schedules": [{"cron": "* * * * *"}]}
    live = {"schedules": [{"cron": "* * * * *", "created_on": "t", "modified_on": "u"}]}
    found, [request] = _run(lambda api: WorkersCronTrigger().create(api, new), _result(live))
    assert (request.method, request.url.path) == ("PUT", ACCOUNT_PATH + "workers/scripts/wk/schedules")
    assert json.loads(request.content) == [{"cron": "* * * * *"}]
    assert found.outputs["schedules"] == [{"cron": "* * * * *", "createdOn": "t", "modifiedOn": "u"}]
    assert WorkersCronTrigger().find_changes(found.outputs, new) == []
    assert WorkersCronTrigger().select_inputs(found.outputs) == new
    assert _run(lambda api: WorkersCronTrigger().delete(api, found), _missing) == (None, [])


def test_the_switch_is_posted_and_deleted() -> None:
    new = {"accountId": ACCOUNT, "scriptName": "wk", "enabled": True, "previewsEnabled": False}
    live = _result({"enabled": True, "previews_enabled": False})
    found, [request] = _run(lambda api: WorkersScriptSubdomain().create(api, new), live)
    assert json.loads(request.content) == {"enabled": True, "previews_enabled": False}
    assert (found.id, found.outputs) == (ACCOUNT, new)  # the official plugin uses the account's id
    _, [request] = _run(lambda api: WorkersScriptSubdomain().delete(api, found), live)
    assert (request.method, request.url.path) == ("DELETE", ACCOUNT_PATH + "workers/scripts/wk/subdomain")


def test_a_bucket_is_posted_with_the_default_class() -> None:
    new = {"accountId": ACCOUNT, "name": "b"}
    _, [request] = _run(lambda api: R2Bucket().create(api, new), _result({"name": "b"}))
    assert json.loads(request.content) == {"name": "b", "storageClass": "Standard"}


def test_a_bucket_is_posted_patched_read_in_its_jurisdiction_and_deleted() -> None:
    new = {"accountId": ACCOUNT, "name": "b", "jurisdiction": "eu", "location": "weur", "storageClass": "Standard"}
    live = _result({"name": "b", "location": "WEUR", "storage_class": "Standard", "creation_date": "t"})
    found, [request] = _run(lambda api: R2Bucket().create(api, new), live)
    assert json.loads(request.content) == {"name": "b", "locationHint": "weur", "storageClass": "Standard"}
    assert request.headers["cf-r2-jurisdiction"] == "eu"
    assert found.outputs == {**new, "creationDate": "t"}
    changed = {**new, "storageClass": "InfrequentAccess"}
    _, [request] = _run(lambda api: R2Bucket().update(api, found, changed), _result({}))
    assert (request.method, request.headers["cf-r2-storage-class"]) == ("PATCH", "InfrequentAccess")
    read, [request] = _run(lambda api: R2Bucket().adopt(api, f"{ACCOUNT}/b/eu"), live)
    assert (read.id, request.headers["cf-r2-jurisdiction"]) == ("b", "eu")
    _, [request] = _run(lambda api: R2Bucket().delete(api, found), live)
    assert (request.method, request.url.path) == ("DELETE", ACCOUNT_PATH + "r2/buckets/b")


def test_lifecycle_rules_are_sent_unchanged_and_cannot_be_imported() -> None:
    rules = [{"id": "r", "enabled": True, "conditions": {"prefix": ""}, "deleteObjectsTransition": {"condition": {}}}]
    new = {"accountId": ACCOUNT, "bucketName": "b", "rules": rules}
    found, [request] = _run(lambda api: R2BucketLifecycle().create(api, new), _result({}))
    assert (request.method, json.loads(request.content)) == ("PUT", {"rules": rules})
    read, _ = _run(lambda api: R2BucketLifecycle().read(api, found), _result({"rules": []}))
    assert read.outputs["rules"] == []
    with pytest.raises(RefusedByPluginError, match="does not support import"):
        _run(lambda api: R2BucketLifecycle().adopt(api, f"{ACCOUNT}/b"), _missing)


def test_a_queue_is_posted_put_and_imported_and_its_live_name_is_not_read() -> None:
    new = {"accountId": ACCOUNT, "queueName": "days", "settings": {"deliveryPaused": False}}
    live = {"queue_id": "q1", "queue_name": "days", "settings": {"delivery_paused": False, "delivery_delay": 0}}
    found, [request] = _run(lambda api: Queue().create(api, new), _result(live))
    assert (request.method, request.url.path) == ("POST", ACCOUNT_PATH + "queues")
    assert json.loads(request.content) == {"queue_name": "days", "settings": {"delivery_paused": False}}
    assert (found.id, found.outputs["queueId"]) == ("q1", "q1")
    assert Queue().find_changes(found.outputs, new) == [], "a setting that is left out is not compared"
    paused = _result({**live, "queue_name": "renamed", "settings": {"delivery_paused": True}})
    read, _ = _run(lambda api: Queue().read(api, found), paused)
    assert read.outputs["queueName"] == "days"
    assert Queue().find_changes(read.outputs, new) == ["settings"]
    _, [request] = _run(lambda api: Queue().update(api, read, new), _result(live))
    assert (request.method, request.url.path) == ("PUT", ACCOUNT_PATH + "queues/q1")
    adopted, _ = _run(lambda api: Queue().adopt(api, f"{ACCOUNT}/q1"), _result(live))
    assert (adopted.id, adopted.outputs["queueName"]) == ("q1", "days")
    assert Queue().find_changes(adopted.outputs, new) == []
    assert Queue().identity == {"accountId"}, "another name is an update"


def test_the_dead_letter_queue_of_a_consumer_is_sent_and_never_read() -> None:
    settings = {"batchSize": 1, "maxConcurrency": 4}
    inputs = {"type": "worker", "scriptName": "wk", "deadLetterQueue": "dead", "settings": settings}
    new = {"accountId": ACCOUNT, "queueId": "q1", **inputs}
    live = {
        "consumer_id": "c1",
        "queue_name": "days",
        "type": "worker",
        "script": "wk",
        "dead_letter_queue": "dead",
        "settings": {"batch_size": 1, "max_concurrency": 4, "max_retries": 3},
    }
    found, [request] = _run(lambda api: QueueConsumer().create(api, new), _result(live))
    assert (request.method, request.url.path) == ("POST", ACCOUNT_PATH + "queues/q1/consumers")
    assert json.loads(request.content) == {
        "type": "worker",
        "script_name": "wk",
        "dead_letter_queue": "dead",
        "settings": {"batch_size": 1, "max_concurrency": 4},
    }
    assert (found.id, found.outputs["scriptName"], "script" in found.outputs) == ("c1", "wk", False)
    other = _result({**live, "dead_letter_queue": "other"})
    read, _ = _run(lambda api: QueueConsumer().read(api, found), other)
    assert QueueConsumer().find_changes(read.outputs, new) == []
    fewer = _result({**live, "settings": {"batch_size": 1, "max_concurrency": 1}})
    read, _ = _run(lambda api: QueueConsumer().read(api, found), fewer)
    assert QueueConsumer().find_changes(read.outputs, new) == ["settings"]
    _, [request] = _run(lambda api: QueueConsumer().update(api, read, new), _result(live))
    assert (request.method, request.url.path) == ("PUT", ACCOUNT_PATH + "queues/q1/consumers/c1")
    with pytest.raises(RefusedByPluginError, match="does not support import"):
        _run(lambda api: QueueConsumer().adopt(api, f"{ACCOUNT}/q1/c1"), _missing)


@pytest.mark.parametrize("wrong", ["", "wk", f"{ACCOUNT}/", f"{ACCOUNT}/wk/default"])
def test_an_import_id_has_its_documented_shape(wrong: str) -> None:
    with pytest.raises(RefusedByPluginError, match="<account_id>/<script_name>"):
        split_import_id(wrong, "<account_id>/<script_name>")
    assert split_import_id(f"{ACCOUNT}/wk", "<account_id>/<script_name>") == [ACCOUNT, "wk"]


def test_an_input_that_a_program_leaves_out_is_kept_or_removed() -> None:
    script = WorkersScript()
    old = {"accountId": ACCOUNT, "scriptName": "wk", "usageModel": "standard", "keepBindings": ["kv_namespace"]}
    assert script.find_changes(old, {"accountId": ACCOUNT, "scriptName": "wk"}) == ["keepBindings"]
    assert script.find_changes(old, {**old, "scriptName": UNKNOWN}) == ["scriptName"]


SETTINGS = {
    "limits": {"cpuMs": 100},
    "logpush": True,
    "observability": {"enabled": False},
    "placement": {"mode": "smart"},
    "tailConsumers": [{"service": "tail"}],
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_live_setting_that_the_program_does_not_declare_is_a_change(name: str) -> None:
    new: dict[str, Any] = {"accountId": ACCOUNT, "scriptName": "wk"}
    assert WorkersScript().find_changes({**new, name: SETTINGS[name]}, new) == [name]
    assert WorkersScript().find_changes({**new, name: SETTINGS[name]}, {**new, name: SETTINGS[name]}) == []
    assert WorkersScript().find_changes(new, new) == []


def test_an_empty_object_of_limits_is_a_value_and_an_empty_list_of_tail_consumers_is_none() -> None:
    new = {"accountId": ACCOUNT, "scriptName": "wk"}
    assert WorkersScript().find_changes({**new, "limits": {}}, new) == ["limits"]
    assert WorkersScript().find_changes({**new, "tailConsumers": []}, new) == []
    assert WorkersScript().find_changes(new, {**new, "tailConsumers": []}) == ["tailConsumers"]


def test_an_update_names_also_the_fields_that_the_api_may_compute() -> None:
    named = WorkersScript().list_unknown({"placement": {"mode": "smart"}})
    assert {"annotations", "compatibilityFlags", "tailConsumers", "etag"} <= set(named)
    assert not {"placement", "bindings", "limits", "observability"} & set(named)


def test_a_preview_knows_inputs_and_no_computed_properties() -> None:
    planned = R2Bucket().plan({}, {"accountId": ACCOUNT, "name": "b"})
    assert (planned["name"], planned["creationDate"], planned["location"]) == ("b", UNKNOWN, UNKNOWN)
    again = R2Bucket().plan({"location": "WNAM", "creationDate": "t"}, {"accountId": ACCOUNT, "name": "b"})
    assert (again["location"], again["creationDate"]) == ("WNAM", UNKNOWN)
