"""The selection of checks by name and tag, with the checks that they need."""

from checks.catalog import load
from checks.run import selection


def test_selection():
    def ids(**options):
        return [check.id for check in selection.select(load(), **options)]

    order = [
        "config",
        "token",
        "secrets",
        "bindings",
        "bucket",
        "deployed",
        "failures",
        "fresh",
        "health",
        "history",
        "key",
        "trigger",
        "logs",
    ]
    assert ids()[: len(order)] == order
    assert set(ids()[len(order) :]) == {"r2", "proof", "query", "parity"}
    assert ids(names=["trigger"]) == ["config", "health", "key", "trigger"]
    assert ids(names=["r2"], skip=["key"]) == ["config", "r2"]
    assert ids(tags=["offline"]) == ["config"]
    assert set(ids(tags=["data"])) == {"config", "token", "failures", "fresh", "key", "r2", "proof", "query"}
    assert not {"trigger", "logs"} & set(ids(read_only=True))
    assert ids(skip=["read-only"]) == ["trigger", "logs"]
    assert ids(names=["logs"]) == [
        "config",
        "health",
        "key",
        "trigger",
        "logs",
    ]  # the check that runs with it is selected too
