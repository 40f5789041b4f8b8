import pytest

from infra.declarations import backfill, query
from infra.settings.reading import SettingsError


def test_it_is_off_by_default(read):
    settings = read()
    assert (settings.query_worker_name, settings.query_url) == (None, None)
    assert query.declare(settings) is None
    assert backfill.declare(settings).related.query_url is None


def test_its_address_follows_from_its_name_or_is_given(read):
    assert query.declare(read(queryWorker="true")).url == "https://building-vitals-query.example.workers.dev"
    named = query.declare(read(queryWorker="true", queryWorkerName="q"))
    assert (named.script, named.url) == ("q", "https://q.example.workers.dev")
    assert query.declare(read(queryWorker="true", queryUrl="https://q.example.org")).url == "https://q.example.org"


def test_a_query_worker_of_another_program_is_a_related_worker(read):
    settings = read(queryUrl="https://q.example.org")
    assert query.declare(settings) is None
    assert backfill.declare(settings).related.query_url == "https://q.example.org"


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"queryWorker": "yes"}, "queryWorker: expected true or false, found 'yes'"),
        ({"queryWorkerName": "No"}, "queryWorkerName: expected 1 to 63 of a-z"),
        ({"queryUrl": "http://q.example.org"}, "queryUrl: expected an https URL"),
        (
            {"queryWorker": "true", "queryWorkerName": "building-vitals-backfill"},
            "queryWorkerName: expected a name that is not workerName, found 'building-vitals-backfill'",
        ),
        (
            {"queryWorker": "true", "workersSubdomain": "", "workerUrl": "https://b.example.org"},
            "queryUrl: expected a whole URL, because workersSubdomain is not set, found nothing",
        ),
    ],
)
def test_each_problem_is_one_line(read, config, problem):
    with pytest.raises(SettingsError) as refused:
        read(**config)
    [line] = str(refused.value).splitlines()
    assert line.startswith(problem)
