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


@pytest.mark.parametrize("worker", [None, dataclasses.replace(WORKER, latest=BOUND[:2])])
def test_a_listed_secret_that_is_not_live_is_refused_in_one_line(read, worker):
    with pytest.raises(settings.SettingsError, match="wrangler secret put SLACK_TOKEN --name building") as caught:
        kept(read, worker=worker, extraBindings=KEEP)
    assert "\n" not in str(caught.value)


def test_a_rollback_past_a_listed_secret_does_not_lock_the_stack(read):
    rolled_back = dataclasses.replace(WORKER, bindings=BOUND[:2])
    assert kept(read, worker=rolled_back, extraBindings=KEEP) == []
    assert kept(read, worker=rolled_back, uploaded=BOUND, adopt="true") == ["SLACK_TOKEN"]
