import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.cron.dialect import find_broken_field


@pytest.mark.parametrize(
    ("cron", "field"),
    [
        ("*/5 * * * *", None),
        ("60 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 1,L * *", "day of month"),
        ("* * * 13 *", "month"),
        ("* * * * 0", "day of week"),
        ("* * * *", "cron"),
        ("* * * * *\n", "cron"),
    ],
)
def test_the_first_broken_field_is_named(cron, field):
    assert find_broken_field(cron) == field


@given(st.text(alphabet="0123456789*/,-LW#FRI ", max_size=30))
def test_any_text_has_an_answer(text):
    assert find_broken_field(text) in {None, "cron", "minute", "hour", "day of month", "month", "day of week"}
