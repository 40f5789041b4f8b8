"""What is live is what the program uploaded: who made another version, who wiped a binding, who changed a secret."""

import pytest

from cloudflare_client import client
from tests.unit.checks.test_catalog import UP, broken, unjudged
from tests.unit.checks.world import NAME, TAG, World, answer, envelope, finding, manifest_data, refusal

OLDER = "bv:11111111:999999999999:33333333"  # of the same stack, with other settings
ANN = "ann@example.org on 2024-12-19 10:00:00 UTC"
DAN = "dan@example.org on 2024-12-19 11:00:00 UTC"
SECRET = {"name": "OTHER", "type": "secret_text"}


def all_of(tmp_path, world, name):
    _, report = world.report(tmp_path, name)
    assert {(item["cause"], item["hint"]) for item in report[name]["findings"]} <= {("configuration", UP)}
    return [(item["subject"], item["found"]) for item in report[name]["findings"]]


# ---- deployed


def test_deployed_as_uploaded(tmp_path):
    _, report = World().report(tmp_path, "deployed")
    said = f"the program's last upload v1 serves every request, made by {ANN} (upload)"
    assert report["deployed"]["evidence"] == [said]
    assert "config" not in report


def test_deployed_needs_no_worker(tmp_path):
    world = World()
    world.report(tmp_path, "deployed", "bindings")
    assert all("/client/v4/" in asked for asked in world.asked)


@pytest.mark.parametrize("name", ["deployed", "bindings", "secrets"])
@pytest.mark.parametrize("code", [10007, 10090])
def test_no_such_worker(tmp_path, name, code):
    world = World()
    world.routes["GET", "/workers/"] = refusal(404, code)
    found = broken(tmp_path, world, name)
    assert found["found"] == "Cloudflare knows no such worker (prod)"
    assert (found["subject"], found["cause"], found["hint"]) == (f"worker {NAME}", "configuration", UP)


@pytest.mark.parametrize("name", ["deployed", "bindings", "secrets"])
def test_an_api_that_refuses_is_no_verdict(tmp_path, name):
    world = World()
    world.routes["GET", "/workers/"] = refusal(403, 10000)
    assert "CLOUDFLARE_API_TOKEN" in unjudged(tmp_path, world, name)["expected"]


@pytest.mark.parametrize("name", ["deployed", "bindings"])
def test_a_worker_of_which_nothing_is_live(tmp_path, name):
    world = World()
    world.routes["GET", "/deployments"] = envelope({"deployments": []})
    assert broken(tmp_path, world, name)["found"] == "no version of it is live"


@pytest.mark.parametrize(
    ("tag", "trigger", "text"),
    [
        ("", "secret", "(secret), which does not carry the program's mark"),
        ("", "version_upload", "(version_upload), which does not carry the program's mark"),
        ("bv:other:x:y", "upload", "which does not carry the program's mark"),
        (TAG, "deployment", "which carries the mark and is no upload"),
        (TAG, "secret", "which carries the mark and is no upload"),
        (OLDER, "upload", "which carries another mark of this stack: other settings"),
    ],
)
def test_deployed_by_others(tmp_path, tag, trigger, text):
    world = World()
    world.upload(tag, trigger)
    found = broken(tmp_path, world, "deployed")
    assert found["found"].startswith(f"v2, made by {ANN} ({trigger}), which")
    assert found["found"].endswith(text)
    assert found["expected"] == "the program's last upload v1, at 100 %"
    assert (found["cause"], found["hint"]) == ("configuration", UP)


@pytest.mark.parametrize("trigger", ["upload", "version_upload", None])
def test_deployed_by_each_way_to_upload(tmp_path, trigger):
    world = World()
    world.upload(triggered_by=trigger or "")
    if trigger is None:
        del world.versions[0]["annotations"]["workers/triggered_by"]
    assert world.report(tmp_path, "deployed")[0] == 0


def test_deployed_without_any_upload_of_ours(tmp_path):
    world = World()
    world.versions = [world.version(1, "", "upload", author_email=None, created_on=None)]
    found = broken(tmp_path, world, "deployed")
    assert found["expected"] == f"an upload marked {TAG}, at 100 %"
    assert found["found"].startswith("v1, made by somebody, nobody knows when (upload), which does not carry")


@pytest.mark.parametrize("tag", [TAG, OLDER, ""])
def test_deployed_and_rolled_back(tmp_path, tag):
    world = World()
    world.versions = [world.version(2, TAG, "upload"), world.version(1, tag, "upload")]
    found = broken(tmp_path, world, "deployed")
    assert found["found"] == f"v1, made by {ANN} (upload): rolled back by {DAN}"
    assert found["expected"] == "the program's last upload v2, at 100 %"


def test_deployed_and_split(tmp_path):
    world = World()
    world.upload()
    world.live = ["v2", "v1"]
    assert all_of(tmp_path, world, "deployed") == [
        (f"live version of {NAME}", f"split by percentage: 50 % v2, 50 % v1, by {DAN}")
    ]
    world.upload("", "secret")
    world.live = ["v2", "v3"]
    assert [actual.partition(",")[0] for _, actual in all_of(tmp_path, world, "deployed")] == [
        "split by percentage: 50 % v2",
        "v3",
    ]


def test_a_version_without_requests_does_not_serve(tmp_path):
    world = World()
    shares = [{"version_id": "v1", "percentage": 100}, {"version_id": "v9", "percentage": 0}]
    world.routes["GET", "/deployments"] = envelope({"deployments": [{"versions": shares}]})
    assert world.report(tmp_path, "deployed")[0] == 0


@pytest.mark.parametrize("share", [{"version_id": "v1"}, {"version_id": "v1", "percentage": True}, {"percentage": 1}])
def test_deployed_from_shares_of_another_shape(tmp_path, share):
    world = World()
    world.routes["GET", "/deployments"] = envelope({"deployments": [{"versions": [share]}]})
    assert unjudged(tmp_path, world, "deployed")["cause"] == "cloudflare"


def test_our_mark_is_found_on_an_older_page_and_one_page_is_enough_otherwise(tmp_path):
    world = World()
    for _ in range(14):
        world.upload("", "upload")
    assert "the program's last upload v1" in broken(tmp_path, world, "deployed")["expected"]
    assert sum(asked.endswith("/versions") for asked in world.asked) == 2
    world.upload()
    world.asked.clear()
    assert world.report(tmp_path, "deployed")[0] == 0
    assert sum(asked.endswith("/versions") for asked in world.asked) == 1


def test_what_is_live_is_judged_even_where_the_history_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "MAX_VERSION_PAGES", 1)
    world = World()
    world.versions = [world.version(n, "", "version_upload") for n in range(30, 0, -1)]
    world.live = ["v3"]
    assert broken(tmp_path, world, "deployed")["found"].startswith("v3, made by ann")


# ---- bindings


def test_bindings_as_declared(tmp_path):
    _, report = World().report(tmp_path, "bindings")
    assert report["bindings"]["evidence"] == [
        "8 bindings besides secrets, as declared",
        "schedule as declared: */5 * * * *",
    ]


def test_bindings_that_an_upload_by_hand_wiped(tmp_path):
    world = World()
    world.upload("", "version_upload")
    world.unbind("SITE", "BUCKET")
    assert all_of(tmp_path, world, "bindings") == [("bindings BUCKET, SITE", f"absent: wiped by the upload of {ANN}")]


def test_bindings_absent_from_the_programs_own_upload_are_nobodys_work(tmp_path):
    world = World()
    world.unbind("BUCKET")
    found = broken(tmp_path, world, "bindings")
    assert (found["expected"], found["found"]) == ("r2_bucket ace-timeseries", "absent")
    world.versions[0]["annotations"]["workers/tag"] = OLDER
    said = f"absent; live is v1, made by {ANN} (upload), not the program's last upload"
    assert broken(tmp_path, world, "bindings")["found"] == said


@pytest.mark.parametrize(
    ("name", "change", "expected", "actual"),
    [
        ("BUCKET", {"bucket_name": "other"}, "bucket_name ace-timeseries", "bucket_name other"),
        ("BUCKET", {"bucket_name": None}, "bucket_name ace-timeseries", "bucket_name of nothing"),
        ("SITE", {"text": "canary"}, "text ses_falls_city", "another text"),
        ("SITE", {"text": None}, "text ses_falls_city", "another text"),
        ("SITE", {"type": "json", "json": "canary"}, "plain_text", "json"),
        ("SITE", {"type": "secret_text"}, "plain_text", "secret_text"),
        ("ACE_API_KEY", {"type": "plain_text", "text": "canary"}, "secret_text", "plain_text"),
    ],
)
def test_bindings_that_lead_elsewhere(tmp_path, name, change, expected, actual):
    world = World()
    world.bound[name].update(change)
    found = broken(tmp_path, world, "bindings")
    assert (found["subject"], found["expected"], found["found"]) == (f"binding {name}", expected, actual)
    assert (found["cause"], found["hint"]) == ("configuration", UP)
    for format_ in ("text", "json", "junit", "markdown"):
        assert "canary" not in world.run(tmp_path, "bindings", formats=(format_,), verbose=True)[1]


def test_bindings_that_nothing_declares(tmp_path):
    world = World()
    world.versions[0]["resources"]["bindings"] += [
        {"name": "TOKEN", "type": "plain_text", "text": "canary"},
        {"name": "CACHE", "type": "kv_namespace", "namespace_id": "f00"},
        SECRET,
    ]
    found = broken(tmp_path, world, "bindings")
    assert (found["subject"], found["expected"]) == ("bindings TOKEN, CACHE", "not attached: nothing declares it")
    assert found["found"] == "attached: plain_text, kv_namespace f00"


def test_bindings_may_carry_what_nobody_declared(tmp_path):
    world = World()
    world.bound["BUCKET"]["jurisdiction"] = "eu"
    assert world.report(tmp_path, "bindings")[0] == 0


@pytest.mark.parametrize(
    ("live", "kept"),
    [('{"a": [1, 2]}', True), ({"a": [1, 2]}, True), ('{"a":[1,2]}', True), ({"a": 1}, False), ("canary", False)],
)
def test_bindings_of_json_are_compared_by_what_they_mean(tmp_path, live, kept):
    world = World(manifest=manifest_data())
    world.manifest["bindings"].append({"name": "MORE", "type": "json", "json": '{"a": [1, 2]}'})
    world.versions = [world.version(1, TAG, "upload")]
    world.bound["MORE"]["json"] = live
    code, report = world.report(tmp_path, "bindings")
    assert code == (0 if kept else 1)
    assert kept or finding(report["bindings"])["found"] == "another text"


def test_bindings_of_each_version_that_serves(tmp_path):
    world = World()
    world.upload("", "upload")
    world.unbind("SITE")
    world.live = ["v1", "v2"]
    assert all_of(tmp_path, world, "bindings") == [("binding SITE", f"absent: wiped by the upload of {ANN}")]


@pytest.mark.parametrize(
    ("live", "actual"),
    [
        ([], ["absent"]),
        (["0 * * * *"], ["absent", "0 * * * *"]),
        (["0 * * * *", "*/5 * * * *"], ["0 * * * *"]),
        (["*/5 * * * *", "*/5 * * * *"], []),
    ],
)
def test_schedules_are_compared_as_sets(tmp_path, live, actual):
    world = World()
    world.schedules = live
    assert all_of(tmp_path, world, "bindings") == [("schedule", text) for text in actual]


def test_a_worker_without_schedule(tmp_path):
    world = World(manifest=manifest_data(schedules=[]))
    _, report = world.report(tmp_path, "bindings")
    assert report["bindings"]["evidence"][1] == "schedule as declared: none"


@pytest.mark.parametrize(
    ("part", "result"),
    [
        ("/schedules", {"schedules": [{"cron": 5}]}),
        ("/schedules", []),
        ("/versions/v1", {"id": "v1", "number": 1}),
        ("/versions/v1", {"id": "v1", "number": 1, "resources": {"bindings": [{"name": "X"}]}}),
        ("/versions/v1", {"id": "v1", "resources": {"bindings": []}}),
    ],
)
def test_bindings_from_an_api_of_another_shape(tmp_path, part, result):
    world = World()
    world.routes["GET", part] = envelope(result)
    assert unjudged(tmp_path, world, "bindings")["expected"] == "an answer of the documented form"


def test_a_live_version_that_the_api_does_not_know_is_no_missing_worker(tmp_path):
    world = World()
    world.live = ["gone"]
    for name in ("bindings", "deployed", "secrets"):
        assert unjudged(tmp_path, world, name)["expected"] == "200 and success"


# ---- secrets: who changed what, and when


def test_secrets_wiped_by_an_upload_by_hand(tmp_path):
    world = World()
    world.secrets = []
    world.upload("", "version_upload")
    assert all_of(tmp_path, world, "secrets") == [("secret ACE_API_KEY", f"absent; wiped by the upload of {ANN}")]


def test_secrets_each_with_its_own_story(tmp_path):
    manifest = manifest_data()
    manifest["bindings"] += [{"name": "SECOND", "type": "secret_text"}]
    world = World(manifest=manifest)
    world.secrets = ["ACE_API_KEY", "SECOND"]
    world.versions = [world.version(1, TAG, "upload")]
    for names, author in (
        (["ACE_API_KEY", "SECOND", "OTHER"], "one"),
        (["SECOND", "OTHER"], "two"),
        (["SECOND", "OTHER"], "three"),
    ):
        world.change_secret(*names)
        world.versions[0]["metadata"]["author_email"] = author
    moment = "on 2024-12-19 10:00:00 UTC"
    assert all_of(tmp_path, world, "secrets") == [
        ("secret ACE_API_KEY", f"absent; deleted by two {moment}"),
        ("secret OTHER", f"attached; put by one {moment}"),
    ]


def test_secrets_of_which_one_changed_its_value(tmp_path):
    manifest = manifest_data()
    manifest["bindings"] += [{"name": "SECOND", "type": "secret_text"}]
    world = World(manifest=manifest)
    world.secrets = ["ACE_API_KEY", "SECOND"]
    world.versions = [world.version(1, TAG, "upload")]
    world.change_secret("ACE_API_KEY", "SECOND")
    assert all_of(tmp_path, world, "secrets") == [
        (f"secrets of {NAME}", f"the value of a secret was changed outside the program by {ANN}")
    ]


def test_secrets_deleted_and_put_again(tmp_path):
    world = World()
    world.change_secret()
    world.change_secret("ACE_API_KEY")
    assert all_of(tmp_path, world, "secrets") == [("secret ACE_API_KEY", f"put by {ANN}")]


@pytest.mark.parametrize(
    ("trigger", "text"), [("upload", "added by the upload of"), ("rollback", "come with a version made")]
)
def test_secrets_that_came_otherwise(tmp_path, trigger, text):
    world = World()
    world.secrets = ["ACE_API_KEY", "OTHER"]
    world.upload("", trigger)
    assert text in broken(tmp_path, world, "secrets")["found"]


def test_secrets_that_went_otherwise(tmp_path):
    world = World()
    world.secrets = []
    world.upload("", "rollback")
    said = f"absent; gone with a version made by {ANN} (rollback)"
    assert broken(tmp_path, world, "secrets")["found"] == said


def test_secrets_absent_from_one_of_the_versions_that_serve(tmp_path):
    world = World()
    world.change_secret()
    world.secrets = ["ACE_API_KEY"]
    world.upload()
    world.live = ["v3", "v2"]
    assert all_of(tmp_path, world, "secrets") == [("secret ACE_API_KEY", f"deleted by {ANN}")]


def test_secrets_after_a_long_history_ask_for_few_versions(tmp_path):
    world = World()
    for _ in range(40):
        world.change_secret("ACE_API_KEY")
    assert "its value was changed" in broken(tmp_path, world, "secrets")["found"]
    assert sum("/versions/v" in asked for asked in world.asked) == 20
    world = World()
    world.change_secret()
    for _ in range(40):
        world.change_secret()
        world.versions[0]["annotations"]["workers/triggered_by"] = "upload"
    assert "absent; live is v42, and not the program's last upload v1" in broken(tmp_path, world, "secrets")["found"]


def test_secrets_whose_versions_cannot_be_read(tmp_path):
    world = World()
    world.change_secret()
    world.routes["GET", "/versions/v"] = answer(400)
    _, report = world.report(tmp_path, "secrets")
    assert [item["found"].split(" ")[0] for item in report["secrets"]["findings"]] == ["absent", "400"]
