"""Each check in a world that keeps its promise, and in worlds that break it: who is to cause, and what to type."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from checks import catalog
from checks.clients.cloudflare import client
from checks.stored_days import gzip_reader
from contract.operator_token import derive_operator_token
from tests.unit.checks.world import (
    API_TOKEN,
    ENVIRON,
    KEY,
    NAME,
    NOW,
    TAG,
    World,
    answer,
    envelope,
    finding,
    lines,
    manifest_data,
    refusal,
    stored,
)

UP = "pulumi up --stack prod"
ERROR = {"status": "error"}


def outcomes(report):
    return {name: check["outcome"] for name, check in report.items()}


def broken(tmp_path, world, name, **options):
    """Run one check of a world; return its first finding, sure that it failed."""
    code, report = world.report(tmp_path, name, **options)
    assert (code, report[name]["outcome"]) == (1, "fail"), report[name]
    return finding(report[name])


def unjudged(tmp_path, world, name, **options):
    code, report = world.report(tmp_path, name, **options)
    assert (code, report[name]["outcome"]) == (3, "inconclusive"), report[name]
    return finding(report[name])


def test_a_healthy_system_keeps_every_promise(tmp_path):
    code, report = World().report(tmp_path)
    assert code == 0
    assert outcomes(report) == dict.fromkeys(catalog.load(), "pass") | {"parity": "skip", "query": "skip"}
    assert [name for name in report if name != "token"][:4] == ["config", "secrets", "bindings", "deployed"]


def test_the_catalogue_is_sound():
    checks = catalog.load()
    for check in checks.values():
        assert {*check.needs, *check.after, *check.beside} < checks.keys()
        assert check.proves
        assert check.causes
        assert check.tags
        assert all(checks[name].step <= check.step for name in (*check.needs, *check.after))


def test_the_incident_of_the_runbook_in_few_lines(tmp_path):
    world = World()
    world.key = ""
    world.change_secret()
    code, text = world.run(tmp_path)
    assert code == 1
    assert len(text.splitlines()) < 19
    assert text.count(UP) == 4
    code, report = world.report(tmp_path)
    assert outcomes(report) == {
        "config": "pass",
        "token": "pass",
        "secrets": "fail",
        "bindings": "pass",
        "deployed": "fail",
        "health": "fail",
        "key": "fail",
        **dict.fromkeys(("trigger", "logs", "r2", "proof", "query", "parity"), "skip"),
    }
    assert {finding(report[name])["cause"] for name in ("secrets", "deployed", "health", "key")} == {"configuration"}
    assert report["trigger"]["reason"] == "needs key, which failed"


# ---- config


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({"account_id": "short"}, "accountId"),
        ({"worker__url": "http://example.org"}, "workerUrl"),
        ({"worker__url": "https://u:p@example.org"}, "workerUrl"),
        ({"worker__url": "https://[broken"}, "workerUrl"),
        ({"worker__name": "No_Name!"}, "workerName"),
        ({"worker__tag": ""}, "the upload's tag"),
        ({"storage__bucket": "A"}, "bucket"),
        ({"storage__prefix": "elsewhere/"}, "the manifest's prefix"),
        ({"storage__key_template": "{date}/{site}"}, "keyTemplate"),
        ({"schedules": ["every day"]}, "schedule"),
        ({"ace__page_size": 10}, "pageSize"),
        ({"ace__start_date": "2024-13-01"}, "startDate"),
        ({"ace__end_date": "2024-12-01"}, "endDate"),
        ({"ace__start_date": ""}, "startDate"),
        ({"ace__start_date": "", "ace__end_date": None}, "startDate"),
        ({"ace__base_url": "ftp://ace"}, "aceBaseUrl"),
        ({"ace__site": "a/b"}, "site"),
        ({"bindings": []}, "binding ACE_API_KEY"),
    ],
)
def test_config_names_the_setting_that_cannot_work(tmp_path, changes, subject):
    _, report = World(manifest=manifest_data(**changes)).report(tmp_path, "config")
    assert subject in [item["subject"] for item in report["config"]["findings"]]
    assert {item["cause"] for item in report["config"]["findings"]} == {"configuration"}


@pytest.mark.parametrize("key", [" ", f"{KEY}\n", "your-token-here", "changeme"])
def test_config_refuses_a_key_that_cannot_work(tmp_path, key):
    found = broken(tmp_path, World(), "config", environ={"ACE_API_KEY": key})
    assert found["subject"] == "the key in ACE_API_KEY"
    assert "pulumi config set --secret aceApiKey --stack prod" in found["hint"]


def test_config_asks_nobody_and_needs_no_key(tmp_path):
    world = World()
    code, report = world.report(tmp_path, "config", environ={})
    assert (code, world.asked) == (0, [])
    assert len(report["config"]["evidence"]) == 1


def test_config_takes_a_jwt_that_has_not_expired(tmp_path):
    key = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjI3MzQ2NTQwMDB9.c2ln"
    _, report = World().report(tmp_path, "config", environ={"ACE_API_KEY": key})
    assert "plausible" in report["config"]["evidence"][1]


# ---- secrets


def test_secrets_without_the_secret(tmp_path):
    world = World()
    world.secrets = []
    found = broken(tmp_path, world, "secrets")
    assert found["found"] == "absent"
    assert (found["cause"], found["hint"]) == ("configuration", UP)


def test_secrets_says_who_deleted_it_and_when(tmp_path):
    world = World()
    world.change_secret()
    found = broken(tmp_path, world, "secrets")
    assert found["found"] == "absent; deleted by ann@example.org on 2024-12-19 10:00:00 UTC"


def test_secrets_with_another_value_put_by_hand(tmp_path):
    world = World()
    world.change_secret("ACE_API_KEY")
    assert "changed outside the program by ann@example.org" in broken(tmp_path, world, "secrets")["found"]


def test_secrets_with_one_that_nothing_declares(tmp_path):
    world = World()
    world.secrets = ["ACE_API_KEY", "OTHER"]
    assert broken(tmp_path, world, "secrets")["subject"] == "secret OTHER"


def test_secrets_after_the_program_superseded_the_change(tmp_path):
    world = World()
    world.change_secret("ACE_API_KEY")
    world.versions.insert(0, world.version(3, TAG, "upload"))
    world.live = ["v3"]
    assert world.report(tmp_path, "secrets")[0] == 0


def test_secrets_after_a_rollback_to_a_changed_version(tmp_path):
    world = World()
    world.change_secret("ACE_API_KEY")
    world.versions.insert(0, world.version(3, TAG, "upload"))
    assert "changed outside" in broken(tmp_path, world, "secrets")["found"]


def test_secrets_after_an_upload_by_hand_that_touched_none(tmp_path):
    world = World()
    world.versions.insert(0, world.version(2, "", "upload"))
    world.live = ["v2"]
    assert "live is v2, and not the program's last upload v1" in broken(tmp_path, world, "secrets")["found"]


def test_secrets_after_a_rollback_to_an_older_upload_of_the_same_mark(tmp_path):
    world = World()  # a new key changes no mark: the older upload holds the older key
    world.versions.insert(0, world.version(2, TAG, "upload"))
    assert "live is v1, and not the program's last upload v2" in broken(tmp_path, world, "secrets")["found"]


def test_health_waits_for_the_version_that_holds_the_new_key(tmp_path):
    world, old = World(), answer(200, {"service": "backfill-worker", "version": "1.0.0", "status": "healthy",
                                       "worker_version": {"id": "v1", "tag": TAG}})  # fmt: skip
    world.versions.insert(0, world.version(2, TAG, "upload"))
    world.live = ["v2"]
    served = [old, old]
    world.routes["GET", "/health"] = lambda request: served.pop() if served else world.worker(request, "/health")
    assert world.report(tmp_path, "health")[0] == 0
    assert len(world.clock.slept) == 2
    world.routes["GET", "/health"] = old
    found = broken(tmp_path, world, "health")
    assert (found["cause"], found["expected"]) == ("propagation", f"{TAG}, of version v2")


def test_a_key_that_is_set_and_empty_is_no_key(tmp_path):
    environ = {"CLOUDFLARE_API_TOKEN": API_TOKEN, "OPERATOR_TOKEN": derive_operator_token(KEY), "ACE_API_KEY": ""}
    assert World().report(tmp_path, "config", "key", environ=environ)[0] == 0


def test_a_token_that_the_system_echoes_is_masked_before_it_is_cut(tmp_path):
    world, token = World(), derive_operator_token(KEY)
    world.routes["GET", "/status"] = lambda request: answer(500, {"x" * 180: request.headers.get("Authorization", "")})
    _, report = world.report(tmp_path, "key")
    assert not any(token[:n] in json.dumps(report) for n in range(5, len(token)))


@pytest.mark.parametrize("before", [170, 181, 189, 199])
@pytest.mark.parametrize("path", ["/health", "/status", "/deployments"])
def test_any_secret_that_a_system_tells_is_masked_before_it_is_cut(tmp_path, path, before):
    """The key is never sent: a system that tells it is not the one that it was sent to."""
    world = World()
    world.routes["GET", path] = httpx.Response(404, text="x" * before + KEY)
    _, report = world.report(tmp_path, environ={**ENVIRON, "ACE_API_KEY": KEY})
    assert not any(KEY[:n] in json.dumps(report) for n in range(5, len(KEY)))


def test_secrets_on_many_pages_of_versions(tmp_path):
    world = World()
    world.versions = [world.version(n, TAG, "upload") for n in range(25, 0, -1)]
    world.live = ["v25"]
    assert world.report(tmp_path, "secrets")[0] == 0
    assert sum("versions" in asked for asked in world.asked) == 1
    world.versions = [world.version(25, "", "upload"), *(world.version(n, TAG, "secret") for n in range(24, 0, -1))]
    world.asked.clear()
    assert "no version carries the mark" in broken(tmp_path, world, "secrets")["found"]
    assert sum(asked.endswith("/versions") for asked in world.asked) == 4
    world.versions[-1] = world.version(1, TAG, "upload")
    assert "its value was changed outside the program by ann" in broken(tmp_path, world, "secrets")["found"]


def test_secrets_without_any_upload_of_the_program(tmp_path):
    world = World()
    world.versions = [world.version(1, "", "upload", author_email="", created_on=None)]
    assert "no version carries the mark" in broken(tmp_path, world, "secrets")["found"]


def test_secrets_of_a_worker_that_does_not_exist(tmp_path):
    world = World()
    world.routes["GET", "/secrets"] = refusal(404, 10007)
    assert broken(tmp_path, world, "secrets")["subject"] == f"worker {NAME}"


def test_secrets_missing_is_said_even_when_the_history_is_not_readable(tmp_path):
    world = World()
    world.secrets = []
    world.routes["GET", "/deployments"] = refusal(403, 10000)
    _, report = world.report(tmp_path, "secrets")
    assert [item["found"].split(" ")[0] for item in report["secrets"]["findings"]] == ["absent", "403"]
    assert report["secrets"]["outcome"] == "fail"


@pytest.mark.parametrize("reply", [refusal(403, 10000), refusal(400, 9106), answer(401)])
def test_secrets_with_a_token_that_the_api_refuses(tmp_path, reply):
    world = World()
    world.routes["GET", "/secrets"] = reply
    found = unjudged(tmp_path, world, "secrets")
    assert "CLOUDFLARE_API_TOKEN" in found["expected"]
    assert "CLOUDFLARE_API_TOKEN" in found["hint"]


@pytest.mark.parametrize(
    "result",
    [None, 5, [5], [{}], [{"name": 5}], {"deployments": [5]}],
)
def test_secrets_from_an_api_of_another_shape(tmp_path, result):
    world = World()
    for part in ("/secrets", "/deployments"):
        world.routes["GET", part] = envelope(result)
    assert unjudged(tmp_path, world, "secrets")["expected"] == "an answer of the documented form"


@pytest.mark.parametrize("item", [{"number": "1"}, {"number": 1, "id": 5}, {"number": 1, "id": "v", "annotations": 5}])
def test_secrets_from_versions_of_another_shape(tmp_path, item):
    world = World()
    world.routes["GET", "/versions"] = envelope({"items": [item]})
    assert unjudged(tmp_path, world, "secrets")["cause"] == "cloudflare"


def test_secrets_without_any_deployment(tmp_path):
    world = World()
    world.routes["GET", "/deployments"] = envelope({"deployments": []})
    assert "live is none" in broken(tmp_path, world, "secrets")["found"]


def test_secrets_waits_for_an_api_that_is_busy(tmp_path):
    world, busy = World(), [answer(429, **{"retry-after": "7"}), answer(503), httpx.Response(502, text="<html>")]
    world.routes["GET", "/secrets"] = lambda request: busy.pop() if busy else world.api(request, request.url.path)
    assert world.report(tmp_path, "secrets")[0] == 0
    assert world.clock.slept == [0.25, 0.5, 7.0]


# ---- health


def test_health_waits_for_the_declared_version(tmp_path):
    world, old = World(), [0] * 8
    reply = answer(
        200, {"status": "healthy", "service": "backfill-worker", "worker_version": {"id": "v0", "tag": "bv:old"}}
    )
    world.routes["GET", "/health"] = lambda request: (old.pop() or reply) if old else world.worker(request, "/health")
    assert world.report(tmp_path, "health")[0] == 0
    assert sum(world.clock.slept) > 10


@pytest.mark.parametrize("environ", [ENVIRON, {}])
def test_health_of_an_older_version_in_the_end(tmp_path, environ):
    world = World()
    body = {"status": "healthy", "service": "backfill-worker", "worker_version": {"id": "v0", "tag": "bv:old"}}
    world.routes["GET", "/health"] = answer(200, body)
    found = broken(tmp_path, world, "health", environ=environ)
    assert found["cause"] == "propagation"
    assert "python -m checks run health --stack prod" in found["hint"]
    assert 40 < sum(world.clock.slept) <= 45


def test_health_does_not_wait_for_what_is_deployed(tmp_path):
    world = World()
    world.change_secret("ACE_API_KEY")
    found = broken(tmp_path, world, "health")
    assert (found["subject"], found["cause"], found["hint"]) == ("GET /health worker_version.tag", "configuration", UP)
    assert world.clock.slept == []


def test_health_of_an_upload_by_hand_that_does_not_know_its_version(tmp_path):
    world = World()
    world.versions.insert(0, world.version(2, "", "upload"))
    world.live = ["v2"]
    body = {"status": "unhealthy", "service": "backfill-worker", "worker_version": {"id": "", "tag": ""}}
    world.routes["GET", "/health"] = answer(503, body)
    for environ in (ENVIRON, {}):
        assert broken(tmp_path, world, "health", environ=environ)["cause"] == "configuration"
    assert world.clock.slept == []


def test_health_does_not_take_an_api_that_fails_for_an_answer(tmp_path):
    world = World()
    world.change_secret("ACE_API_KEY")
    world.routes["GET", "/deployments"] = refusal(403, 10000)
    assert broken(tmp_path, world, "health")["cause"] == "propagation"


@pytest.mark.parametrize("environ", [ENVIRON, {}])
def test_health_that_the_worker_denies(tmp_path, environ):
    world = World()
    world.healthy = False
    world.change_secret()
    found = broken(tmp_path, world, "health", environ=environ)
    assert (found["found"], found["cause"], found["hint"]) == ("503 unhealthy", "configuration", UP)


@pytest.mark.parametrize(
    ("reply", "cause"),
    [
        (httpx.Response(404, text="There is nothing here yet"), "configuration"),
        (httpx.Response(302, headers={"Location": "https://example.org"}), "configuration"),
        (answer(404, {**ERROR, "error": {"code": "not_found"}}), "worker"),
        (answer(500, {**ERROR, "error": {"code": "internal", "message": "unexpected"}}), "worker"),
        (httpx.Response(200, text="<html>"), "configuration"),
        (answer(200, [1]), "configuration"),
        (answer(200, {"status": "healthy", "service": "other", "version": "1.0.0"}), "configuration"),
        (answer(200, {"status": "healthy", "service": "backfill-worker", "version": "0.9"}), "worker"),
        (answer(200, {"status": "healthy", "service": "backfill-worker", "version": "1.0.0"}), "worker"),
        (answer(200, {"status": "unhealthy", "service": "backfill-worker", "version": "1.0.0"}), "worker"),
        (httpx.Response(500, text="error code: 1101"), "worker"),
    ],
)
def test_health_of_something_else(tmp_path, reply, cause):
    world = World()
    world.routes["GET", "/health"] = reply
    assert broken(tmp_path, world, "health")["cause"] == cause


def test_health_of_nobody(tmp_path):
    def refuse(request):
        raise httpx.ConnectError("[Errno 111] Connection refused")

    world = World()
    world.routes["GET", "/health"] = refuse
    found = unjudged(tmp_path, world, "health")
    assert found["found"] == "ConnectError: [Errno 111] Connection refused"


def test_health_of_code_that_does_not_know_its_version_is_no_upload_by_hand(tmp_path):
    known = {"status": "healthy", "service": "backfill-worker", "version": "1.0.0"}
    for version, cause in (
        (None, "worker"),
        ({"id": "v1"}, "worker"),
        ({"id": "", "tag": ""}, "configuration"),
        ({"id": "v1", "tag": ""}, "configuration"),
    ):
        world = World()
        world.routes["GET", "/health"] = answer(200, known | {"worker_version": version})
        found = broken(tmp_path, world, "health")
        assert (found["cause"], found["hint"]) == (cause, UP)
        assert ("its code does not say it" in found["found"]) == (cause == "worker")


# ---- key


def test_key_of_a_worker_without_one(tmp_path):
    world = World()
    world.key = ""
    found = broken(tmp_path, world, "key")
    assert "no key is deployed" in found["found"]
    assert (found["cause"], found["hint"]) == ("configuration", UP)


def test_key_of_a_worker_with_another(tmp_path):
    world = World()
    world.key = "another-key-put-by-hand"
    found = broken(tmp_path, world, "key")
    assert found["found"].startswith("401 with the token derived from ACE_API_KEY of the environment: either ACE_API_")
    assert found["found"].endswith("or the live worker holds another key than the program's")
    again = "env -u OPERATOR_TOKEN -u ACE_API_KEY python -m checks run key --stack prod"
    assert (found["cause"], found["hint"]) == ("configuration", again)


def test_key_of_a_worker_that_lets_in_whoever_asks(tmp_path):
    world = World()
    world.routes["GET", "/status"] = lambda request: world.status()
    _, report = world.report(tmp_path, "key")
    assert [item["subject"] for item in report["key"]["findings"]] == [
        "GET /status with no token",
        "GET /status with a wrong token",
    ]
    assert finding(report["key"])["cause"] == "worker"


def test_key_of_something_that_is_no_worker(tmp_path):
    world = World()
    world.routes["GET", "/status"] = httpx.Response(404, text="nothing here")
    found = broken(tmp_path, world, "key")
    assert found["found"] == "404 nothing here: the address is right, and the worker is not served there"
    assert (found["cause"], found["hint"]) == ("configuration", UP)


def test_key_of_a_worker_that_fails_and_whose_door_is_beside_it(tmp_path):
    world = World()
    world.routes["GET", "/status"] = answer(404, {**ERROR, "error": {"code": "not_found"}})
    _, report = world.report(tmp_path, "key")
    assert [item["cause"] for item in report["key"]["findings"]] == ["worker"] * 3


def test_key_is_not_disproved_by_a_failure_beyond_the_door(tmp_path):
    world = World()
    world.status = lambda: answer(502, {**ERROR, "error": {"code": "storage", "message": "no bucket is bound"}})
    assert world.report(tmp_path, "key")[0] == 0


def test_key_accepts_the_operator_token_as_it_is_given(tmp_path):
    from contract.operator_token import derive_operator_token

    environ = {"OPERATOR_TOKEN": derive_operator_token(KEY), "CLOUDFLARE_API_TOKEN": API_TOKEN}
    assert World().report(tmp_path, environ=environ)[0] == 0


def test_key_is_not_asked_with_a_key_that_cannot_work(tmp_path):
    _, report = World().report(tmp_path, "key", environ={"ACE_API_KEY": "changeme"})
    assert report["key"]["reason"] == "needs config, which failed"


# ---- trigger


def triggered(world, http=200, **changes):
    body = {"status": "in_progress", "progress": world.progress(samples_fetched=3), "continuation": True}
    world.routes["POST", "/trigger"] = answer(http, body | changes)
    return world


@pytest.mark.parametrize(
    ("code", "cause", "hint"),
    [
        ("upstream_auth", "configuration", "pulumi config set --secret aceApiKey --stack prod"),
        ("upstream_rejected", "configuration", UP),
        ("upstream_unavailable", "ace", "python -m checks run trigger --stack prod"),
        ("upstream_contract", "ace", "python -m checks run trigger --stack prod"),
        ("storage", "storage", "pulumi up --stack prod"),
        ("not_configured", "configuration", UP),
        ("something_new", "worker", f"npx wrangler tail {NAME}"),
    ],
)
def test_trigger_blames_by_the_error_that_the_worker_reports(tmp_path, code, cause, hint):
    world = triggered(World(), 502, status="error", error={"code": code, "message": "why"})
    world.expired = True  # so that ACE refuses whoever asks; tests/unit/checks/test_second_opinion.py has the others
    found = broken(tmp_path, world, "trigger")
    assert (found["found"], found["cause"]) == (f"502 {code} (why)", cause)
    assert hint in found["hint"]


def test_trigger_that_completes_the_backfill(tmp_path):
    _, report = World(days=4).report(tmp_path, "trigger")
    assert report["trigger"]["evidence"] == ["days complete: 4 -> 5 of 5, 3 samples written"]


def test_trigger_that_has_nothing_left_to_do(tmp_path):
    world = World(days=5)
    triggered(world, status="complete", continuation=False, progress=world.progress())
    assert world.report(tmp_path, "trigger")[0] == 0


def test_trigger_whose_day_is_larger_than_a_batch(tmp_path):
    _, report = triggered(World()).report(tmp_path, "trigger")
    assert report["trigger"]["outcome"] == "pass"
    assert "left to the cron" in report["trigger"]["evidence"][1]


def test_trigger_whose_day_is_larger_than_a_batch_and_no_cron_will_copy_it(tmp_path):
    found = broken(tmp_path, triggered(World(manifest=manifest_data(schedules=[]))), "trigger")
    assert (found["subject"], found["cause"]) == ("schedule", "configuration")
    assert found["hint"].startswith("pulumi config set schedule '*/5 * * * *' --stack prod && pulumi up")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "error"}, "status in_progress or complete"),
        ({"status": "complete"}, "status in_progress"),
        ({"continuation": False}, "continuation true"),
        ({"continuation": None}, "continuation true"),
        ({"progress": None}, "a progress"),
        ({"progress": {"samples_written": None}}, "a progress"),
        ({"progress": {"days_complete": True}}, "a progress"),
        ({"progress": {"days_complete": -1}}, "a progress"),
        ({"progress": {"days_complete": 6}}, "a progress"),
        ({"progress": {"current_date": "10 December"}}, "a progress"),
        ({"progress": {"current_date": 5}}, "a progress"),
        ({"progress": {"samples_fetched": 0}}, "a batch that moves forward"),
        ({"progress": {"days_complete": 1}}, "at least 2 days"),
        ({"progress": {"days_complete": 3}}, "3 days complete, in GET /status too"),
        ({"progress": {"days_total": 99}}, "days_total 5 (2024-12-10 to 2024-12-14)"),
    ],
)
def test_trigger_judges_the_body(tmp_path, changes, expected):
    world = World()
    if changes.get("progress"):
        changes = changes | {"progress": world.progress(samples_fetched=3) | changes["progress"]}
    found = broken(tmp_path, triggered(world, **changes), "trigger")
    assert found["expected"].startswith(expected)
    assert found["cause"] == "worker"


def test_trigger_of_a_status_that_never_says_the_progress(tmp_path):
    world = World()
    world.status = lambda: answer(200, {"status": "in_progress"})
    assert broken(tmp_path, world, "trigger")["subject"] == "GET /status"
    assert "POST /trigger" not in world.asked


def test_trigger_after_which_the_status_fails(tmp_path):
    world = triggered(World())
    good, bad = world.status(), answer(502, {**ERROR, "error": {"code": "storage"}})
    world.status = lambda: bad if "POST /trigger" in world.asked else good
    assert broken(tmp_path, world, "trigger")["cause"] == "storage"


def test_trigger_answered_by_something_else(tmp_path):
    world = World()
    world.routes["POST", "/trigger"] = httpx.Response(200, text="ok")
    assert broken(tmp_path, world, "trigger")["found"] == "200 ok"


def test_trigger_is_left_out_when_only_reading(tmp_path):
    world = World()
    code, report = world.report(tmp_path, read_only=True)
    assert (code, "trigger" in report) == (0, False)
    assert "POST /trigger" not in world.asked


def endless(end_date=None, **more):
    """A world that copies until yesterday."""
    manifest = manifest_data(ace__end_date=end_date)
    manifest["bindings"] = [item for item in manifest["bindings"] if item["name"] != "END_DATE"]
    if end_date is not None:
        manifest["bindings"].append({"name": "END_DATE", "type": "plain_text", "text": end_date})
    return World(manifest=manifest, **more)


BEFORE, AFTER = datetime(2024, 12, 19, 23, 59, 50, tzinfo=UTC), datetime(2024, 12, 20, 0, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "total", "outcome"),
    [
        (NOW, 10, "pass"), (NOW, 9, "fail"), (NOW, 11, "fail"),
        (BEFORE, 9, "pass"), (BEFORE, 10, "pass"), (BEFORE, 8, "fail"), (BEFORE, 11, "fail"),
        (AFTER, 9, "pass"), (AFTER, 10, "pass"), (AFTER, 8, "fail"), (AFTER, 11, "fail"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end_date", [None, "2030-01-01"])
def test_trigger_counts_until_yesterday_by_any_clock_that_is_right_to_the_hour(tmp_path, end_date, now, total, outcome):
    world = endless(end_date, total=total)
    world.now = now
    assert world.report(tmp_path, "trigger")[1]["trigger"]["outcome"] == outcome


# ---- r2


def test_r2_follows_every_cursor(tmp_path):
    world = World(days=5)
    world.page = 2
    _, report = world.report(tmp_path, "r2")
    assert report["r2"]["evidence"][0] == "5 of 5 days stored, 5 said to be complete"
    assert sum(asked.endswith("/objects") for asked in world.asked) == 3


def test_r2_with_nothing_to_judge(tmp_path):
    found = unjudged(tmp_path, World(days=0), "r2")
    assert (found["cause"], found["found"]) == ("propagation", "nothing is stored, and nothing is said to be complete")


def test_r2_without_the_objects_that_the_worker_counts(tmp_path):
    world = World()
    claimed = world.status()
    world.objects.clear()
    world.status = lambda: claimed
    found = broken(tmp_path, world, "r2")
    assert found["found"] == "0; absent: timeseries/ses_falls_city/2024-12-10/data.ndjson.gz and 1 more"
    assert found["cause"] == "worker"


def test_r2_without_one_day_that_the_worker_has_passed(tmp_path):
    world = World(days=4)
    claimed = world.status()
    del world.objects[world.place("2024-12-11")]
    world.status = lambda: claimed
    assert broken(tmp_path, world, "r2")["found"].endswith("2024-12-11/data.ndjson.gz")


def test_r2_with_a_hole_that_the_worker_knows(tmp_path):
    world = World(days=4)
    del world.objects[world.place("2024-12-11")]
    assert world.report(tmp_path, "r2")[0] == 0


def test_r2_of_a_worker_that_counts_absurdly(tmp_path):
    world = World()
    world.status = lambda: answer(
        200, {"status": "x", "progress": world.progress(days_complete=10**15, days_total=10**15)}
    )
    assert broken(tmp_path, world, "r2")["cause"] == "worker"


def test_r2_leaves_alone_what_is_not_a_declared_day(tmp_path):
    world = World()
    for key in ("2024-12-09/data.ndjson.gz", "2024-12-15/data.ndjson.gz", "notes.txt", "2024-12-10/old.json"):
        world.objects["timeseries/ses_falls_city/" + key] = (b"not ours", {})
    assert world.report(tmp_path, "r2")[0] == 0


def test_r2_of_an_empty_day(tmp_path):
    world = World()
    world.write("2024-12-10", [])
    _, report = world.report(tmp_path, "r2")
    assert "2 of them decoded and compared: 3 samples" in report["r2"]["evidence"]


def test_r2_has_no_verdict_where_every_day_is_empty(tmp_path):
    world = World(days=0)
    world.write("2024-12-10", [])
    assert (
        unjudged(tmp_path, world, "r2")["found"]
        == "1 days, each stored as empty: has ses_falls_city data from 2024-12-10 on?"
    )


@pytest.mark.parametrize("day", range(5))
def test_r2_sees_a_destroyed_day_wherever_it_is(tmp_path, day):
    world = World(days=5)
    world.objects[world.place(world.day(day))] = (b"", {})
    found = broken(tmp_path, world, "r2")
    assert found["subject"] == world.place(world.day(day))
    assert found["hint"].startswith(
        f"npx wrangler r2 object delete ace-timeseries/{found['subject']} --remote && python"
    )


@pytest.mark.parametrize("name", ["samples", "points", "first", "last", "sha256", "source", "worker_version"])
def test_r2_sees_metadata_that_lacks_something(tmp_path, name):
    world = World()
    raw, metadata = stored("2024-12-11")
    world.objects[world.place("2024-12-11")] = (raw, {key: value for key, value in metadata.items() if key != name})
    found = broken(tmp_path, world, "r2")
    assert (found["found"], found["cause"]) == (f"metadata without {name}", "worker")


def test_r2_does_not_accuse_the_worker_of_an_object_that_carries_nothing_of_it(tmp_path):
    world = World()
    world.objects[world.place("2024-12-11")] = (stored("2024-12-11")[0], {})
    found = broken(tmp_path, world, "r2")
    assert (found["found"], found["cause"]) == ("no metadata at all: something else wrote it", "storage")
    assert found["hint"].startswith(
        "npx wrangler r2 object delete ace-timeseries/timeseries/ses_falls_city/2024-12-11/"
    )


def test_r2_says_nothing_of_a_day_beyond_its_own_bounds(tmp_path, monkeypatch):
    monkeypatch.setattr(gzip_reader, "POINT_LIMIT", 0)
    found = unjudged(tmp_path, World(), "r2")
    assert (found["cause"], found["found"]) == ("checker", "more than 0 points in a day")


def test_r2_of_a_stored_day_that_is_not_true(tmp_path):
    world = World()
    world.write("2024-12-10", samples="999")
    found = broken(tmp_path, world, "r2")
    assert (found["expected"], found["found"]) == ("metadata samples 3, as in the content", "'999'")
    assert "npx wrangler r2 object delete ace-timeseries/timeseries/ses_falls_city/2024-12-10/" in found["hint"]


def test_r2_of_a_day_of_another_day(tmp_path):
    world = World()
    world.write("2024-12-11", lines("2024-12-12"))
    assert "a timestamp of that day" in broken(tmp_path, world, "r2")["expected"]


def test_r2_of_an_object_that_is_listed_and_gone(tmp_path):
    world = World()
    world.routes["GET", "/objects/timeseries"] = refusal(404, 10007)
    assert broken(tmp_path, world, "r2")["cause"] == "storage"


def test_r2_of_objects_that_declare_an_encoding(tmp_path):
    world = World()
    world.http_metadata = {"contentEncoding": "gzip"}
    found = broken(tmp_path, world, "r2")
    assert found["subject"].endswith("data.ndjson.gz and 1 more")
    assert found["expected"] == "no Content-Encoding"


def test_r2_without_the_bucket(tmp_path):
    world = World()
    world.routes["GET", "/objects"] = refusal(404, 10006)
    found = broken(tmp_path, world, "r2")
    assert (found["cause"], found["hint"]) == ("storage", "pulumi up --stack prod")


def test_r2_of_a_worker_without_storage(tmp_path):
    world = World()
    world.status = lambda: answer(502, {**ERROR, "error": {"code": "storage", "message": "no bucket is bound"}})
    assert broken(tmp_path, world, "r2")["cause"] == "storage"


def test_r2_of_a_worker_that_does_not_say_its_progress(tmp_path):
    world = World()
    world.status = lambda: answer(200, {"status": "x"})
    assert broken(tmp_path, world, "r2")["found"] == "200: progress is no object"


@pytest.mark.parametrize(
    "reply",
    [
        refusal(403, 10000),
        refusal(400, 10022),
        envelope([{"key": "x", "custom_metadata": {"samples": 5}}]),
        envelope([{"key": "x", "custom_metadata": 5}]),
        envelope([{"key": "x", "size": "1"}]),
        envelope([], is_truncated=True),
        envelope([], cursor=5),
        envelope([], is_truncated=True, cursor="same"),
        answer(200, {"success": False}),
        answer(200, {"success": True, "result": [], "result_info": 5, "errors": 5}),
        httpx.Response(200, text="[" * 100_000),
    ],
)
def test_r2_from_an_api_that_cannot_be_read(tmp_path, reply):
    world = World(days=0)
    world.routes["GET", "/objects"] = reply
    unjudged(tmp_path, world, "r2")


def test_r2_of_an_object_that_may_not_be_read(tmp_path):
    world = World()
    world.routes["GET", "/objects/timeseries"] = refusal(403, 10000)
    assert "CLOUDFLARE_API_TOKEN" in unjudged(tmp_path, world, "r2")["expected"]


@pytest.mark.parametrize("end_date", [None, "2030-01-01"])
def test_r2_of_a_backfill_without_end_around_midnight(tmp_path, end_date):
    for now in (BEFORE, AFTER):
        world = endless(end_date, days=10, total=10)  # until the 19th
        world.now = now
        _, report = world.report(tmp_path, "r2")
        assert report["r2"]["outcome"] == "pass", report["r2"]["findings"]
        assert "10 of 10 days stored" in report["r2"]["evidence"][0]


@pytest.mark.parametrize("end_date", [None, "2030-01-01"])
def test_r2_of_a_day_that_is_not_over(tmp_path, end_date):
    world = endless(end_date, days=10, total=10)
    world.write("2024-12-20")  # at noon of that day: never written again, so that its afternoon is lost
    found = broken(tmp_path, world, "r2")
    assert found["subject"] == world.place("2024-12-20")
    assert found["expected"] == "no object before the day is over (UTC)"
    assert found["cause"] == "worker"
    assert f"/{world.place('2024-12-20')} --remote" in found["hint"]


def test_r2_does_not_judge_days_behind_the_declared_end(tmp_path):
    world = World()
    world.write("2024-12-30")
    assert world.report(tmp_path, "r2")[1]["r2"]["outcome"] == "pass"


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        ({"code": "upstream_unavailable", "message": "ACE answered 503"}, "ace"),
        ({"code": "upstream_auth"}, "configuration"),
        ({"code": "storage", "message": "full"}, "storage"),
        ({"code": 5}, "propagation"),
        ("upstream_auth", "propagation"),
        (None, "propagation"),
    ],
)
def test_r2_with_nothing_to_judge_blames_whom_the_workers_last_error_accuses(tmp_path, failure, cause):
    world = World(days=0)
    world.expired = True
    body = {"status": "in_progress", "progress": world.progress(), "continuation": True}
    world.status = lambda: answer(200, {**body, "last_error": failure})
    found = unjudged(tmp_path, world, "r2")
    assert found["cause"] == cause
    assert ("said to be complete: " in found["found"]) == (cause != "propagation")


def test_r2_in_a_jurisdiction(tmp_path):
    places = []
    world = World(manifest=manifest_data(storage__jurisdiction="eu"))
    world.routes["GET", "/objects"] = lambda request: (
        places.append(request.headers["cf-r2-jurisdiction"]) or world.api(request, request.url.path)
    )
    assert world.report(tmp_path, "r2")[0] == 0
    assert set(places) == {"eu"}


def test_r2_refuses_a_list_without_end(tmp_path, monkeypatch):

    monkeypatch.setattr(client, "PAGES", 3)
    world = World(days=5)
    world.page = 1
    assert unjudged(tmp_path, world, "r2")["found"] == "a cursor that repeats, or too many pages"
    world.versions = [world.version(n, TAG, "upload") for n in range(60, 0, -1)]
    world.live = ["v60"]
    assert world.report(tmp_path, "secrets")[0] == 0


def test_a_client_without_a_token_names_the_variable(tmp_path):
    from checks.clients.cloudflare.answers import ApiError
    from checks.clients.cloudflare.client import Cloudflare
    from checks.clients.http.client import Http
    from checks.model.deadline import Deadline
    from checks.model.finding import Cause

    deadline = Deadline.starting_now(1.0)
    transport = httpx.MockTransport(World().handle)
    opened = Http.open("https://api.cloudflare.com", cause=Cause.CLOUDFLARE, deadline=deadline, transport=transport)
    with opened as http, pytest.raises(ApiError, match="CLOUDFLARE_API_TOKEN is not set"):
        Cloudflare(http=http, account_id="a", token=None).secrets("w")


def test_stored_takes_a_raw_body():
    assert stored("2024-12-10", raw=b"x")[0] == b"x"
