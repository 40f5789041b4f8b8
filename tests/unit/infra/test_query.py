import httpx
import pytest

from cloudflare_client import httpx_transport
from infra import declaration, ledger, live, query
from infra.settings import SettingsError

NAMES = {"project": "building-vitals", "stack": "prod"}
OURS = ledger.owner(**NAMES)
SCRIPTS = "/client/v4/accounts/0123456789abcdef0123456789abcdef/workers/scripts/building-vitals-query"


@pytest.fixture
def plan(read, monkeypatch):
    """Plan a query worker while this tag and these bindings are live; no tag is no worker."""

    def plan(*, tag=None, bound=None, **config):
        stack = read(queryWorker="true", **config)
        promised = declaration.query_promise(stack, declaration.query_bindings(stack), **NAMES)
        bindings = [{"name": item.name, "type": item.type, **item.properties} for item in promised.bindings]
        annotations = {"workers/tag": promised.worker.tag if tag == "ours" else tag, "workers/triggered_by": "upload"}
        answers = {
            f"{SCRIPTS}/deployments": {
                "deployments": [{"versions": [{"version_id": "v1", "percentage": 100}], "created_on": "2026-11-23T00:00:00Z"}]
            },
            f"{SCRIPTS}/versions": {"items": [{"id": "v1", "number": 1, "annotations": annotations}]},
            f"{SCRIPTS}/versions/v1": {"id": "v1", "number": 1, "resources": {"bindings": bindings if bound is None else bound}},
            f"{SCRIPTS}/schedules": {"schedules": []},
        }  # fmt: skip

        def handler(request):
            if tag is None:
                return httpx.Response(404, json={"success": False, "errors": [{"code": 10007}]})
            return httpx.Response(200, json={"success": True, "result": answers[request.url.path]})

        def connect(**account):
            return httpx_transport.connect(**account, network=httpx.MockTransport(handler))

        monkeypatch.setattr(live, "connect", connect)
        return query.plan(stack, **NAMES)

    return plan


def test_off_is_the_default_and_promises_nothing(read):
    stack = read()
    assert stack.query == query.Query(name=None, url=None)
    assert query.plan(stack, **NAMES) is None
    bound = declaration.bindings(stack)
    assert declaration.promise(stack, bound, **NAMES).siblings.query_url is None
    with pytest.raises(ValueError, match="declares no query worker"):
        declaration.query_promise(stack, bound, **NAMES)


def test_where_it_answers(read):
    assert read(queryWorker="true").query.url == "https://building-vitals-query.example.workers.dev"
    assert read(queryWorker="true", queryWorkerName="q").query == query.Query(
        name="q", url="https://q.example.workers.dev"
    )
    elsewhere = query.Query(name=None, url="https://q.example.org")
    assert read(queryUrl="https://q.example.org").query == elsewhere
    assert read(queryWorker="true", queryUrl="https://q.example.org").query.url == elsewhere.url
    stack = read(queryUrl="https://q.example.org")
    promised = declaration.promise(stack, declaration.bindings(stack), **NAMES)
    assert promised.siblings.query_url == "https://q.example.org"


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"queryWorker": "yes"}, "queryWorker must be true or false, found 'yes'"),
        ({"queryWorkerName": "No"}, "queryWorkerName must be 1 to 63 of a-z"),
        ({"queryUrl": "http://q.example.org"}, "queryUrl must be https"),
        (
            {"queryWorker": "true", "queryWorkerName": "building-vitals-backfill"},
            "queryWorkerName must be another than workerName, found 'building-vitals-backfill'",
        ),
        (
            {"queryWorker": "true", "workersSubdomain": "", "workerUrl": "https://b.example.org"},
            "queryUrl is needed where workersSubdomain is not set",
        ),
    ],
)
def test_what_cannot_be_is_one_line(read, config, problem):
    with pytest.raises(SettingsError) as refused:
        read(**config)
    [line] = str(refused.value).splitlines()
    assert line.startswith(problem)


def test_it_is_given_what_it_needs_and_no_secret(plan):
    planned = plan()
    assert tuple(item.name for item in planned.bound) == declaration.QUERY_BINDING_NAMES
    assert "secret_text" not in {item.type for item in planned.bound}
    assert planned.promised.schedules == ()
    assert planned.promised.worker.service == "query-worker"
    assert planned.promised.worker.tag.startswith(OURS)
    assert (planned.superseded, planned.message) == (None, None)


def test_its_mark_is_its_own(read):
    stack = read(queryWorker="true")
    backfill = declaration.promise(stack, declaration.bindings(stack), **NAMES)
    other = declaration.query_promise(stack, declaration.query_bindings(stack), **NAMES)
    assert backfill.worker.tag != other.worker.tag
    assert backfill.worker.name != other.worker.name


def test_what_is_live_and_untouched_is_left_as_it_is(plan):
    planned = plan(tag="ours")
    assert (planned.superseded, planned.message) == (None, None)


def test_a_binding_dropped_by_hand_is_superseded(plan):
    planned = plan(tag="ours", bound=[])
    assert planned.superseded.how == "bindings"
    assert planned.message.startswith("supersedes ")


@pytest.mark.parametrize("adopt", ["true", "false"])
def test_a_foreign_worker_is_never_taken_over(plan, adopt):
    with pytest.raises(ledger.ForeignWorkerError, match="it is never taken over"):
        plan(tag="another program", adopt=adopt)
