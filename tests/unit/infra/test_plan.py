"""The plan of a deployment, with an account that answers from memory."""

import dataclasses

import pytest

from cloudflare_client.versions import WorkerVersion
from contract.drift.sentence import describe, message_of
from infra.account import LiveWorker
from infra.declarations import backfill, query
from infra.declarations.manifest import build_manifest
from infra.drift.last_upload import ForeignWorkerError
from infra.plan import BUCKET, BUCKET_TYPE, BucketExistsError, plan
from infra.policy import PolicyError
from infra.settings.binding_names import QUERY_BINDINGS
from tests.fakes.deployments import DECLARED_SETTINGS, make_deployment

SCRIPTS = {"backfill": "building-vitals-backfill", "query": "building-vitals-query"}
QUERY_ON = {"queryWorker": "true"}


class FakeAccount:
    """Live workers and buckets. Every read is recorded."""

    def __init__(self, workers=(), buckets=()):
        self.workers, self.buckets, self.asked = {worker.name: worker for worker in workers}, buckets, []

    def require_subdomain(self, url):
        pass

    def read_worker(self, script, *, owner):
        self.asked.append(("worker", script))
        return self.workers.get(script)

    def read_bindings(self, script, version):
        self.asked.append(("bindings", script, version))
        return ()

    def has_bucket(self, name):
        self.asked.append(("bucket", name))
        return name in self.buckets


def worker_of(settings, module, *, tag=None, bindings=None):
    """A live worker as this stack uploaded it, or with another tag or other bindings."""
    declaration = module.declare(settings)
    manifest = build_manifest(settings, declaration, declaration.bindings)
    bound = tuple({"name": item.name, "type": item.type, **item.properties} for item in manifest.bindings)
    version = WorkerVersion(
        id="v1", number=1, tag=manifest.worker.tag if tag is None else tag, message="", triggered_by="upload"
    )
    return LiveWorker(
        name=declaration.script,
        deployment=make_deployment("v1"),
        versions=(version,),
        bindings=bound if bindings is None else bindings,
        latest=bound,
        schedules=manifest.schedules,
        settings=DECLARED_SETTINGS,
    )


@pytest.fixture
def planned(read):
    def planned(account=None, state=(), **config):
        account = FakeAccount() if account is None else account
        return plan(read(**config), account, state_has=lambda kind, name: (kind, name) in state)

    return planned


def test_without_the_query_worker_one_worker_is_planned(planned):
    [worker] = planned().workers
    assert (worker.name, worker.drift, worker.message, worker.uploaded_before) == ("backfill", None, None, False)
    assert worker.source.parts == ("workers", "dist", "backfill.js")


def test_every_worker_goes_the_same_way(planned, read):
    settings = read(**QUERY_ON)
    account = FakeAccount([worker_of(settings, backfill), worker_of(settings, query)])
    found = planned(account, **QUERY_ON)
    assert [(item.name, item.drift, item.uploaded_before) for item in found.workers] == [
        ("backfill", None, True),
        ("query", None, True),
    ]
    assert account.asked == [("worker", script) for script in SCRIPTS.values()]
    assert found.warnings == settings.warnings


def test_the_query_worker_has_its_own_manifest_and_no_secret(planned):
    first, second = planned(**QUERY_ON).workers
    assert tuple(item.name for item in second.bindings) == QUERY_BINDINGS
    assert "secret_text" not in {item.type for item in second.bindings}
    assert second.manifest.schedules == ()
    assert second.manifest.worker.service == "query-worker"
    assert first.manifest.worker.tag != second.manifest.worker.tag
    assert first.manifest.siblings.query_url == second.manifest.worker.url
    assert second.manifest.siblings.query_url is None


@pytest.mark.parametrize("module", [backfill, query])
def test_drift_of_each_worker_is_a_record_a_message_and_a_warning(planned, read, module):
    settings = read(**QUERY_ON)
    workers = [worker_of(settings, item, bindings=() if item is module else None) for item in (backfill, query)]
    found = planned(FakeAccount(workers), **QUERY_ON)
    [drifted] = [item for item in found.workers if item.drift is not None]
    assert drifted.name == module.__name__.rpartition(".")[2]
    assert drifted.drift.origin == "bindings"
    assert drifted.message == message_of(drifted.drift)
    start = "" if module is backfill else "building-vitals-query: "
    assert found.warnings[-1] == f"{start}{describe(drifted.drift)}"


@pytest.mark.parametrize("module", [backfill, query])
def test_changed_settings_of_each_worker_are_drift_and_tail_consumers_are_removed(planned, read, module):
    """Case X4: the query worker's settings are declared as the backfill worker's are."""
    settings = read(**QUERY_ON)
    workers = [worker_of(settings, item) for item in (backfill, query)]
    at = (backfill, query).index(module)
    live = dataclasses.replace(workers[at].settings, tail_consumers="log-reader")
    workers[at] = dataclasses.replace(workers[at], settings=live)
    found = planned(FakeAccount(workers), **QUERY_ON)
    assert [item.drift.origin if item.drift else None for item in found.workers][at] == "script settings"
    assert [item.has_tail_consumers for item in found.workers] == [index == at for index in range(2)]
    assert "tail consumers (expected none, found log-reader)" in found.warnings[-1]


def test_the_first_declaration_of_settings_is_a_warning_and_not_drift(planned, read):
    settings = read()
    worker = worker_of(settings, backfill)
    former = dataclasses.replace(worker.versions[0], tag=worker.versions[0].tag.rpartition(":")[0])
    live = dataclasses.replace(worker.settings, observability="off")
    [found] = planned(FakeAccount([dataclasses.replace(worker, versions=(former,), settings=live)])).workers
    assert (found.drift, found.message) == (None, None)
    assert found.notice == (
        "building-vitals-backfill: the settings of the script are declared from this update on: "
        "observability logs at 100 % (live: off)"
    )


@pytest.mark.parametrize("adopt", ["true", "false"])
def test_a_foreign_query_worker_is_never_adopted(planned, read, adopt):
    settings = read(**QUERY_ON)
    account = FakeAccount([worker_of(settings, query, tag="another program")])
    with pytest.raises(ForeignWorkerError, match="a query worker is never adopted") as caught:
        planned(account, adopt=adopt, **QUERY_ON)
    assert "\n" not in str(caught.value)


def test_a_foreign_backfill_worker_is_refused_with_the_next_command(planned, read):
    account = FakeAccount([worker_of(read(), backfill, tag="another program")])
    with pytest.raises(ForeignWorkerError) as caught:
        planned(account)
    assert str(caught.value) == (
        "worker 'building-vitals-backfill' already exists but was not deployed by this stack: "
        "to take it over, run: pulumi config set adopt true"
    )


def test_an_adopted_worker_keeps_its_secrets(planned, read):
    theirs = worker_of(read(), backfill, tag="another program")
    slack = {"name": "SLACK_TOKEN", "type": "secret_text"}
    theirs = dataclasses.replace(theirs, bindings=(*theirs.bindings, slack), latest=(*theirs.bindings, slack))
    [worker] = planned(FakeAccount([theirs]), adopt="true").workers
    assert worker.drift.adopted
    assert worker.bindings[-1].upload() == {"name": "SLACK_TOKEN", "type": "inherit"}
    assert "SLACK_TOKEN" in {item.name for item in worker.manifest.bindings}


def test_the_policy_is_enforced(planned):
    with pytest.raises(PolicyError, match="the setting queryUrl"):
        planned(queryUrl="https://q.example.dev/" + "0123456789abcdef" * 4)


STATE = [(BUCKET_TYPE, BUCKET)]


@pytest.mark.parametrize(
    ("adopt", "deployed", "exists", "state", "imported"),
    [
        ("false", False, False, [], False),  # a first deployment
        ("false", False, True, STATE, False),  # the worker was deleted, or its first upload failed
        ("true", False, False, [], False),
        ("true", False, True, [], True),
        ("true", False, True, [(BUCKET_TYPE, "another")], True),
        ("true", True, True, [], True),  # the state was lost
        ("true", True, True, STATE, False),  # adopt was left on
        ("true", True, False, STATE, False),  # the bucket was deleted
    ],
)
def test_an_existing_bucket_is_imported_where_the_state_does_not_have_it(
    planned, read, adopt, deployed, exists, state, imported
):
    workers = [worker_of(read(), backfill)] if deployed else []
    account = FakeAccount(workers, buckets=["ace-timeseries"] if exists else [])
    assert planned(account, state, adopt=adopt).bucket.imported is imported


def test_an_ordinary_preview_makes_no_request_for_the_bucket(planned, read):
    account = FakeAccount([worker_of(read(), backfill)], buckets=["ace-timeseries"])
    assert planned(account).bucket.imported is False
    assert ("bucket", "ace-timeseries") not in account.asked


def test_a_foreign_bucket_is_refused_with_the_next_command(planned):
    with pytest.raises(BucketExistsError) as caught:
        planned(FakeAccount(buckets=["ace-timeseries"]))
    assert str(caught.value) == (
        "bucket 'ace-timeseries' already exists but was not created by this stack: "
        "to take it over with its data, run: pulumi config set adopt true"
    )
