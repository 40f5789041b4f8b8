"""The plan of a deployment, with an account that answers from memory."""

import dataclasses

import pytest

from cloudflare_client.queues import Queue, QueueConsumer
from cloudflare_client.script_settings import ScriptSettings
from cloudflare_client.versions import WorkerVersion
from contract.drift.sentence import describe, message_of
from infra.account import LiveWorker
from infra.declarations import backfill, query
from infra.declarations.bucket import BUCKET, BUCKET_TYPE, BucketChangedError, BucketExistsError
from infra.declarations.manifest import build_manifest
from infra.drift.last_upload import ForeignWorkerError, OtherStackError
from infra.drift.tag import owner_prefix
from infra.plan import SCRIPT_TYPE, plan
from infra.policy import PolicyError
from infra.settings.binding_names import QUERY_BINDINGS
from infra.settings.names import RenamedError
from tests.fakes.deployments import make_deployment

SCRIPTS = {"backfill": "building-vitals-backfill", "query": "building-vitals-query"}
QUERY_ON = {"queryWorker": "true"}


class FakeAccount:
    """Live workers and buckets. Every read is recorded."""

    def __init__(self, workers=(), buckets=(), queues=()):
        self.workers, self.buckets, self.asked = {worker.name: worker for worker in workers}, buckets, []
        self.queues = {queue.name: queue for queue in queues}

    def require_subdomain(self, url):
        pass

    def read_worker(self, script, *, owner):
        self.asked.append(("worker", script))
        return self.workers.get(script)

    def read_bindings(self, script, version):
        self.asked.append(("bindings", script, version))
        return ()

    def find_queue(self, name):
        self.asked.append(("queue", name))
        return self.queues.get(name)

    def find_bucket(self, name):
        self.asked.append(("bucket", name))
        return dict(self.buckets).get(name)


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
        settings=ScriptSettings(**dataclasses.asdict(manifest.worker.settings)),
    )


@pytest.fixture
def planned(read):
    def planned(account=None, state=(), **config):
        account = FakeAccount() if account is None else account
        return plan(read(**config), account, read_state=lambda: dict(state))

    return planned


def test_without_the_query_worker_one_worker_is_planned(planned):
    [worker] = planned().workers
    assert (worker.name, worker.drift, worker.message, worker.bucket_before) == ("backfill", None, None, None)
    assert worker.source.parts == ("workers", "dist", "backfill.js")


def test_every_worker_goes_the_same_way(planned, read):
    settings = read(**QUERY_ON)
    account = FakeAccount([worker_of(settings, backfill), worker_of(settings, query)])
    found = planned(account, **QUERY_ON)
    assert [(item.name, item.drift, item.bucket_before) for item in found.workers] == [
        ("backfill", None, "ace-timeseries"),
        ("query", None, "ace-timeseries"),
    ]
    days = ("queue", "building-vitals-backfill-days")
    assert account.asked == [("worker", SCRIPTS["backfill"]), days, ("worker", SCRIPTS["query"])]
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


@pytest.mark.parametrize("adopt", ["true", "false", "from-other-stack"])
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


STATE = {(BUCKET_TYPE, BUCKET): "ace-timeseries"}
THERE = [("ace-timeseries", "default")]


@pytest.mark.parametrize(
    ("adopt", "deployed", "exists", "state", "imported"),
    [
        ("false", False, False, [], False),  # a first deployment
        ("false", False, True, STATE, False),  # the worker was deleted, or its first upload failed
        ("true", False, False, [], False),
        ("true", False, True, [], True),
        ("true", False, True, {(BUCKET_TYPE, "another"): "ace-timeseries"}, True),
        ("true", True, True, [], True),  # the state was lost
        ("true", True, True, STATE, False),  # adopt was left on
        ("true", True, False, STATE, False),  # the bucket was deleted
    ],
)
def test_an_existing_bucket_is_imported_where_the_state_does_not_have_it(
    planned, read, adopt, deployed, exists, state, imported
):
    workers = [worker_of(read(), backfill)] if deployed else []
    account = FakeAccount(workers, buckets=THERE if exists else [])
    assert planned(account, state, adopt=adopt).bucket.imported is imported


def test_an_ordinary_preview_makes_no_request_for_the_bucket(planned, read):
    account = FakeAccount([worker_of(read(), backfill)], buckets=THERE)
    assert planned(account).bucket.imported is False
    assert ("bucket", "ace-timeseries") not in account.asked


def test_a_foreign_bucket_is_refused_with_the_next_command(planned):
    with pytest.raises(BucketExistsError) as caught:
        planned(FakeAccount(buckets=THERE))
    assert str(caught.value) == (
        "bucket 'ace-timeseries' already exists but was not created by this stack. If another stack uses "
        "it, run: pulumi config set bucket ANOTHER. Otherwise, to take it over with its data, run: pulumi config set adopt true"
    )


@pytest.mark.parametrize("jurisdiction", ["eu", "fedramp"])
@pytest.mark.parametrize("adopt", ["true", "false"])
def test_a_bucket_in_another_jurisdiction_is_refused(planned, jurisdiction, adopt):
    """Case P8: an EU bucket of the declared name, `adopt: true`."""
    with pytest.raises(BucketExistsError) as caught:
        planned(FakeAccount(buckets=[("ace-timeseries", jurisdiction)]), adopt=adopt)
    assert str(caught.value) == (
        f"bucket 'ace-timeseries' exists in the jurisdiction {jurisdiction!r}, where this program cannot use it: "
        "a second, empty one would be created. Choose another name, run: pulumi config set bucket ANOTHER"
    )


def test_the_bucket_of_this_stack_is_used_although_another_jurisdiction_has_one_of_its_name(planned):
    """Case P8 does not apply to a bucket that the stack has."""
    account = FakeAccount(buckets=[("ace-timeseries", "eu")])
    assert planned(account, STATE, adopt="true").bucket.imported is False


@pytest.mark.parametrize("adopt", ["true", "false"])
@pytest.mark.parametrize("deployed", [True, False])
def test_a_changed_bucket_is_refused_with_the_command_that_keeps_it(planned, read, deployed, adopt):
    """Case P16: a changed `bucket`."""
    account = FakeAccount([worker_of(read(), backfill)] if deployed else [])
    with pytest.raises(BucketChangedError) as caught:
        planned(account, STATE, adopt=adopt, bucket="another")
    assert str(caught.value) == (
        "bucket: the days of this stack are in 'ace-timeseries', and the setting is 'another'. To keep the bucket, "
        "run: pulumi config set bucket ace-timeseries. For another bucket: docs/environments.md"
    )


def test_a_bucket_that_the_state_no_longer_has_may_be_changed(planned, read):
    """Case P16: the former bucket was taken out of the state, so it stays as it is."""
    account = FakeAccount([worker_of(read(), backfill)])
    assert planned(account, bucket="another").bucket.name == "another"
    with pytest.raises(BucketExistsError):
        planned(FakeAccount([worker_of(read(), backfill)], buckets=[("another", "default")]), bucket="another")


OLD_NAMES = {
    (SCRIPT_TYPE, "backfill"): "building-vitals-backfill",
    (SCRIPT_TYPE, "query"): "building-vitals-query",
    (BUCKET_TYPE, BUCKET): "ace-timeseries",
}


def test_a_stack_that_an_older_version_deployed_is_not_renamed(planned, read):
    """The names of every stack but `prod` have an ending since this version."""
    with pytest.raises(RenamedError) as caught:
        planned(state=OLD_NAMES, stack="dev", **QUERY_ON)
    assert str(caught.value) == (
        "names that are not set end in '-dev', but this stack has deployed 'building-vitals-backfill', "
        "'building-vitals-query', 'ace-timeseries'. To keep what is deployed, run: "
        "pulumi config set workerName building-vitals-backfill && "
        "pulumi config set queryWorkerName building-vitals-query && pulumi config set bucket ace-timeseries"
    )


def test_only_the_names_that_would_change_are_told(planned):
    with pytest.raises(
        RenamedError, match=r"has deployed 'ace-timeseries'\. To keep what is deployed, run: \S+ config set bucket \S+$"
    ):
        planned(state=OLD_NAMES, stack="dev", workerName="building-vitals-backfill")


@pytest.mark.parametrize(
    ("stack", "state", "config"),
    [
        ("dev", {}, {}),
        ("dev", {key: f"{name}-dev" for key, name in OLD_NAMES.items()}, QUERY_ON),
        ("dev", OLD_NAMES, {"workerName": "building-vitals-backfill", "bucket": "ace-timeseries"}),
        ("prod", OLD_NAMES, QUERY_ON),
    ],
)
def test_names_that_stay_are_not_told(planned, stack, state, config):
    names = dict(state)
    found = planned(state=names, stack=stack, **config)
    assert all(
        names.get((SCRIPT_TYPE, item.name), item.manifest.worker.name) == item.manifest.worker.name
        for item in found.workers
    )


def test_an_ordinary_preview_of_production_does_not_read_the_state(read):
    asked = []
    account = FakeAccount([worker_of(read(), backfill)], buckets=THERE)
    plan(read(), account, read_state=lambda: asked.append("state") or {})
    assert asked == []


@pytest.mark.parametrize(("module", "setting"), [(backfill, "workerName"), (query, "queryWorkerName")])
@pytest.mark.parametrize("adopt", ["true", "false"])
def test_a_worker_of_another_stack_is_refused(planned, read, module, setting, adopt):
    """Case X6: stack `dev` with the names of `prod` is told to set `adopt true`; does so."""
    theirs = read(**QUERY_ON)
    names = {"workerName": theirs.worker_name, "queryWorkerName": theirs.query_worker_name}
    account = FakeAccount([worker_of(theirs, module)])
    with pytest.raises(OtherStackError, match=f"pulumi config set {setting} ANOTHER") as caught:
        planned(account, stack="dev", adopt=adopt, **names, **QUERY_ON)
    assert f"its tag begins with {owner_prefix('building-vitals', 'prod')}" in str(caught.value)
    assert ("adopt from-other-stack" in str(caught.value)) is (module is backfill)


def test_the_query_worker_of_another_stack_is_never_taken_over(planned, read):
    theirs = read(**QUERY_ON)
    account = FakeAccount([worker_of(theirs, query)])
    with pytest.raises(OtherStackError, match="A query worker is never adopted"):
        planned(account, stack="dev", adopt="from-other-stack", queryWorkerName=theirs.query_worker_name, **QUERY_ON)


def test_a_stack_that_is_gone_leaves_its_worker_and_its_bucket(planned, read):
    account = FakeAccount([worker_of(read(), backfill)], buckets=THERE)
    names = {"workerName": "building-vitals-backfill", "bucket": "ace-timeseries"}
    found = planned(account, stack="dev", adopt="from-other-stack", **names)
    assert found.bucket.imported
    assert found.workers[0].drift.stack == owner_prefix("building-vitals", "prod")


def test_the_permission_to_take_over_is_told_until_it_is_removed(planned, read):
    line = "adopt: the worker is this stack's now. Run: pulumi config set adopt false"
    account = FakeAccount([worker_of(read(), backfill)], buckets=THERE)
    assert line in planned(account, STATE, adopt="from-other-stack").warnings
    assert line not in planned(account, STATE, adopt="true").warnings
    theirs = FakeAccount([worker_of(read(stack="dev", workerName="building-vitals-backfill"), backfill)])
    assert line not in planned(theirs, STATE, adopt="from-other-stack").warnings


def test_a_second_stack_with_default_names_meets_no_worker_of_the_first(planned, read):
    """Case X6: default names."""
    account = FakeAccount([worker_of(read(), backfill)], buckets=THERE)
    found = planned(account, stack="dev", adopt="true")
    assert found.workers[0].drift is None
    assert (found.bucket.name, found.bucket.imported) == ("ace-timeseries-dev", False)


def test_a_changed_dead_letter_queue_is_drift_of_the_worker_with_a_message(planned, read):
    consumer = QueueConsumer(
        id="c1",
        type="worker",
        script=SCRIPTS["backfill"],
        dead_letter_queue="another",
        batch_size=1,
        max_concurrency=1,  # a refresh of the provider finds it
        max_retries=4,
    )
    queue = Queue(id="q1", name="building-vitals-backfill-days", paused=False, consumers=(consumer,))
    found = planned(FakeAccount([worker_of(read(), backfill)], queues=[queue]))
    [worker] = found.workers
    assert (worker.drift.origin, worker.drift.author) == ("queue consumer", None)
    assert worker.message == message_of(worker.drift)
    assert found.warnings[-1] == (
        "drift: the consumer of the queue was changed outside Pulumi (live version v1). Settings: dead letter queue "
        "(expected building-vitals-backfill-dead-days, found another). Cloudflare does not record the author and the "
        "time of a changed consumer. `pulumi up` restores it"
    )
    assert found.queues.message == worker.message
