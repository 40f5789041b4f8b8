"""The check `deployed`: the live version is the program's last upload."""

import pytest

from cloudflare_client import client
from contract.drift.rollback import message_of_rollback
from tests.fakes.answers import envelope, refusal, response
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import CODE, NAME, TAG, manifest_data
from tests.fakes.outcomes import UP, all_findings, failed_finding, inconclusive_finding

OLDER = "bv:11111111:999999999999:33333333"  # of the same stack, with other settings


ANN = "ann@example.org on 2024-12-19 10:00:00 UTC"


DAN = "dan@example.org on 2024-12-19 11:00:00 UTC"


def test_deployed_as_uploaded(tmp_path):
    _, report = healthy_system().report(tmp_path, "deployed")
    said = f"the program's last upload v1 serves every request, made by {ANN} (upload)"
    assert report["deployed"]["evidence"] == [
        said,
        f"its code is the program's, {manifest_data()['worker']['code'][:12]}",
    ]
    assert "config" not in report


def test_deployed_with_other_code_and_a_copy_of_the_tag(tmp_path):
    """Case X5: other code was uploaded with the same settings and the program's tag."""
    system = healthy_system()
    system.script.code = b"export default { fetch() {} };"
    found = failed_finding(tmp_path, system, "deployed")
    assert found["subject"] == f"code of {NAME}"
    assert found["found"].endswith(f"in version v1, made by {ANN} (upload), which has a copy of the program's tag")
    assert (found["cause"], found["hint"]) == ("outside_change", UP)


def test_deployed_from_another_checkout_with_other_code(tmp_path):
    """Case X5: `pulumi up` from another checkout with other code and the same settings."""
    ours = "bv:11111111:222222222222:33333333:44444444:aaaaaaaaaaaa"
    system = healthy_system(manifest=manifest_data(worker__tag=ours))
    system.script.versions = [system.script.version(1, ours, "upload")]
    assert system.report(tmp_path, "deployed")[0] == 0
    system.script.upload("bv:11111111:999999999999:33333333:44444444:bbbbbbbbbbbb")
    found = failed_finding(tmp_path, system, "deployed")
    assert found["found"].endswith("which has another tag of this stack, so it has other code")
    assert found["cause"] == "configuration"


@pytest.mark.parametrize(
    ("ours", "live", "other"),
    [
        ("33333333:44444444:aaaaaaaaaaaa:55555555", "33333333:44444444:bbbbbbbbbbbb:55555555", "other code"),
        ("33333333:44444444:aaaaaaaaaaaa:55555555", "33333333:44444444:aaaaaaaaaaaa:66666666", "did not finish"),
        ("33333333:44444444:aaaaaaaaaaaa:55555555", "33333333:44444444:bbbbbbbbbbbb:66666666", "did not finish"),
        ("33333333:44444444:aaaaaaaaaaaa:55555555", "33333333:44444444:bbbbbbbbbbbb", "did not finish"),
        ("33333333:44444444:aaaaaaaaaaaa", "33333333:44444444", "did not finish"),
    ],
)
def test_other_code_is_told_from_other_settings_of_the_script(tmp_path, ours, live, other):
    """Case X5: the tag has digests of the code and of the script settings. Older tags lack one of them, or both.

    An upload with other settings is a `pulumi up` that did not finish. Other code alone is from another checkout.
    """
    system = healthy_system(manifest=manifest_data(worker__tag=f"bv:11111111:222222222222:{ours}"))
    system.script.versions = [system.script.version(1, f"bv:11111111:222222222222:{ours}", "upload")]
    system.script.upload(f"bv:11111111:999999999999:{live}")
    assert other in failed_finding(tmp_path, system, "deployed")["found"]


def test_deployed_as_multipart_with_one_module_or_more(tmp_path):
    system = healthy_system()
    part = "--x\r\nContent-Disposition: form-data; name=worker.js\r\n\r\n{}\r\n"
    kind = {"content-type": "multipart/form-data; boundary=x"}
    one = part.format(CODE.decode())
    system.routes["GET", "/content/v2"] = response(200, f"{one}--x--".encode(), kind)
    assert system.report(tmp_path, "deployed")[0] == 0
    system.routes["GET", "/content/v2"] = response(200, f"{one}{one}--x--".encode(), kind)
    assert "2 modules" in failed_finding(tmp_path, system, "deployed")["found"]
    system.routes["GET", "/content/v2"] = response(200, b"", kind)
    assert inconclusive_finding(tmp_path, system, "deployed")["cause"] == "cloudflare"
    system.routes["GET", "/content/v2"] = refusal(403, 10000)
    inconclusive_finding(tmp_path, system, "deployed")


def test_deployed_with_a_manifest_of_an_older_deployment_reads_no_code(tmp_path):
    declared = manifest_data()
    del declared["worker"]["code"]
    system = healthy_system(manifest=declared)
    assert system.report(tmp_path, "deployed")[0] == 0
    assert not any("content" in asked for asked in system.asked)


def test_deployed_sends_no_request_to_the_worker(tmp_path):
    system = healthy_system()
    system.report(tmp_path, "deployed", "bindings")
    assert all("/client/v4/" in asked for asked in system.asked)


@pytest.mark.parametrize(
    ("tag", "trigger", "text"),
    [
        ("", "secret", "(secret), which does not have the program's tag"),
        ("", "version_upload", "(version_upload), which does not have the program's tag"),
        ("bv:other:x:y", "upload", "which does not have the program's tag"),
        (TAG, "deployment", "which has the tag but is not an upload"),
        (TAG, "secret", "which has the tag but is not an upload"),
    ],
)
def test_deployed_outside_pulumi(tmp_path, tag, trigger, text):
    system = healthy_system()
    system.script.upload(tag, trigger)
    found = failed_finding(tmp_path, system, "deployed")
    assert found["found"].startswith(f"v2, made by {ANN} ({trigger}), which")
    assert found["found"].endswith(text)
    assert found["expected"] == "the program's last upload v1, at 100 %"
    assert (found["cause"], found["hint"]) == ("outside_change", UP)


@pytest.mark.parametrize("trigger", ["upload", "version_upload", None])
def test_deployed_by_each_kind_of_upload(tmp_path, trigger):
    system = healthy_system()
    system.script.upload(triggered_by=trigger or "")
    if trigger is None:
        del system.script.versions[0]["annotations"]["workers/triggered_by"]
    assert system.report(tmp_path, "deployed")[0] == 0


def test_deployed_without_any_upload_of_ours(tmp_path):
    system = healthy_system()
    system.script.versions = [system.script.version(1, "", "upload", author_email=None, created_on=None)]
    found = failed_finding(tmp_path, system, "deployed")
    assert found["expected"] == f"an upload with the tag {TAG}, at 100 %"
    assert found["found"].startswith("v1, made by an unknown author at an unknown time (upload), which does not have")


@pytest.mark.parametrize("tag", [TAG, OLDER, ""])
def test_deployed_and_rolled_back(tmp_path, tag):
    system = healthy_system()
    system.script.versions = [system.script.version(2, TAG, "upload"), system.script.version(1, tag, "upload")]
    found = failed_finding(tmp_path, system, "deployed")
    assert found["found"] == f"v1, made by {ANN} (upload): rolled back by {DAN}"
    assert found["cause"] == "outside_change"
    assert found["expected"] == "the program's last upload v2, at 100 %"


def test_every_change_since_the_programs_last_upload_is_named(tmp_path):
    """Case C11: a secret was changed, then another version was uploaded, both outside Pulumi."""
    system = healthy_system()
    system.script.upload("", "version_upload")
    system.script.upload()
    assert "before that" not in str(system.report(tmp_path, "deployed"))
    system.script.change_secrets("ACE_API_KEY")
    system.script.upload("", "upload")
    text = f"v5, made by {ANN} (upload), which does not have the program's tag, before that v4, made by {ANN} (secret)"
    assert all_findings(tmp_path, system, "deployed", cause="outside_change") == [(f"live version of {NAME}", text)]


def test_a_rollback_names_the_change_before_it(tmp_path):
    """Case C11: a secret was changed, then an older version was deployed."""
    system = healthy_system()
    system.script.upload()
    system.script.change_secrets("ACE_API_KEY")
    system.script.live = ["v1"]
    found = failed_finding(tmp_path, system, "deployed")["found"]
    assert found == f"v1, made by {ANN} (upload): rolled back by {DAN}, before that v3, made by {ANN} (secret)"


def test_a_version_that_a_deployment_put_back_has_its_reason(tmp_path):
    """Issue 13, item 4: a rolled-back state is named."""
    system = healthy_system()
    system.script.upload()
    system.script.live = ["v1"]
    system.script.deployed = {**system.script.deployed} | {
        "annotations": {"workers/message": message_of_rollback("v2-failed-too")}
    }
    found = failed_finding(tmp_path, system, "deployed")["found"]
    assert found == (
        f"v1, made by {ANN} (upload): rolled back by {DAN}, because the verification of version v2-faile failed"
    )


def test_deployed_and_split(tmp_path):
    system = healthy_system()
    system.script.upload()
    system.script.live = ["v2", "v1"]
    assert all_findings(tmp_path, system, "deployed", cause="outside_change") == [
        (f"live version of {NAME}", f"split by percentage: 50 % v2, 50 % v1, by {DAN}")
    ]
    system.script.upload("", "secret")
    system.script.live = ["v2", "v3"]
    assert [
        actual.partition(",")[0] for _, actual in all_findings(tmp_path, system, "deployed", cause="outside_change")
    ] == [
        "split by percentage: 50 % v2",
        "v3",
    ]


def test_a_version_with_0_percent_is_not_live(tmp_path):
    system = healthy_system()
    shares = [{"version_id": "v1", "percentage": 100}, {"version_id": "v9", "percentage": 0}]
    system.routes["GET", "/deployments"] = envelope({"deployments": [{"versions": shares}]})
    assert system.report(tmp_path, "deployed")[0] == 0


@pytest.mark.parametrize("share", [{"version_id": "v1"}, {"version_id": "v1", "percentage": True}, {"percentage": 1}])
def test_deployed_from_shares_of_another_shape(tmp_path, share):
    system = healthy_system()
    system.routes["GET", "/deployments"] = envelope({"deployments": [{"versions": [share]}]})
    assert inconclusive_finding(tmp_path, system, "deployed")["cause"] == "cloudflare"


def test_our_tag_is_found_on_an_older_page_and_otherwise_one_page_is_enough(tmp_path):
    system = healthy_system()
    for _ in range(14):
        system.script.upload("", "upload")
    assert "the program's last upload v1" in failed_finding(tmp_path, system, "deployed")["expected"]
    assert sum(asked.endswith("/versions") for asked in system.asked) == 2
    system.script.upload()
    system.asked.clear()
    assert system.report(tmp_path, "deployed")[0] == 0
    assert sum(asked.endswith("/versions") for asked in system.asked) == 1


def test_the_live_version_is_checked_although_the_history_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(client, "MAX_VERSION_PAGES", 1)
    system = healthy_system()
    system.script.versions = [system.script.version(n, "", "version_upload") for n in range(30, 0, -1)]
    system.script.live = ["v3"]
    assert failed_finding(tmp_path, system, "deployed")["found"].startswith("v3, made by ann")


def test_a_newer_upload_of_the_stack_means_that_the_last_up_did_not_finish(tmp_path):
    """Case C10: pageSize 5000, 10000, 5000, and Cloudflare refuses the last `pulumi up` after its upload."""
    system = healthy_system()
    system.script.upload(OLDER)
    found = failed_finding(tmp_path, system, "deployed")
    assert found["expected"] == "the upload of the manifest v1, at 100 %"
    assert found["found"].endswith("a newer upload of this stack: the last `pulumi up` did not finish")
    assert (found["cause"], found["hint"]) == ("configuration", UP)


@pytest.mark.parametrize("tag", [OLDER, "bv:11111111:999999999999:33333333:44444444:bbbbbbbbbbbb"])
def test_a_refused_upload_means_that_the_last_up_did_not_finish(tmp_path, tag):
    """Case C10: Cloudflare refuses the upload of the last `pulumi up`, and the stack has its manifest already."""
    ours = "bv:11111111:222222222222:33333333:44444444:aaaaaaaaaaaa"
    system = healthy_system(manifest=manifest_data(worker__tag=ours))
    system.script.versions = [system.script.version(1, tag, "upload")]
    found = failed_finding(tmp_path, system, "deployed")
    assert found["expected"] == f"an upload with the tag {ours}, at 100 %"
    assert found["found"].endswith("an upload of this stack: the last `pulumi up` did not finish")
    assert (found["cause"], found["hint"]) == ("configuration", UP)
