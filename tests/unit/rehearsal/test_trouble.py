import pytest

from rehearsal.trouble import Kind, Road, Trouble


@pytest.mark.parametrize(
    ("trouble", "met"),
    [
        (None, "......"),
        (Trouble(kind=Kind.RESET), "xxxxxx"),
        (Trouble(kind=Kind.RESET, every=3), "x..x.."),
        (Trouble(kind=Kind.STATUS, times=2), "xx...."),
        (Trouble(kind=Kind.DELAY, every=2, times=2, seconds=0.1), "x.x..."),
    ],
)
def test_the_first_request_meets_it_and_then_every_nth(trouble, met):
    road = Road()
    road.trouble = trouble
    assert "".join("x" if road.next() else "." for _ in range(6)) == met
    assert road.met == met.count("x")


def test_new_trouble_counts_from_its_own_beginning():
    road = Road()
    road.trouble = Trouble(kind=Kind.RESET, times=1)
    assert road.next()
    assert not road.next()
    assert road.met == 1
    road.trouble = Trouble(kind=Kind.RESET, times=1)
    assert road.met == 0
    assert road.next()
