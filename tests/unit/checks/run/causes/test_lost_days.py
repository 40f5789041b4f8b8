"""Lost days have the cause of the worker's own answer, where it reports them as complete."""

from tests.fakes import days, run_log
from tests.fakes.healthy_system import healthy_system


def lossy_system():
    """Return a system in which a day is gone that a run left stored."""
    system = healthy_system(stored=5)
    del system.objects[days.key_of(days.date_of(1))]
    return system


def report_causes(folder, system):
    _, report = system.report(folder, "history", "r2")
    return {name: [item["cause"] for item in report[name]["findings"]] for name in ("history", "r2")}


def test_a_worker_that_counts_days_which_it_never_stored_is_the_cause(tmp_path):
    """Case T1: the run log is the worker's word, and so is GET /status. Only the bucket is the fact."""
    system = lossy_system()
    system.worker.claimed = [days.date_of(number) for number in range(5)]
    assert report_causes(tmp_path, system) == {"history": ["worker"], "r2": ["worker"]}


def test_a_worker_that_knows_the_gap_is_not_the_cause(tmp_path):
    system = lossy_system()
    assert run_log.read_runs(system.objects)
    assert report_causes(tmp_path, system) == {"history": ["outside_change"], "r2": []}
