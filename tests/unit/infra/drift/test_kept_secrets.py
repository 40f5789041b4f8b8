import dataclasses
import json

import pytest

from cloudflare_client.versions import WorkerVersion
from infra.account import LiveWorker
from infra.declarations import backfill
from infra.drift.kept_secrets import MissingSecretError, find_kept_secrets
from tests.fakes.deployments import DECLARED_SETTINGS, make_deployment

SLACK = {"name": "SLACK_TOKEN", "type": "secret_text"}
BOUND = ({"name": "ACE_API_KEY", "type": "secret_text"}, {"name": "CACHE", "type": "kv_namespace"}, SLACK)
WORKER = LiveWorker(
    name="w",
    deployment=make_deployment("v1"),
    versions=(),
    bindings=BOUND,
    latest=BOUND,
    schedules=(),
    settings=DECLARED_SETTINGS,
)
KEEP = json.dumps([{"name": "SLACK_TOKEN", "type": "secret_text"}])


def kept(read, worker=WORKER, uploaded=None, **config):
    declaration = backfill.declare(read(**config))
    found = find_kept_secrets(
        declaration.bindings,
        worker,
        script=declaration.script,
        reserved=declaration.reserved_names,
        adopt=declaration.adopt,
        uploaded=uploaded,
    )
    return [item.name for item in found]


def test_an_adopting_stack_keeps_the_secrets_that_it_does_not_declare(read):
    assert kept(read, adopt="true") == ["SLACK_TOKEN"]


def test_without_adopt_only_listed_secrets_are_kept(read):
    assert kept(read) == []
    assert kept(read, worker=None, adopt="true") == []


def test_a_listed_secret_is_not_kept_twice(read):
    assert kept(read, adopt="true", extraBindings=KEEP) == []


def test_from_its_own_first_upload_on_an_added_secret_is_drift(read):
    assert kept(read, uploaded=BOUND[:2], adopt="true") == []
    assert kept(read, uploaded=BOUND, adopt="true") == ["SLACK_TOKEN"]


def test_a_kept_secret_that_was_deleted_is_kept_no_longer(read):
    worker = dataclasses.replace(WORKER, latest=BOUND[:2])
    assert kept(read, worker=worker, uploaded=BOUND, adopt="true") == []


def refusal(read, worker):
    with pytest.raises(MissingSecretError) as caught:
        kept(read, worker=worker, extraBindings=KEEP)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def deleted(version=None, author="jo@example.org"):
    """The worker after the listed secret was deleted. The list of versions has the live one, or not."""
    deployment = make_deployment("608d4072-aaaa", author=author)
    versions = () if version is None else (version,)
    return dataclasses.replace(WORKER, latest=BOUND[:2], deployment=deployment, versions=versions)


SECRET = WorkerVersion(id="608d4072-aaaa", number=2, tag="", message="", triggered_by="secret")


def test_a_listed_secret_that_is_not_live_is_refused_with_author_and_time(read):
    assert refusal(read, deleted(SECRET)) == (
        "extraBindings keeps the secret SLACK_TOKEN, but live version 608d4072 (deployed by jo@example.org on "
        "2026-11-21 08:30:00 UTC) has no secret of this name: run "
        "`wrangler secret put SLACK_TOKEN --name building-vitals-backfill`, or remove it from extraBindings"
    )


def test_an_author_with_line_ends_stays_on_one_line(read):
    assert "\n" not in refusal(read, deleted(SECRET, author="jo\n: x"))
    assert "deployed by jo?: x on 2026" in refusal(read, deleted(SECRET, author="jo\n: x"))


def test_a_listed_secret_of_a_deleted_worker_is_refused_with_the_commands_in_their_order(read):
    assert refusal(read, None) == (
        "extraBindings keeps the secret SLACK_TOKEN, but worker 'building-vitals-backfill' does not exist: remove the "
        "secret from extraBindings, run `pulumi up`, then `wrangler secret put SLACK_TOKEN --name "
        "building-vitals-backfill`, and list it again"
    )


def test_a_rollback_past_a_listed_secret_does_not_lock_the_stack(read):
    rolled_back = dataclasses.replace(WORKER, bindings=BOUND[:2])
    assert kept(read, worker=rolled_back, extraBindings=KEEP) == []
    assert kept(read, worker=rolled_back, uploaded=BOUND, adopt="true") == ["SLACK_TOKEN"]
