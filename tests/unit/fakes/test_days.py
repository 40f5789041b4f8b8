"""The fake stored days."""

from tests.fakes.days import stored


def test_stored_takes_a_raw_body():
    assert stored("2024-12-10", raw=b"x").body == b"x"
