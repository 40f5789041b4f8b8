"""The choice of samples to ask for, and the comparison of an answer with them."""

from checks.stored_days.comparison.query_comparison import find_difference, select_samples
from checks.stored_days.stored_day import Sample


def sample(name, at, value=1.0):
    return Sample(name=name, timestamp=at, value=value)


def test_the_samples_that_are_asked_for():
    day = [sample("a/p", 1), sample("b/p", 1), sample("a/q", 2), sample("a/p", 3), sample("p", 4)]
    assert select_samples(day, ("p",), 10) == (day[0], day[1], day[3], day[4])
    assert select_samples(day, ("a/p",), 1) == (day[0],)
    assert select_samples(day, ("p",), 1) == (day[0], day[1])
    assert select_samples(day, ("P", "b"), 1) == ()


def test_numbers_are_compared_as_numbers():
    assert find_difference([sample("a", 1, 2)], [sample("a", 1, 2.0)]) is None
    assert find_difference([sample("a", 1, "2")], [sample("a", 1, 2)]) is not None
