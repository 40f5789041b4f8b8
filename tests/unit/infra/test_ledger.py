import dataclasses
import json
import re

import pytest

from infra import declaration, ledger, live

API_S_OWN = {"created_by": "x", "jurisdiction": "default", "environment": "production"}
HAND = {"triggered_by": "secret", "tag": ""}


def promise_of(settings, stack="prod"):
    bound = declaration.bindings(settings)
    return declaration.promise(settings, bound, project="building-vitals", stack=stack)


@pytest.fixture
def promised(read):
    return promise_of(read())


@pytest.fixture
def worker(promised):
    """A live worker as the upload left it; the API's own fields beside the declared ones."""
    first = live.Version(id="608d4072-aaaa", number=1, tag=promised.worker.tag, message="", triggered_by="upload")
    return live.Worker(
        name="building-vitals-backfill",
        deployment=live.Deployment(versions=(first.id,), author="jo@example.org", created_on="2026-11-21T08:30:00.1Z"),
        versions=(first,),
        bindings=tuple({**item, **API_S_OWN} for item in promised.to_dict()["bindings"]),
        latest=(),
        schedules=promised.schedules,
    )


def changed(worker, **fields):
    """The worker after somebody made a newer version live."""
    newer = dataclasses.replace(worker.versions[0], id="ffff0000-bbbb", number=2, **fields)
    deployment = dataclasses.replace(worker.deployment, versions=(newer.id,))
    return dataclasses.replace(worker, versions=(newer, *worker.versions), deployment=deployment)


def message(promised, worker, *, adopt=False, before=None):
    """What the next upload would say; `before` are the bindings of our own last version."""
    ours = ledger.owner(promised.project, promised.stack)
    bindings = worker.bindings if worker and before is None else before
    uploaded = ledger.uploaded(worker, ours, adopt=adopt, bindings_of=lambda _: bindings)
    return ledger.message(promised, worker, ledger.superseded(promised, worker, uploaded=uploaded))


def outside(what, version="ffff0000", more=""):
    return f"supersedes {version}, changed outside ({what}) by jo@example.org on 2026-11-21 08:30:00 UTC{more}"


def test_no_worker_no_message(promised):
    assert message(promised, None) is None


def test_ours_and_untouched_keeps_the_live_message(promised, worker):
    assert message(promised, worker) is None
    said = dataclasses.replace(worker, versions=(dataclasses.replace(worker.versions[0], message="supersedes x"),))
    assert message(promised, said) == "supersedes x"


def test_an_ordinary_change_of_the_program_is_not_drift(read, worker):
    later = promise_of(read(site="other", schedule="0 * * * *"))
    assert message(later, worker) is None


def test_a_changed_secret_is_superseded_and_named(promised, worker):
    assert message(promised, changed(worker, **HAND)) == outside("secret", more="; by hand: ACE_API_KEY changed")
    assert message(promised, changed(worker, triggered_by="secret")) == outside(
        "secret", more="; by hand: ACE_API_KEY changed"
    )


def test_of_several_secrets_nobody_is_named_for_a_value(promised, worker):
    two = dataclasses.replace(
        changed(worker, **HAND), bindings=(*worker.bindings, {"name": "OTHER", "type": "secret_text"})
    )
    assert message(promised, two, before=two.bindings) == outside("secret")


def test_a_deleted_and_an_added_secret_are_named(promised, worker):
    others = [item for item in worker.bindings if item["name"] != "ACE_API_KEY"]
    by_hand = dataclasses.replace(
        changed(worker, **HAND), bindings=(*others, {"name": "BY_HAND", "type": "secret_text"})
    )
    assert message(promised, by_hand, before=worker.bindings) == outside(
        "secret", more="; by hand: ACE_API_KEY deleted, BY_HAND added"
    )


def test_an_upload_by_hand_is_superseded(promised, worker):
    assert message(promised, changed(worker, tag="v1")) == outside("upload")
    assert message(promised, changed(worker, tag="v1", triggered_by="version_upload")) == outside("upload")


def test_another_stacks_upload_is_superseded(read, promised, worker):
    foreign = promise_of(read(), stack="dev").worker.tag
    assert message(promised, changed(worker, tag=foreign)) == outside("upload")


def test_a_mark_copied_by_hand_does_not_hide_other_bindings(promised, worker):
    wiped = dataclasses.replace(changed(worker), bindings=worker.bindings[:-1])
    assert message(promised, wiped) == outside("bindings")
    other = ({**worker.bindings[0]}, {**worker.bindings[1], "bucket_name": "another"}, *worker.bindings[2:])
    assert message(promised, dataclasses.replace(changed(worker), bindings=other)) == outside("bindings")
    unknown = (*worker.bindings, {"name": "AI", "type": "ai"})
    assert message(promised, dataclasses.replace(changed(worker), bindings=unknown)) == outside("bindings")


@pytest.mark.parametrize("rest", ["", "x", "1:2", "1:2:3:4:5", ":::"])
def test_a_mark_of_another_form_is_superseded_and_never_a_crash(promised, worker, rest):
    owner = ":".join(promised.worker.tag.split(":")[:2])
    strange = changed(worker, tag=f"{owner}:{rest}")
    assert message(promised, strange).startswith(outside("bindings"))


def test_a_rollback_is_superseded_and_says_what_it_changed(promised, worker):
    rolled_back = dataclasses.replace(changed(worker), deployment=worker.deployment)
    later = [{**item, "text": "other"} if item["name"] == "SITE" else item for item in worker.bindings]
    assert message(promised, rolled_back, before=later) == outside(
        "rollback", "608d4072", more="; by hand: SITE changed"
    )


def test_a_rollback_past_a_change_by_hand_to_our_last_upload_is_ours(promised, worker):
    assert message(promised, dataclasses.replace(changed(worker, **HAND), deployment=worker.deployment)) is None


def test_a_split_is_superseded(promised, worker):
    newer = changed(worker)
    both = dataclasses.replace(newer.deployment, versions=(newer.versions[0].id, worker.versions[0].id))
    assert message(promised, dataclasses.replace(newer, deployment=both)) == outside("split over several versions")


def test_a_version_that_the_list_does_not_know_is_superseded(promised, worker):
    lost = dataclasses.replace(worker.deployment, versions=("deadbeef-0",))
    assert message(promised, dataclasses.replace(worker, deployment=lost)) == outside("version unknown", "deadbeef")


def test_changed_crons_are_superseded_and_nobody_is_accused(promised, worker):
    said = message(promised, dataclasses.replace(worker, schedules=()))
    assert said == "supersedes 608d4072, changed outside (crons); live crons: none"
    said = message(promised, dataclasses.replace(changed(worker, **HAND), schedules=("0 1 * * *",)))
    assert said.endswith("; by hand: ACE_API_KEY changed; live crons: 0 1 * * *")


def test_a_worker_that_was_never_ours_is_refused_unless_adopted(promised, worker):
    foreign = dataclasses.replace(worker, versions=(dataclasses.replace(worker.versions[0], tag=""),))
    with pytest.raises(ledger.ForeignWorkerError, match="pulumi config set adopt true"):
        message(promised, foreign)
    assert message(promised, foreign, adopt=True) == (
        "supersedes 608d4072, adopted, last changed (upload) by jo@example.org on 2026-11-21 08:30:00 UTC"
    )


def test_an_adoption_names_what_it_would_lose_and_the_crons_that_go(promised, worker):
    foreign = dataclasses.replace(
        worker,
        versions=(dataclasses.replace(worker.versions[0], tag=""),),
        bindings=(*worker.bindings, {"name": "CACHE", "type": "kv_namespace", "namespace_id": "x"}),
        schedules=("0 1 * * *",),
    )
    said = message(promised, foreign, adopt=True)
    assert said.endswith("; live crons: 0 1 * * *; lost: CACHE (kv_namespace)")


def adopting(promised, worker, bindings):
    foreign = dataclasses.replace(
        worker, versions=(dataclasses.replace(worker.versions[0], tag=""),), bindings=tuple(bindings)
    )
    return message(promised, foreign, adopt=True).partition(" UTC")[2]


def test_an_adoption_names_what_has_a_declared_name_and_another_kind(promised, worker):
    others = [item for item in worker.bindings if item["name"] not in {"SITE", "ACE_API_KEY"}]
    kinds = [{"name": "SITE", "type": "secret_text"}, {"name": "ACE_API_KEY", "type": "plain_text", "text": "fake"}]
    assert adopting(promised, worker, [*others, *kinds]) == "; lost: SITE (secret_text), ACE_API_KEY (plain_text)"


def test_an_adoption_names_what_has_another_value_and_never_the_key_which_it_replaces_on_purpose(promised, worker):
    other = {"BUCKET": {"bucket_name": "another"}, "SITE": {"text": "another"}, "ACE_API_KEY": {"text": "another"}}
    bindings = [{**item, **other.get(item["name"], {})} for item in worker.bindings]
    assert adopting(promised, worker, bindings) == "; replaced: BUCKET (r2_bucket), SITE (plain_text)"
    assert adopting(promised, worker, worker.bindings) == ""


def test_what_we_uploaded_last_is_asked_for_only_where_something_else_is_live(promised, worker):
    ours = ledger.owner(promised.project, promised.stack)
    asked = []
    for live_worker in (worker, changed(worker, **HAND)):
        ledger.uploaded(live_worker, ours, adopt=False, bindings_of=lambda version: asked.append(version) or ())
    assert asked == ["608d4072-aaaa"]


def test_a_message_is_kept_within_cloudflares_limit(promised, worker):
    many = [{"name": f"EXTRA_{number}", "type": "plain_text", "text": "x"} for number in range(100)]
    by_hand = dataclasses.replace(changed(worker, tag=""), bindings=(*worker.bindings, *many))
    said = message(promised, by_hand, before=worker.bindings)
    assert 900 < len(said.encode()) <= 1000
    assert re.search(r"EXTRA_\d+ added, and \d+ more$", said)


def test_a_later_change_of_the_program_does_not_carry_on_what_was_superseded_once(read, worker):
    healed = dataclasses.replace(worker, versions=(dataclasses.replace(worker.versions[0], message="supersedes x"),))
    assert message(promise_of(read(site="other")), healed) is None


def test_who_changed_another_secret_and_took_it_back_is_not_accused_of_the_key(promised, worker):
    once = changed(worker, **HAND)
    versions = (dataclasses.replace(once.versions[0], id="ffff1111-cccc", number=3), *once.versions)
    deployment = dataclasses.replace(worker.deployment, versions=(versions[0].id,))
    twice = dataclasses.replace(once, versions=versions, deployment=deployment)
    assert message(promised, twice, before=worker.bindings) == outside("secret", "ffff1111")


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
def test_what_may_be_left_out_is_compared_where_it_says_something(read, worker, declared, answered, same):
    kind = "r2_bucket" if "bucket_name" in declared else "service"
    promised = promise_of(read(extraBindings=json.dumps([{"type": kind, "name": "MORE", **declared}])))
    first = dataclasses.replace(worker.versions[0], tag=promised.worker.tag)
    bindings = (*worker.bindings, {"name": "MORE", "type": kind, **declared, **answered})
    echoed = dataclasses.replace(worker, versions=(first,), bindings=bindings)
    assert (message(promised, echoed) is None) is same


def test_the_mark_of_what_was_deployed_before_is_the_same(promised):
    assert promised.worker.tag.rpartition(":")[2] == "84abae1e"


def test_json_is_compared_by_what_it_means(read, worker):
    extra = json.dumps([{"type": "json", "name": "LIMITS", "json": '{"b": 1, "a": [2]}'}])
    promised = promise_of(read(extraBindings=extra))
    first = dataclasses.replace(worker.versions[0], tag=promised.worker.tag)
    bindings = [*worker.bindings, {"name": "LIMITS", "type": "json", "json": {"a": [2], "b": 1}}]
    echoed = dataclasses.replace(worker, versions=(first,), bindings=tuple(bindings))
    assert message(promised, echoed) is None
