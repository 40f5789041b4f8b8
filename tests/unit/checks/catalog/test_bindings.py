"""The check `bindings`: bindings and schedules of the live version, as declared or changed outside Pulumi."""

import pytest

from contract.cron.digest import digest_crons
from tests.fakes.answers import answer, envelope
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NAME, TAG, manifest_data
from tests.fakes.outcomes import UP, all_findings, failed_finding, first_finding, inconclusive_finding

OLDER = "bv:11111111:999999999999:33333333"  # of the same stack, with other settings


ANN = "ann@example.org on 2024-12-19 10:00:00 UTC"


SECRET = {"name": "OTHER", "type": "secret_text"}


def test_bindings_as_declared(tmp_path):
    _, report = healthy_system().report(tmp_path, "bindings")
    assert report["bindings"]["evidence"] == [
        "9 bindings besides secrets are as declared",
        "the crons are as declared: */5 * * * *",
        "the script settings are as declared: observability logs at 100 %, limits cpu_ms 30000",
    ]


@pytest.mark.parametrize(
    ("settings", "subject", "expected", "text"),
    [
        (
            {"tail_consumers": [{"service": "reader", "environment": "production"}]},
            "tail consumers",
            "none",
            "reader (production)",
        ),
        ({"tail_consumers": [{"service": "b"}, {"service": "a"}]}, "tail consumers", "none", "a, b"),
        ({"logpush": True}, "logpush", "off", "on"),
        ({"observability": {"enabled": False}}, "observability", "logs at 100 %", "off"),
        ({"observability": {"enabled": True, "head_sampling_rate": 0.1}}, "observability", "logs at 100 %",
         "logs at 100 %, of 10 % of the requests"),
        ({"observability": {"logs": {"enabled": True, "head_sampling_rate": 0.5, "invocation_logs": False,
                                     "persist": False, "destinations": ["b", "a"]},
                            "traces": {"enabled": True}}}, "observability", "logs at 100 %",
         "logs at 50 %, without invocation logs, not stored, sent to a, b and traces at 100 %"),
        ({"limits": {"cpu_ms": 50}}, "limits", "cpu_ms 30000", "cpu_ms 50"),
        ({"limits": {}}, "limits", "cpu_ms 30000", "none"),
        ({"placement": {"mode": "smart", "status": "SUCCESS"}}, "placement", "none", "mode smart"),
    ],
)  # fmt: skip
def test_settings_that_were_changed_outside_pulumi(tmp_path, settings, subject, expected, text):
    """Case X4: tail consumers, logpush, observability, limits and placement."""
    system = healthy_system()
    system.script.settings |= settings
    found = failed_finding(tmp_path, system, "bindings")
    assert (found["subject"], found["expected"], found["found"]) == (f"{subject} of {NAME}", expected, text)
    assert (found["cause"], found["hint"]) == ("outside_change", UP)


@pytest.mark.parametrize(
    "settings",
    [
        {"observability": {"enabled": True}},
        {"observability": {"enabled": True, "logs": {"enabled": True, "invocation_logs": True}, "traces": None}},
        {"tail_consumers": [], "logpush": None},
        {"placement": None},
    ],
)
def test_settings_of_the_same_effect_pass(tmp_path, settings):
    """The API may leave out the fields that have their default."""
    system = healthy_system()
    system.script.settings |= settings
    assert system.report(tmp_path, "bindings")[0] == 0


def test_settings_of_an_update_that_did_not_finish_are_not_a_change_outside_pulumi(tmp_path):
    """Case C10: another manifest was uploaded, with another limit, and then its crons were refused."""
    system = healthy_system()
    system.script.upload(OLDER, "upload")
    system.script.settings |= {"limits": {"cpu_ms": 50}}
    findings = all_findings(tmp_path, system, "bindings", cause="configuration")
    assert findings[-1] == (f"limits of {NAME}", "cpu_ms 50")


def older_manifest():
    data = manifest_data()
    del data["worker"]["settings"]
    return data


def test_with_the_manifest_of_an_older_deployment_no_setting_is_expected(tmp_path):
    """Case X4: before the settings were declared, each that was on had been added outside Pulumi."""
    system = healthy_system(manifest=older_manifest())
    system.script.settings |= {"logpush": True, "limits": {}, "observability": None, "placement": {"mode": "smart"}}
    found = failed_finding(tmp_path, system, "bindings")
    assert (found["subject"], found["found"], found["hint"]) == (f"logpush of {NAME}", "on", UP)
    assert found["expected"] == "none, because nothing declares it"


def test_with_the_manifest_of_an_older_deployment_settings_that_are_off_pass(tmp_path):
    system = healthy_system(manifest=older_manifest())
    system.script.settings |= {"observability": {"enabled": False}, "limits": {}}
    code, report = system.report(tmp_path, "bindings")
    assert code == 0
    assert report["bindings"]["evidence"][-1] == "no tail consumer, logpush, observability or limit was added"


def test_bindings_removed_by_an_upload_outside_pulumi(tmp_path):
    system = healthy_system()
    system.script.upload("", "version_upload")
    system.script.unbind("PAGE_SIZE", "BUCKET")
    assert all_findings(tmp_path, system, "bindings", cause="outside_change") == [
        ("bindings BUCKET, PAGE_SIZE", f"absent: removed by the upload of {ANN}")
    ]


def test_bindings_absent_from_the_programs_own_upload_have_no_author(tmp_path):
    system = healthy_system()
    system.script.unbind("BUCKET")
    found = failed_finding(tmp_path, system, "bindings")
    assert (found["expected"], found["found"]) == ("r2_bucket ace-timeseries", "absent")
    system.script.versions[0]["annotations"]["workers/tag"] = OLDER
    said = f"absent (live version v1, made by {ANN} (upload), is an upload of this stack with another manifest)"
    assert failed_finding(tmp_path, system, "bindings")["found"] == said


def test_bindings_after_a_rollback_and_after_a_pulumi_up_that_did_not_finish(tmp_path):
    """Case C10: the cause is a change outside Pulumi only where the versions show one."""
    system = healthy_system()
    system.script.versions[0]["annotations"]["workers/tag"] = OLDER
    system.script.bound["PAGE_SIZE"]["text"] = "elsewhere"
    assert failed_finding(tmp_path, system, "bindings")["cause"] == "configuration"
    system.script.versions.insert(0, system.script.version(2, TAG, "upload"))
    assert failed_finding(tmp_path, system, "bindings")["cause"] == "outside_change"


@pytest.mark.parametrize(
    ("name", "change", "expected", "actual"),
    [
        ("BUCKET", {"bucket_name": "other"}, "bucket_name ace-timeseries", "bucket_name other"),
        ("BUCKET", {"bucket_name": None}, "bucket_name ace-timeseries", "bucket_name of nothing"),
        ("PAGE_SIZE", {"text": "canary"}, "text 10000", "another text"),
        ("PAGE_SIZE", {"text": None}, "text 10000", "another text"),
        ("PAGE_SIZE", {"type": "json", "json": "canary"}, "plain_text", "json"),
        ("PAGE_SIZE", {"type": "secret_text"}, "plain_text", "secret_text"),
        ("ACE_API_KEY", {"type": "plain_text", "text": "canary"}, "secret_text", "plain_text"),
    ],
)
def test_bindings_with_another_value(tmp_path, name, change, expected, actual):
    system = healthy_system()
    system.script.bound[name].update(change)
    found = failed_finding(tmp_path, system, "bindings")
    assert (found["subject"], found["expected"], found["found"]) == (f"binding {name}", expected, actual)
    assert (found["cause"], found["hint"]) == ("configuration", UP)
    for format_ in ("text", "json", "junit", "markdown"):
        assert "canary" not in system.run(tmp_path, "bindings", formats=(format_,), verbose=True)[1]


def test_bindings_that_are_not_declared(tmp_path):
    system = healthy_system()
    system.script.versions[0]["resources"]["bindings"] += [
        {"name": "TOKEN", "type": "plain_text", "text": "canary"},
        {"name": "CACHE", "type": "kv_namespace", "namespace_id": "f00"},
        SECRET,
    ]
    found = failed_finding(tmp_path, system, "bindings")
    assert (found["subject"], found["expected"]) == (
        "bindings TOKEN, CACHE",
        "not attached, because nothing declares it",
    )
    assert found["found"] == "attached: plain_text, kv_namespace f00"


def test_bindings_may_have_fields_that_are_not_declared(tmp_path):
    system = healthy_system()
    system.script.bound["BUCKET"]["jurisdiction"] = "eu"
    assert system.report(tmp_path, "bindings")[0] == 0


@pytest.mark.parametrize(
    ("live", "kept"),
    [('{"a": [1, 2]}', True), ({"a": [1, 2]}, True), ('{"a":[1,2]}', True), ({"a": 1}, False), ("canary", False)],
)
def test_bindings_of_json_are_compared_by_value(tmp_path, live, kept):
    system = healthy_system(manifest=manifest_data())
    system.manifest["bindings"].append({"name": "MORE", "type": "json", "json": '{"a": [1, 2]}'})
    system.script.versions = [system.script.version(1, TAG, "upload")]
    system.script.bound["MORE"]["json"] = live
    code, report = system.report(tmp_path, "bindings")
    assert code == (0 if kept else 1)
    assert kept or first_finding(report["bindings"])["found"] == "another text"


def test_bindings_of_each_live_version(tmp_path):
    system = healthy_system()
    system.script.upload("", "upload")
    system.script.unbind("PAGE_SIZE")
    system.script.live = ["v1", "v2"]
    assert all_findings(tmp_path, system, "bindings", cause="outside_change") == [
        ("binding PAGE_SIZE", f"absent: removed by the upload of {ANN}")
    ]


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
    system = healthy_system()
    system.script.crons = live
    assert all_findings(tmp_path, system, "bindings") == [("schedule", text) for text in actual]


NOT_FINISHED = "the last `pulumi up` did not finish"


@pytest.mark.parametrize(
    ("changed_on", "suffix", "cause"),
    [
        ("2024-12-19T09:00:00Z", f": {NOT_FINISHED}", "configuration"),  # before the upload at 10:00:00
        ("2024-12-19T10:30:00Z", "", "outside_change"),
        ("", "", "configuration"),
    ],
)
def test_a_refused_cron_update_is_not_a_change_outside_pulumi(tmp_path, changed_on, suffix, cause):
    """Case C10: Cloudflare refused the crons of the last `pulumi up`, so the live crons are older than its upload."""
    system = healthy_system()
    system.script.crons, system.script.crons_changed_on = ["0 1 * * *"], changed_on
    assert all_findings(tmp_path, system, "bindings", cause=cause) == [
        ("schedule", f"absent{suffix}"),
        ("schedule", f"0 1 * * *{suffix}"),
    ]


@pytest.mark.parametrize(("crons", "suffix"), [(["0 1 * * *"], f": {NOT_FINISHED}"), (["0 2 * * *"], "")])
def test_the_crons_of_an_upload_after_which_the_next_one_was_refused(tmp_path, crons, suffix):
    """Case C10: Cloudflare refused the upload of the last `pulumi up`, and the stack has its manifest already."""
    system = healthy_system()
    live = f"bv:11111111:999999999999:{digest_crons(['0 1 * * *'])}:44444444"
    system.script.versions = [system.script.version(1, live, "upload")]
    system.script.crons = crons
    assert all_findings(tmp_path, system, "bindings")[-1] == ("schedule", f"{crons[0]}{suffix}")


@pytest.mark.parametrize(("before", "suffix"), [([], f": {NOT_FINISHED}"), (["0 1 * * *"], "")])
def test_the_first_schedule_of_a_worker_was_refused(tmp_path, before, suffix):
    """Case C10: the upload before declared no cron, and Cloudflare refused the first one."""
    system = healthy_system()
    former = f"bv:11111111:999999999999:{digest_crons(before)}:44444444"
    system.script.versions = [system.script.version(2, TAG, "upload"), system.script.version(1, former, "upload")]
    system.script.live, system.script.crons = ["v2"], []
    assert all_findings(tmp_path, system, "bindings") == [("schedule", f"absent{suffix}")]


def test_crons_without_an_upload_of_the_stack_or_a_readable_history_have_no_reason(tmp_path):
    """Case C10: nothing is claimed that was not looked at."""
    system = healthy_system()
    system.script.crons = []
    system.routes["GET", "/versions"] = lambda request: (
        answer(400) if request.url.path.endswith("/versions") else system.cloudflare.answer(request)
    )
    assert all_findings(tmp_path, system, "bindings") == [("schedule", "absent")]
    del system.routes["GET", "/versions"]
    system.script.versions = [system.script.version(1, "", "upload")]
    assert all_findings(tmp_path, system, "bindings", cause="configuration") == [("schedule", "absent")]


def test_a_worker_without_schedule(tmp_path):
    system = healthy_system(manifest=manifest_data(schedules=[]))
    _, report = system.report(tmp_path, "bindings")
    assert report["bindings"]["evidence"][1] == "the crons are as declared: none"


@pytest.mark.parametrize(
    ("part", "result"),
    [
        ("/schedules", {"schedules": [{"cron": 5}]}),
        ("/schedules", []),
        ("/settings", []),
        ("/settings", {"logpush": "on"}),
        ("/settings", {"tail_consumers": [{}]}),
        ("/settings", {"observability": {"enabled": True, "head_sampling_rate": "1"}}),
        ("/versions/v1", {"id": "v1", "number": 1}),
        ("/versions/v1", {"id": "v1", "number": 1, "resources": {"bindings": [{"name": "X"}]}}),
        ("/versions/v1", {"id": "v1", "resources": {"bindings": []}}),
    ],
)
def test_bindings_from_an_api_of_another_shape(tmp_path, part, result):
    system = healthy_system()
    system.routes["GET", part] = envelope(result)
    assert inconclusive_finding(tmp_path, system, "bindings")["expected"] == "an answer of the documented form"
