import dataclasses
import hashlib
import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from cloudflare_client.script_settings import ScriptSettings
from cloudflare_client.versions import WorkerVersion
from contract.drift import record as drift
from contract.drift.record import BindingChange, EarlierChange, LiveBinding, SettingChange
from contract.drift.rollback import message_of_rollback
from contract.drift.sentence import MAX_MESSAGE, message_of
from infra.account import LiveWorker
from infra.drift.detection import find_drift, next_message
from infra.drift.digest import digest, digest_bindings, digest_settings
from infra.drift.last_upload import ForeignWorkerError, OtherStackError, uploaded_bindings
from infra.drift.setting_changes import describe_first_declaration
from infra.drift.tag import owner_prefix, tag_of
from tests.fakes.deployments import DECLARED_SETTINGS, make_deployment
from tests.unit.infra.conftest import manifest_of

FIELDS_OF_THE_API = {"created_by": "x", "jurisdiction": "default", "environment": "production"}
SECRET_CHANGE = {"triggered_by": "secret", "tag": ""}


@pytest.fixture
def manifest(read):
    return manifest_of(read())


@pytest.fixture
def worker(manifest):
    """A live worker as the upload left it, with fields that only the API has."""
    first = WorkerVersion(
        id="608d4072-aaaa",
        number=1,
        tag=manifest.worker.tag,
        message="",
        triggered_by="upload",
        created_on="2026-11-21T08:00:00.5Z",
    )
    return LiveWorker(
        name="building-vitals-backfill",
        deployment=make_deployment(first.id),
        versions=(first,),
        bindings=tuple({**item, **FIELDS_OF_THE_API} for item in manifest.to_dict()["bindings"]),
        latest=(),
        schedules=manifest.schedules,
        settings=DECLARED_SETTINGS,
    )


def changed(worker, **fields):
    """The worker after a newer version was made live outside Pulumi."""
    newer = dataclasses.replace(worker.versions[0], id="ffff0000-bbbb", number=2, **fields)
    deployment = make_deployment(newer.id)
    return dataclasses.replace(worker, versions=(newer, *worker.versions), deployment=deployment)


def declared(*, adopt=False, other_stack=False):
    """The part of a declaration that says which live worker may be taken over."""
    return SimpleNamespace(
        adopt=adopt or other_stack,
        adopts_other_stack=other_stack,
        setting="workerName",
        advice="adopt it",
        advice_on_stack="Leave it alone",
    )


def found(manifest, worker, *, before=None, **adoption):
    """The drift of a live worker. `before` are the bindings of the last upload of this stack."""
    owner = owner_prefix(manifest.project, manifest.stack)
    bindings = worker.bindings if worker and before is None else before
    uploaded = uploaded_bindings(worker, owner, declaration=declared(**adoption), read_bindings=lambda _: bindings)
    return find_drift(manifest, worker, uploaded=uploaded)


def message(manifest, worker, **more):
    return next_message(manifest, worker, found(manifest, worker, **more))


def is_drift(record, origin, version="ffff0000", changes=()):
    """Whether a record has this origin and version, the author, and these changes."""
    assert (record.origin, record.version[:8]) == (origin, version)
    assert (record.author, record.at) == ("jo@example.org", "2026-11-21 08:30:00")
    assert [(item.name, item.change) for item in record.changes] == list(changes)
    return True


def test_no_worker_no_message(manifest):
    assert message(manifest, None) is None


def test_an_unchanged_upload_keeps_the_live_message(manifest, worker):
    assert found(manifest, worker) is None
    assert message(manifest, worker) is None
    said = dataclasses.replace(worker, versions=(dataclasses.replace(worker.versions[0], message="drift: x"),))
    assert message(manifest, said) == "drift: x"


def test_an_ordinary_change_of_the_program_is_not_drift(read, worker):
    later = manifest_of(read(sites='[{"name":"other","startDate":"2024-12-10"}]', schedule="0 * * * *"))
    assert found(later, worker) is None
    assert message(later, worker) is None


def test_a_changed_secret_is_drift_and_named(manifest, worker):
    for change in (SECRET_CHANGE, {"triggered_by": "secret"}):
        record = found(manifest, changed(worker, **change))
        assert is_drift(record, "secret", changes=[("ACE_API_KEY", "changed")])
        assert message(manifest, changed(worker, **change)) == message_of(record)


def test_of_several_secrets_none_is_named_for_a_value(manifest, worker):
    two = dataclasses.replace(
        changed(worker, **SECRET_CHANGE), bindings=(*worker.bindings, {"name": "OTHER", "type": "secret_text"})
    )
    assert is_drift(found(manifest, two, before=two.bindings), "secret")


@pytest.mark.parametrize("name", ["OUTSIDE", "MY-SECRET", "my.secret", "größe\n"])
def test_deleted_and_added_secrets_with_any_names_are_named(manifest, worker, name):
    others = [item for item in worker.bindings if item["name"] != "ACE_API_KEY"]
    outside = dataclasses.replace(
        changed(worker, **SECRET_CHANGE), bindings=(*others, {"name": name, "type": "secret_text"})
    )
    record = found(manifest, outside, before=worker.bindings)
    assert is_drift(record, "secret", changes=[("ACE_API_KEY", "deleted"), (name, "added")])


def test_an_upload_outside_pulumi_is_drift(manifest, worker):
    assert is_drift(found(manifest, changed(worker, tag="v1")), "upload")
    assert is_drift(found(manifest, changed(worker, tag="v1", triggered_by="version_upload")), "upload")


OF_DEV = owner_prefix("building-vitals", "dev")


def taken_over(worker):
    return changed(worker, tag=f"{OF_DEV}1:2:3:4")


def with_version(worker, **fields):
    """The live version, made after the versions of a worker."""
    newest = dataclasses.replace(worker.versions[0], id="live", number=9, **fields)
    return dataclasses.replace(worker, versions=(newest, *worker.versions), deployment=make_deployment(newest.id))


@pytest.mark.parametrize("adopt", [False, True])
@pytest.mark.parametrize(
    "live",
    [
        taken_over,
        lambda worker: dataclasses.replace(taken_over(worker), versions=taken_over(worker).versions[:1]),
        lambda worker: with_version(taken_over(worker), **SECRET_CHANGE),
        lambda worker: with_version(taken_over(worker), tag="uploaded with wrangler"),
        lambda worker: dataclasses.replace(taken_over(worker), deployment=make_deployment("not-listed")),
        lambda worker: dataclasses.replace(
            taken_over(worker), deployment=make_deployment("608d4072-aaaa", "ffff0000-bbbb")
        ),
    ],
    ids=["took it over", "deployed it", "changed a secret", "was replaced by wrangler", "not listed", "split"],
)
def test_a_worker_of_another_stack_is_refused_with_and_without_adopt(manifest, worker, live, adopt):
    """Case X6: stack `dev` with default names is told to set `adopt true`; does so."""
    with pytest.raises(OtherStackError) as caught:
        found(manifest, live(worker), adopt=adopt)
    assert str(caught.value) == (
        f"worker 'building-vitals-backfill' was deployed by another stack of this program (its tag begins with {OF_DEV}). "
        "Choose another name, run: pulumi config set workerName ANOTHER. Leave it alone"
    )


def test_a_worker_of_a_stack_that_is_gone_is_taken_over_and_the_record_names_its_tag(manifest, worker):
    theirs = dataclasses.replace(taken_over(worker), versions=taken_over(worker).versions[:1])
    record = found(manifest, theirs, other_stack=True)
    assert (record.adopted, record.stack, record.origin) == (True, OF_DEV, "upload")
    assert f"which is an upload of another stack (its tag begins with {OF_DEV})" in message_of(record)


def test_a_worker_that_another_stack_took_over_is_restored(manifest, worker):
    record = found(manifest, taken_over(worker), other_stack=True)
    assert is_drift(record, "upload")
    assert (record.adopted, record.stack) == (False, None)


def test_after_a_rollback_to_its_own_upload_a_worker_is_not_another_stacks(manifest, worker):
    rolled_back = dataclasses.replace(taken_over(worker), deployment=worker.deployment)
    assert found(manifest, rolled_back) is None


def test_a_copied_tag_does_not_hide_other_bindings(manifest, worker):
    wiped = dataclasses.replace(changed(worker), bindings=worker.bindings[:-1])
    other = ({**worker.bindings[0]}, {**worker.bindings[1], "bucket_name": "another"}, *worker.bindings[2:])
    unknown = (*worker.bindings, {"name": "AI", "type": "ai"})
    assert is_drift(found(manifest, wiped), "bindings")
    for bindings in (other, unknown):
        assert is_drift(found(manifest, dataclasses.replace(changed(worker), bindings=bindings)), "bindings")


@pytest.mark.parametrize("rest", ["", "x", "1:2", "1:2:3:4:5", "1:2:3:4:5:6", ":::"])
def test_a_tag_of_another_form_is_drift_and_never_a_crash(manifest, worker, rest):
    owner = ":".join(manifest.worker.tag.split(":")[:2])
    assert is_drift(found(manifest, changed(worker, tag=f"{owner}:{rest}")), "bindings")


def test_a_rollback_is_drift_with_its_changes(manifest, worker):
    rolled_back = dataclasses.replace(changed(worker), deployment=worker.deployment)
    later = [{**item, "text": "other"} if item["name"] == "SITES" else item for item in worker.bindings]
    record = found(manifest, rolled_back, before=later)
    assert is_drift(record, "rollback", "608d4072", changes=[("SITES", "changed")])


def test_a_version_that_a_deployment_put_back_is_drift_of_its_own_kind(manifest, worker):
    """Issue 13, item 4: the ledger names a rolled-back state."""
    put_back = make_deployment(worker.version_id, message=message_of_rollback("ffff0000-bbbb"))
    record = found(manifest, dataclasses.replace(changed(worker), deployment=put_back))
    assert is_drift(record, "put back", "608d4072")
    other = make_deployment(worker.version_id, message="back")
    assert is_drift(found(manifest, dataclasses.replace(changed(worker), deployment=other)), "rollback", "608d4072")


def test_a_rollback_to_the_last_upload_of_this_stack_is_not_drift(manifest, worker):
    assert found(manifest, dataclasses.replace(changed(worker, **SECRET_CHANGE), deployment=worker.deployment)) is None


def test_a_split_is_drift(manifest, worker):
    newer = changed(worker)
    both = make_deployment(newer.versions[0].id, worker.versions[0].id)
    assert is_drift(found(manifest, dataclasses.replace(newer, deployment=both)), "split")


def test_a_version_that_is_not_listed_is_drift(manifest, worker):
    lost = make_deployment("deadbeef-0")
    assert is_drift(found(manifest, dataclasses.replace(worker, deployment=lost)), "unknown version", "deadbeef")


def test_changed_crons_have_no_author(manifest, worker):
    record = found(manifest, dataclasses.replace(worker, schedules=()))
    assert (record.origin, record.version, record.author, record.at, record.crons) == (
        "crons",
        worker.versions[0].id,
        None,
        None,
        (),
    )
    record = found(manifest, dataclasses.replace(changed(worker, **SECRET_CHANGE), schedules=("0 1 * * *",)))
    assert is_drift(record, "secret", changes=[("ACE_API_KEY", "changed")])
    assert record.crons == ("0 1 * * *",)


@pytest.mark.parametrize(
    ("changed_on", "origin"),
    [
        ("2026-11-21T07:59:59Z", "unfinished"),
        ("2026-11-21T08:00:00.1Z", "crons"),  # the same second proves nothing
        ("2026-11-21T08:00:01Z", "crons"),
        ("", "crons"),
    ],
)
def test_crons_that_are_older_than_the_upload_were_never_sent(manifest, worker, changed_on, origin):
    """Case C10: Cloudflare refused the crons of the last `pulumi up`, so no change was made outside Pulumi."""
    old = dataclasses.replace(worker, schedules=("0 1 * * *",), crons_changed_on=changed_on)
    record = found(manifest, old)
    assert (record.origin, record.crons, record.author) == (origin, ("0 1 * * *",), None)
    assert ("did not finish" in message(manifest, old)) is (origin == "unfinished")
    assert ("outside Pulumi" in message(manifest, old)) is (origin == "crons")


@pytest.mark.parametrize(("before", "origin"), [([], "unfinished"), (["0 1 * * *"], "crons")])
def test_without_crons_the_upload_before_tells_whether_any_was_sent(manifest, worker, before, origin):
    """Case C10: the first schedule of a worker was refused, or a cron was removed outside Pulumi."""
    former = tag_of(dataclasses.replace(manifest, schedules=tuple(before)))
    earlier = dataclasses.replace(worker.versions[0], id="aaaa0000-aaaa", number=0, tag=former)
    assert found(manifest, dataclasses.replace(worker, versions=(*worker.versions, earlier), schedules=())).origin == (
        origin
    )


@pytest.mark.parametrize(("sent", "origin"), [(False, "unfinished"), (True, "crons")])
def test_without_crons_after_the_first_upload_the_state_tells_whether_any_was_sent(manifest, worker, sent, origin):
    """Case C10: the first `pulumi up` was refused after its upload."""
    bare = dataclasses.replace(worker, schedules=())
    assert find_drift(manifest, bare, uploaded=bare.bindings, sent_crons=lambda: sent).origin == origin


def test_every_change_since_the_last_upload_is_recorded(manifest, worker):
    """Case C11: a secret was changed, then another version was uploaded, both outside Pulumi."""
    secret = {"author": "ann@example.org", "created_on": "2026-11-21T08:10:00Z", **SECRET_CHANGE}
    once = changed(worker, **secret)
    upload = dataclasses.replace(once.versions[0], id="ffff1111-cccc", number=3, triggered_by="upload")
    twice = dataclasses.replace(once, versions=(upload, *once.versions), deployment=make_deployment(upload.id))
    record = found(manifest, twice, before=worker.bindings)
    assert is_drift(record, "upload", "ffff1111")
    assert record.earlier == (
        EarlierChange(version="ffff0000-bbbb", origin="secret", author="ann@example.org", at="2026-11-21 08:10:00"),
    )
    said = message(manifest, twice, before=worker.bindings)
    assert "Before that: ann@example.org changed secrets on 2026-11-21 08:10:00 UTC (version ffff0000)" in said
    assert found(manifest, once, before=worker.bindings).earlier == ()


def test_a_change_before_the_last_upload_is_not_recorded(manifest, worker):
    """Case C11: the upload restored an earlier change."""
    older = dataclasses.replace(worker.versions[0], id="aaaa0000-aaaa", number=0, **SECRET_CHANGE)
    record = found(
        manifest,
        changed(dataclasses.replace(worker, versions=(*worker.versions, older)), **SECRET_CHANGE),
        before=worker.bindings,
    )
    assert record.earlier == ()


def foreign(worker, **more):
    """A live worker that was never an upload of this stack."""
    return dataclasses.replace(worker, versions=(dataclasses.replace(worker.versions[0], tag=""),), **more)


def test_a_worker_of_others_is_refused_unless_adopted(manifest, worker):
    with pytest.raises(ForeignWorkerError, match="already exists but was not deployed by this stack: adopt it"):
        found(manifest, foreign(worker))
    record = found(manifest, foreign(worker), adopt=True)
    assert record == found(manifest, foreign(worker), other_stack=True)
    assert record.stack is None
    assert is_drift(record, "upload", "608d4072")
    assert (record.adopted, record.crons, record.lost, record.replaced) == (True, None, (), ())


def test_an_adoption_names_the_lost_bindings_and_the_live_crons(manifest, worker):
    cache = {"name": "CACHE", "type": "kv_namespace", "namespace_id": "x"}
    record = found(manifest, foreign(worker, bindings=(*worker.bindings, cache), schedules=("0 1 * * *",)), adopt=True)
    assert record.crons == ("0 1 * * *",)
    assert record.lost == (LiveBinding(name="CACHE", type="kv_namespace"),)


def adopting(manifest, worker, bindings):
    record = found(manifest, foreign(worker, bindings=tuple(bindings)), adopt=True)
    return [(item.name, item.type) for item in record.lost], [(item.name, item.type) for item in record.replaced]


def test_an_adoption_names_a_declared_name_of_another_kind(manifest, worker):
    others = [item for item in worker.bindings if item["name"] not in {"SITES", "ACE_API_KEY"}]
    kinds = [{"name": "SITES", "type": "secret_text"}, {"name": "ACE_API_KEY", "type": "plain_text", "text": "fake"}]
    lost, _ = adopting(manifest, worker, [*others, *kinds])
    assert lost == [("SITES", "secret_text"), ("ACE_API_KEY", "plain_text")]


def test_an_adoption_names_every_replaced_value_but_the_key(manifest, worker):
    other = {"BUCKET": {"bucket_name": "another"}, "SITES": {"text": "another"}, "ACE_API_KEY": {"text": "another"}}
    bindings = [{**item, **other.get(item["name"], {})} for item in worker.bindings]
    assert adopting(manifest, worker, bindings) == ([], [("BUCKET", "r2_bucket"), ("SITES", "plain_text")])
    assert adopting(manifest, worker, worker.bindings) == ([], [])


def test_the_last_upload_is_read_only_where_another_version_is_live(manifest, worker):
    owner, asked = owner_prefix(manifest.project, manifest.stack), []
    for live_worker in (worker, changed(worker, **SECRET_CHANGE)):
        uploaded_bindings(
            live_worker, owner, declaration=declared(), read_bindings=lambda version: asked.append(version) or ()
        )
    assert asked == ["608d4072-aaaa"]


def test_a_message_is_kept_within_cloudflares_limit_and_the_record_is_whole(manifest, worker):
    many = [{"name": f"EXTRA_{number}", "type": "plain_text", "text": "x"} for number in range(100)]
    outside = dataclasses.replace(changed(worker, tag=""), bindings=(*worker.bindings, *many))
    said = message(manifest, outside, before=worker.bindings)
    assert 900 < len(said.encode()) <= MAX_MESSAGE
    assert re.search(r"EXTRA_\d+ added, and \d+ more\. `pulumi up` restores it$", said)
    changes = tuple(BindingChange(name=item["name"], change=drift.ADDED) for item in many)
    assert found(manifest, outside, before=worker.bindings).changes == changes


def test_a_later_change_of_the_program_does_not_repeat_the_message_of_an_earlier_drift(read, worker):
    restored = dataclasses.replace(worker, versions=(dataclasses.replace(worker.versions[0], message="drift: x"),))
    assert message(manifest_of(read(sites='[{"name":"other","startDate":"2024-12-10"}]')), restored) is None


def test_the_key_is_not_named_after_two_changes_of_secrets(manifest, worker):
    once = changed(worker, **SECRET_CHANGE)
    versions = (dataclasses.replace(once.versions[0], id="ffff1111-cccc", number=3), *once.versions)
    deployment = make_deployment(versions[0].id)
    twice = dataclasses.replace(once, versions=versions, deployment=deployment)
    assert is_drift(found(manifest, twice, before=worker.bindings), "secret", "ffff1111")


@pytest.mark.parametrize(
    ("declared", "answered", "same"),
    [
        ({"bucket_name": "b"}, {"jurisdiction": ""}, True),
        ({"bucket_name": "b"}, {"jurisdiction": "eu"}, False),
        ({"bucket_name": "b"}, {"jurisdiction": {"x": 1}}, False),
        ({"bucket_name": "b", "jurisdiction": "eu"}, {}, True),
        ({"bucket_name": "b", "jurisdiction": "eu"}, {"jurisdiction": "default"}, False),
        ({"service": "s"}, {"environment": "production"}, True),
        ({"service": "s", "environment": "staging"}, {}, True),
        ({"service": "s", "environment": "staging"}, {"environment": "production"}, False),
    ],
)
def test_an_optional_field_is_compared_where_it_differs_from_its_default(read, worker, declared, answered, same):
    kind = "r2_bucket" if "bucket_name" in declared else "service"
    manifest = manifest_of(read(extraBindings=json.dumps([{"type": kind, "name": "MORE", **declared}])))
    first = dataclasses.replace(worker.versions[0], tag=manifest.worker.tag)
    bindings = (*worker.bindings, {"name": "MORE", "type": kind, **declared, **answered})
    echoed = dataclasses.replace(worker, versions=(first,), bindings=bindings)
    assert (found(manifest, echoed) is None) is same


def test_the_tag_of_a_former_deployment_is_the_same(manifest):
    texts = {"SITE": "ses_falls_city", "START_DATE": "2024-12-10"}  # where SITES and its companions are now
    new = {"SITES", "SETTLE_HOURS", "RECHECK_DAYS", "DEAD_LETTER_QUEUE", "DAYS"}
    kept = [item.to_dict() for item in manifest.bindings if item.name not in new]
    former = [{"name": name, "type": "plain_text", "text": text} for name, text in texts.items()]
    assert digest_bindings([*kept, *former]) == "84abae1e"


def test_a_tag_of_a_former_deployment_without_the_code_or_the_settings_is_not_drift(manifest, worker):
    for parts in (5, 6):
        former = dataclasses.replace(worker.versions[0], tag=":".join(manifest.worker.tag.split(":")[:parts]))
        assert found(manifest, dataclasses.replace(worker, versions=(former,))) is None


def test_other_code_with_the_same_settings_has_another_tag_of_at_most_100_bytes(manifest):
    """Case X5: the digest of the code is part of the manifest and of the tag."""
    other = dataclasses.replace(manifest, worker=dataclasses.replace(manifest.worker, code="0" * 64))
    assert manifest.worker.code == hashlib.sha256(Path("workers/dist/backfill.js").read_bytes()).hexdigest()
    assert tag_of(manifest).split(":")[5] == manifest.worker.code[:12]
    assert tag_of(other).split(":")[3:5] == tag_of(manifest).split(":")[3:5]
    assert tag_of(other) != tag_of(manifest)
    assert len(tag_of(manifest).encode()) <= 100


def with_settings(worker, **settings):
    return dataclasses.replace(worker, settings=dataclasses.replace(worker.settings, **settings))


def test_a_setting_changed_outside_pulumi_is_drift_and_has_no_author(manifest, worker):
    """Case X4: `wrangler deploy` switches observability off, and a PATCH of script settings makes no version."""
    live = with_settings(worker, observability="off", tail_consumers="log-reader")
    record = found(manifest, live)
    assert (record.origin, record.version, record.author, record.at) == (
        "script settings",
        worker.versions[0].id,
        None,
        None,
    )
    assert record.settings == (
        SettingChange(name="observability", expected="logs at 100 %", found="off"),
        SettingChange(name="tail_consumers", expected="none", found="log-reader"),
    )
    assert message(manifest, live) == (
        "drift: the script settings were changed outside Pulumi (live version 608d4072). Settings: observability "
        "(expected logs at 100 %, found off), tail consumers (expected none, found log-reader). Cloudflare does not "
        "record the author and the time of a changed script setting. `pulumi up` restores it"
    )


def test_a_setting_of_a_version_changed_outside_pulumi_has_its_author(manifest, worker):
    """Case X4: a PATCH of limits makes a version."""
    live = with_settings(changed(worker, triggered_by="settings", tag=""), limits="cpu_ms 50")
    record = found(manifest, live, before=worker.bindings)
    assert is_drift(record, "settings")
    assert record.settings == (SettingChange(name="limits", expected="cpu_ms 300000", found="cpu_ms 50"),)
    assert message(manifest, live, before=worker.bindings).startswith("drift: jo@example.org changed settings outside")


def test_changed_settings_and_crons_are_one_drift(manifest, worker):
    record = found(manifest, dataclasses.replace(with_settings(worker, logpush="on"), schedules=()))
    assert (record.origin, record.crons, len(record.settings)) == ("script settings", (), 1)


def test_a_change_of_the_declared_settings_is_not_drift(manifest, worker):
    settings = dataclasses.replace(manifest.worker.settings, limits="cpu_ms 60000")
    later = dataclasses.replace(manifest, worker=dataclasses.replace(manifest.worker, settings=settings))
    later = later.with_tag(tag_of(later))
    assert later.worker.tag != manifest.worker.tag
    assert (found(later, worker), message(later, worker)) == (None, None)
    secret = found(later, changed(worker, **SECRET_CHANGE), before=worker.bindings)
    assert (secret.origin, secret.settings) == ("secret", ())


def test_an_upload_that_did_not_declare_settings_is_updated_once_and_is_not_drift(manifest, worker):
    """The first preview after the upgrade names the settings that the update replaces, and no change outside Pulumi."""
    former = dataclasses.replace(worker.versions[0], tag=manifest.worker.tag.rpartition(":")[0])
    upgraded = dataclasses.replace(worker, versions=(former,))
    live = with_settings(upgraded, observability="off", limits="none", tail_consumers="log-reader")
    assert former.tag != manifest.worker.tag
    assert (found(manifest, live), message(manifest, live)) == (None, None)
    assert describe_first_declaration(manifest, live) == (
        "building-vitals-backfill: the settings of the script are declared from this update on: observability logs at "
        "100 % (live: off), tail consumers none (live: log-reader), limits cpu_ms 300000 (live: none)"
    )
    for other in (None, upgraded, worker, with_settings(worker, logpush="on")):
        assert describe_first_declaration(manifest, other) is None


def test_an_adoption_names_the_replaced_settings(manifest, worker):
    record = found(manifest, foreign(with_settings(worker, observability="off")), adopt=True)
    assert record.settings == (SettingChange(name="observability", expected="logs at 100 %", found="off"),)


def test_the_digest_of_settings_leaves_out_those_that_are_off(manifest, worker):
    """Live workers carry it. A further setting that is off must not change it."""
    assert tag_of(manifest).split(":")[6] == digest_settings(worker.settings) == "cccdd0e1"
    off = ScriptSettings(observability="off", logpush="off", tail_consumers="none", limits="none", placement="none")
    assert digest_settings(off) == digest({})


def test_json_is_compared_by_its_meaning(read, worker):
    extra = json.dumps([{"type": "json", "name": "LIMITS", "json": '{"b": 1, "a": [2]}'}])
    manifest = manifest_of(read(extraBindings=extra))
    first = dataclasses.replace(worker.versions[0], tag=manifest.worker.tag)
    bindings = [*worker.bindings, {"name": "LIMITS", "type": "json", "json": {"a": [2], "b": 1}}]
    echoed = dataclasses.replace(worker, versions=(first,), bindings=tuple(bindings))
    assert found(manifest, echoed) is None
