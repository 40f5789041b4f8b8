"""The check `secrets`: the declared secrets are attached, and were not changed outside Pulumi."""

import httpx
import pytest

from tests.fakes.answers import answer, envelope, refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NAME, TAG, manifest_data
from tests.fakes.outcomes import UP, all_findings, failed_finding, inconclusive_finding


def test_secrets_without_the_secret(tmp_path):
    system = healthy_system()
    system.script.secrets = []
    found = failed_finding(tmp_path, system, "secrets")
    assert found["found"] == "absent"
    assert (found["cause"], found["hint"]) == ("configuration", UP)


def test_secrets_names_author_and_time_of_a_deletion(tmp_path):
    system = healthy_system()
    system.script.change_secrets()
    found = failed_finding(tmp_path, system, "secrets")
    assert found["found"] == "absent, deleted by ann@example.org on 2024-12-19 10:00:00 UTC"
    assert found["cause"] == "outside_change"


def test_secrets_with_a_value_changed_outside_pulumi(tmp_path):
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    assert "changed outside Pulumi by ann@example.org" in failed_finding(tmp_path, system, "secrets")["found"]


def test_secrets_with_one_that_is_not_declared(tmp_path):
    system = healthy_system()
    system.script.secrets = ["ACE_API_KEY", "OTHER"]
    assert failed_finding(tmp_path, system, "secrets")["subject"] == "secret OTHER"


def test_secrets_after_pulumi_restored_the_change(tmp_path):
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    system.script.versions.insert(0, system.script.version(3, TAG, "upload"))
    system.script.live = ["v3"]
    assert system.report(tmp_path, "secrets")[0] == 0


def test_secrets_after_a_rollback_to_a_changed_version(tmp_path):
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    system.script.versions.insert(0, system.script.version(3, TAG, "upload"))
    assert "changed outside" in failed_finding(tmp_path, system, "secrets")["found"]


def test_secrets_after_an_upload_outside_pulumi_that_changed_none(tmp_path):
    system = healthy_system()
    system.script.versions.insert(0, system.script.version(2, "", "upload"))
    system.script.live = ["v2"]
    found = failed_finding(tmp_path, system, "secrets")
    assert "live version v2 is not the program's last upload v1" in found["found"]
    assert found["cause"] == "outside_change"


def test_secrets_after_a_pulumi_up_that_did_not_finish(tmp_path):
    system = healthy_system()  # a newer upload of the stack is not a change outside Pulumi
    system.script.upload("bv:11111111:999999999999:33333333")
    found = failed_finding(tmp_path, system, "secrets")
    assert "live version v2 is not the program's last upload v1" in found["found"]
    assert found["cause"] == "configuration"


def test_secrets_after_a_rollback_to_an_older_upload_with_the_same_tag(tmp_path):
    system = healthy_system()  # a new key does not change the tag: the older upload holds the older key
    system.script.versions.insert(0, system.script.version(2, TAG, "upload"))
    assert "live version v1 is not the program's last upload v2" in failed_finding(tmp_path, system, "secrets")["found"]


def test_secrets_on_many_pages_of_versions(tmp_path):
    system = healthy_system()
    system.script.versions = [system.script.version(n, TAG, "upload") for n in range(25, 0, -1)]
    system.script.live = ["v25"]
    assert system.report(tmp_path, "secrets")[0] == 0
    assert sum("versions" in asked for asked in system.asked) == 1
    system.script.versions = [
        system.script.version(25, "", "upload"),
        *(system.script.version(n, TAG, "secret") for n in range(24, 0, -1)),
    ]
    system.asked.clear()
    assert "no version has the tag" in failed_finding(tmp_path, system, "secrets")["found"]
    assert sum(asked.endswith("/versions") for asked in system.asked) == 4
    system.script.versions[-1] = system.script.version(1, TAG, "upload")
    assert "its value was changed outside Pulumi by ann" in failed_finding(tmp_path, system, "secrets")["found"]


def test_secrets_without_any_upload_of_the_program(tmp_path):
    system = healthy_system()
    system.script.versions = [system.script.version(1, "", "upload", author_email="", created_on=None)]
    assert "no version has the tag" in failed_finding(tmp_path, system, "secrets")["found"]


def test_secrets_of_a_worker_that_does_not_exist(tmp_path):
    system = healthy_system()
    system.routes["GET", "/secrets"] = refusal(404, 10007)
    assert failed_finding(tmp_path, system, "secrets")["subject"] == f"worker {NAME}"


def test_secrets_reports_a_missing_secret_without_a_readable_history(tmp_path):
    system = healthy_system()
    system.script.secrets = []
    system.routes["GET", "/deployments"] = refusal(403, 10000)
    _, report = system.report(tmp_path, "secrets")
    assert [item["found"].split(" ")[0] for item in report["secrets"]["findings"]] == ["absent", "403"]
    assert report["secrets"]["outcome"] == "fail"


@pytest.mark.parametrize("reply", [refusal(403, 10000), refusal(400, 9106), answer(401)])
def test_secrets_with_a_token_that_the_api_refuses(tmp_path, reply):
    system = healthy_system()
    system.routes["GET", "/secrets"] = reply
    found = inconclusive_finding(tmp_path, system, "secrets")
    assert "CLOUDFLARE_API_TOKEN" in found["expected"]
    assert "CLOUDFLARE_API_TOKEN" in found["hint"]


@pytest.mark.parametrize(
    "result",
    [None, 5, [5], [{}], [{"name": 5}], {"deployments": [5]}],
)
def test_secrets_from_an_api_of_another_shape(tmp_path, result):
    system = healthy_system()
    for part in ("/secrets", "/deployments"):
        system.routes["GET", part] = envelope(result)
    assert inconclusive_finding(tmp_path, system, "secrets")["expected"] == "an answer of the documented form"


@pytest.mark.parametrize("item", [{"number": "1"}, {"number": 1, "id": 5}, {"number": 1, "id": "v", "annotations": 5}])
def test_secrets_from_versions_of_another_shape(tmp_path, item):
    system = healthy_system()
    system.routes["GET", "/versions"] = envelope({"items": [item]})
    assert inconclusive_finding(tmp_path, system, "secrets")["cause"] == "cloudflare"


def test_secrets_without_any_deployment(tmp_path):
    system = healthy_system()
    system.routes["GET", "/deployments"] = envelope({"deployments": []})
    assert "live version none" in failed_finding(tmp_path, system, "secrets")["found"]


def test_secrets_retries_an_api_that_is_busy(tmp_path):
    system, busy = (
        healthy_system(),
        [answer(429, **{"retry-after": "7"}), answer(503), httpx.Response(502, text="<html>")],
    )
    system.routes["GET", "/secrets"] = lambda request: busy.pop() if busy else system.cloudflare.answer(request)
    assert system.report(tmp_path, "secrets")[0] == 0
    assert system.clock.slept == [0.25, 0.5, 7.0]


ANN = "ann@example.org on 2024-12-19 10:00:00 UTC"


def test_secrets_removed_by_an_upload_outside_pulumi(tmp_path):
    system = healthy_system()
    system.script.secrets = []
    system.script.upload("", "version_upload")
    assert all_findings(tmp_path, system, "secrets", cause="outside_change") == [
        ("secret ACE_API_KEY", f"absent, removed by the upload of {ANN}")
    ]


def test_secrets_each_with_its_own_change(tmp_path):
    manifest = manifest_data()
    manifest["bindings"] += [{"name": "SECOND", "type": "secret_text"}]
    system = healthy_system(manifest=manifest)
    system.script.secrets = ["ACE_API_KEY", "SECOND"]
    system.script.versions = [system.script.version(1, TAG, "upload")]
    for names, author in (
        (["ACE_API_KEY", "SECOND", "OTHER"], "one"),
        (["SECOND", "OTHER"], "two"),
        (["SECOND", "OTHER"], "three"),
    ):
        system.script.change_secrets(*names)
        system.script.versions[0]["metadata"]["author_email"] = author
    moment = "on 2024-12-19 10:00:00 UTC"
    assert all_findings(tmp_path, system, "secrets", cause="outside_change") == [
        ("secret ACE_API_KEY", f"absent, deleted by two {moment}"),
        ("secret OTHER", f"attached, set by one {moment}"),
    ]


def test_secrets_of_which_one_changed_its_value(tmp_path):
    manifest = manifest_data()
    manifest["bindings"] += [{"name": "SECOND", "type": "secret_text"}]
    system = healthy_system(manifest=manifest)
    system.script.secrets = ["ACE_API_KEY", "SECOND"]
    system.script.versions = [system.script.version(1, TAG, "upload")]
    system.script.change_secrets("ACE_API_KEY", "SECOND")
    assert all_findings(tmp_path, system, "secrets", cause="outside_change") == [
        (f"secrets of {NAME}", f"the value of a secret was changed outside Pulumi by {ANN}")
    ]


def test_secrets_deleted_and_put_again(tmp_path):
    system = healthy_system()
    system.script.change_secrets()
    system.script.change_secrets("ACE_API_KEY")
    assert all_findings(tmp_path, system, "secrets", cause="outside_change") == [
        ("secret ACE_API_KEY", f"set by {ANN}, before that deleted by {ANN}")
    ]


def test_secrets_changed_twice_outside_pulumi_have_both_changes(tmp_path):
    """Case C11: every change since the program's last upload is named, and none before it."""
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    system.script.upload()
    for author in ("one", "two"):
        system.script.change_secrets("ACE_API_KEY")
        system.script.versions[0]["metadata"]["author_email"] = author
    text = "its value was changed outside Pulumi by {} on 2024-12-19 10:00:00 UTC"
    assert all_findings(tmp_path, system, "secrets", cause="outside_change") == [
        ("secret ACE_API_KEY", f"{text.format('two')}, before that {text.format('one')}")
    ]


def test_secrets_put_and_deleted_again_have_both_changes(tmp_path):
    """Case C11: a secret that is absent was changed before it was deleted."""
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    system.script.change_secrets()
    assert all_findings(tmp_path, system, "secrets", cause="outside_change") == [
        ("secret ACE_API_KEY", f"absent, deleted by {ANN}, before that its value was changed outside Pulumi by {ANN}")
    ]


@pytest.mark.parametrize(
    ("trigger", "text"), [("upload", "added by the upload of"), ("rollback", "added with a version made")]
)
def test_secrets_added_by_another_change(tmp_path, trigger, text):
    system = healthy_system()
    system.script.secrets = ["ACE_API_KEY", "OTHER"]
    system.script.upload("", trigger)
    assert text in failed_finding(tmp_path, system, "secrets")["found"]


def test_secrets_removed_by_another_change(tmp_path):
    system = healthy_system()
    system.script.secrets = []
    system.script.upload("", "rollback")
    said = f"absent, removed with a version made by {ANN} (rollback)"
    assert failed_finding(tmp_path, system, "secrets")["found"] == said


def test_secrets_absent_from_one_of_the_live_versions(tmp_path):
    system = healthy_system()
    system.script.change_secrets()
    system.script.secrets = ["ACE_API_KEY"]
    system.script.upload()
    system.script.live = ["v3", "v2"]
    assert all_findings(tmp_path, system, "secrets", cause="outside_change") == [
        ("secret ACE_API_KEY", f"deleted by {ANN}")
    ]


def test_secrets_after_a_long_history_read_few_versions(tmp_path):
    system = healthy_system()
    for _ in range(40):
        system.script.change_secrets("ACE_API_KEY")
    found = failed_finding(tmp_path, system, "secrets")["found"]
    assert found.count("its value was changed") == 6
    assert found.endswith("before that 13 more changes")
    assert sum("/versions/v" in asked for asked in system.asked) == 20
    system = healthy_system()
    system.script.change_secrets()
    for _ in range(40):
        system.script.change_secrets()
        system.script.versions[0]["annotations"]["workers/triggered_by"] = "upload"
    assert (
        "absent, live version v42 is not the program's last upload v1"
        in failed_finding(tmp_path, system, "secrets")["found"]
    )


def test_secrets_with_versions_that_cannot_be_read(tmp_path):
    system = healthy_system()
    system.script.change_secrets()
    system.routes["GET", "/versions/v"] = answer(400)
    _, report = system.report(tmp_path, "secrets")
    assert [item["found"].split(" ")[0] for item in report["secrets"]["findings"]] == ["absent", "400"]
