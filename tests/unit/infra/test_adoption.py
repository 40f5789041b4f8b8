import dataclasses
import json

import pytest

from infra import adoption, live, settings

SLACK = {"name": "SLACK_TOKEN", "type": "secret_text"}
BOUND = ({"name": "ACE_API_KEY", "type": "secret_text"}, {"name": "CACHE", "type": "kv_namespace"}, SLACK)
WORKER = live.Worker(
    name="w",
    deployment=live.Deployment(versions=("v1",), author="jo", created_on="t"),
    versions=(),
    bindings=BOUND,
    latest=BOUND,
    schedules=(),
)
KEEP = json.dumps([{"name": "SLACK_TOKEN", "type": "secret_text"}])


def kept(read, worker=WORKER, uploaded=None, **config):
    return [item.name for item in adoption.kept_secrets(read(**config), worker, uploaded=uploaded)]


def test_an_adopting_stack_keeps_the_secrets_that_it_does_not_declare(read):
    assert kept(read, adopt="true") == ["SLACK_TOKEN"]


def test_without_adopt_nothing_is_kept_that_is_not_listed(read):
    assert kept(read) == []
    assert kept(read, worker=None, adopt="true") == []


def test_what_is_listed_is_not_kept_twice(read):
    assert kept(read, adopt="true", extraBindings=KEEP) == []


def test_from_its_own_first_upload_on_a_secret_added_by_hand_is_drift(read):
    assert kept(read, uploaded=BOUND[:2], adopt="true") == []
    assert kept(read, uploaded=BOUND, adopt="true") == ["SLACK_TOKEN"]


def test_a_kept_secret_that_somebody_deleted_is_kept_no_longer(read):
    worker = dataclasses.replace(WORKER, latest=BOUND[:2])
    assert kept(read, worker=worker, uploaded=BOUND, adopt="true") == []


def refusal(read, worker):
    with pytest.raises(settings.SettingsError) as caught:
        kept(read, worker=worker, extraBindings=KEEP)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def deleted(version=None, author="jo@example.org"):
    """The worker after somebody deleted the listed secret; the list of versions knows the live one, or not."""
    deployment = live.Deployment(versions=("608d4072-aaaa",), author=author, created_on="2026-11-21T08:30:00.1Z")
    versions = () if version is None else (version,)
    return dataclasses.replace(WORKER, latest=BOUND[:2], deployment=deployment, versions=versions)


SECRET = live.Version(id="608d4072-aaaa", number=2, tag="", message="", triggered_by="secret")


def test_a_listed_secret_that_is_not_live_is_refused_with_who_and_when(read):
    assert refusal(read, deleted(SECRET)) == (
        "extraBindings keeps the secret SLACK_TOKEN, and the live worker has none of this name (what is live, 608d4072, "
        "was made (secret) by jo@example.org on 2026-11-21 08:30:00 UTC): "
        "put it (wrangler secret put SLACK_TOKEN --name building-vitals-backfill), or take it out of extraBindings"
    )


def test_nobody_is_accused_where_nobody_is_recorded(read):
    assert "none of this name: put it" in refusal(read, deleted())
    assert "\n" not in refusal(read, deleted(SECRET, author="jo\n: x"))
    assert "unnamed on 2026" in refusal(read, deleted(SECRET, author="jo\n: x"))


def test_a_listed_secret_of_a_worker_that_is_gone_is_refused_with_the_way_that_makes_no_foreign_worker(read):
    assert refusal(read, None) == (
        "extraBindings keeps the secret SLACK_TOKEN, and there is no worker building-vitals-backfill: "
        "take it out of extraBindings, run: pulumi up, "
        "then: wrangler secret put SLACK_TOKEN --name building-vitals-backfill, and list it again"
    )


def test_a_rollback_past_a_listed_secret_does_not_lock_the_stack(read):
    rolled_back = dataclasses.replace(WORKER, bindings=BOUND[:2])
    assert kept(read, worker=rolled_back, extraBindings=KEEP) == []
    assert kept(read, worker=rolled_back, uploaded=BOUND, adopt="true") == ["SLACK_TOKEN"]
