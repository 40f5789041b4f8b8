import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import drift
from contract.drift import ADDED, CHANGED, DELETED, Bound, Change, Supersession

NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,30}", fullmatch=True)
CRONS = st.sampled_from(["*/5 * * * *", "0,30 1-5 * * *", "0 1 LW * MON-FRI"])


@st.composite
def lines(draw):
    known = draw(st.booleans())
    return Supersession(
        version=draw(st.from_regex(r"[0-9a-f]{8}", fullmatch=True)),
        how=draw(st.sampled_from(["secret", "upload", "rollback", "split over several versions", "crons"])),
        by=draw(st.emails(domains=st.just("example.org")).filter(drift._WHO.fullmatch)) if known else None,
        on="2026-11-24 11:10:48" if known else None,
        adopted=draw(st.booleans()),
        changes=tuple(
            Change(name=name, what=draw(st.sampled_from([ADDED, CHANGED, DELETED])))
            for name in draw(st.lists(NAMES, max_size=8))
        ),
        crons=draw(st.none() | st.lists(CRONS, max_size=3).map(tuple)),
        lost=tuple(Bound(name=name, type="kv_namespace") for name in draw(st.lists(NAMES, max_size=5))),
        replaced=tuple(Bound(name=name, type="plain_text") for name in draw(st.lists(NAMES, max_size=5))),
    )


@pytest.mark.untraced
@given(lines())
def test_what_is_written_is_read_back(line):
    text = str(line)
    assert len(text.encode()) <= drift.LIMIT
    assert drift.parse(text) == line


@given(st.text())
def test_whatever_somebody_writes_is_read_or_refused(text):
    found = drift.parse(text)
    assert found is None or str(found)


@given(st.text(), st.text(), st.text())
def test_what_comes_from_outside_cannot_change_the_lines_grammar(name, who, how):
    line = Supersession(
        version="608d4072", how=how, by=who, on="2026-11-24 11:10:48", changes=(Change(name=name, what=ADDED),)
    )
    found = drift.parse(str(line))
    assert found is not None
    assert len(found.changes) == 1
    assert str(line).isascii()
    assert "\n" not in str(line)


def test_a_line_for_people():
    line = Supersession(
        version="608d4072-aaaa-bbbb",
        how="secret",
        by="jo@example.org",
        on="2026-11-24 11:10:48",
        changes=(Change(name="ACE_API_KEY", what=DELETED),),
    )
    assert str(line) == (
        "supersedes 608d4072, changed outside (secret) by jo@example.org on 2026-11-24 11:10:48 UTC; "
        "by hand: ACE_API_KEY deleted"
    )


def test_what_is_too_long_loses_whole_items_and_counts_them():
    changes = tuple(Change(name=f"NAME_{number:03}", what=ADDED) for number in range(40))
    lost = tuple(Bound(name=f"LOST_{number:03}", type="kv_namespace") for number in range(40))
    line = Supersession(version="608d4072", how="upload", changes=changes, lost=lost)
    found = drift.parse(str(line))
    assert len(str(line)) <= drift.LIMIT
    assert found.changes == changes
    assert len(found.lost) + found.more == 40
    assert re.search(r", and \d+ more$", str(line))


def test_the_whole_line_has_no_limit_and_is_of_the_same_hand():
    lost, replaced = (
        tuple(Bound(name=f"{word}_{number:03}", type="plain_text") for number in range(60)) for word in ("LOST", "SET")
    )
    line = Supersession(version="608d4072", how="upload", adopted=True, lost=lost, replaced=replaced)
    short, whole = drift.parse(str(line)), drift.parse(line.whole())
    assert whole == line
    assert len(short.lost) + len(short.replaced) + short.more == 120
    assert short.more > 0
    assert whole.same_as(short)
    assert not whole.same_as(Supersession(version="ffff0000", how="upload", adopted=True))


@pytest.mark.parametrize(
    "text", ["", "supersedes", "deployed by hand", "supersedes 608d4072, changed outside (x)\n; lost: y"]
)
def test_another_message_is_none(text):
    assert drift.parse(text) is None


def test_many_long_crons_stay_within_the_limit():
    long = (f"{','.join(map(str, range(n, 60)))} * * * *" for n in range(5))
    line = str(Supersession(version="608d4072", how="crons", crons=(*long, "*/5 * * * *")))
    assert len(line) <= drift.LIMIT
    assert drift.parse(line) is not None
