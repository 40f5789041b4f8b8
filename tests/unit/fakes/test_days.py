"""The fake stored days."""

from tests.unit.checks.world import stored


def test_stored_takes_a_raw_body():
    assert stored("2024-12-10", raw=b"x")[0] == b"x"
