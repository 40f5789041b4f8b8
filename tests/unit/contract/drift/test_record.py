import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.drift import record as drift
from contract.drift.record import (
    ADDED,
    CHANGED,
    DELETED,
    BindingChange,
    Drift,
    DriftError,
    EarlierChange,
    LiveBinding,
    SettingChange,
)

ANY = st.text(max_size=200)
CHANGES = st.builds(BindingChange, name=ANY, change=st.sampled_from([ADDED, CHANGED, DELETED]) | ANY)
EARLIER = st.builds(EarlierChange, version=ANY, origin=ANY, author=ANY, at=ANY)
SETTINGS = st.builds(SettingChange, name=ANY, expected=ANY, found=ANY)
LIVE = st.lists(st.builds(LiveBinding, name=ANY, type=ANY), max_size=8).map(tuple)
RECORDS = st.builds(
    Drift,
    version=ANY,
    origin=st.sampled_from([drift.SECRET, drift.UPLOAD, drift.CRONS, drift.SPLIT, drift.SCRIPT_SETTINGS]) | ANY,
    author=st.none() | ANY,
    at=st.none() | ANY,
    adopted=st.booleans(),
    changes=st.lists(CHANGES, max_size=8).map(tuple),
    crons=st.none() | st.lists(ANY, max_size=8).map(tuple),
    lost=LIVE,
    replaced=LIVE,
    earlier=st.lists(EARLIER, max_size=8).map(tuple),
    settings=st.lists(SETTINGS, max_size=5).map(tuple),
)
WHO = {"author": "jo@example.org", "at": "2026-11-24 11:10:48"}


def changed(*names, change=CHANGED):
    return tuple(BindingChange(name=name, change=change) for name in names)


@pytest.mark.untraced
@given(RECORDS)
def test_a_record_with_any_names_survives_json(record):
    assert Drift.from_dict(json.loads(json.dumps(record.to_dict()))) == record


GOOD = Drift(version="608d4072", origin=drift.SECRET, changes=changed("A"), crons=()).to_dict()


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        "drift: jo changed ACE_API_KEY",
        {**GOOD, "version": 1},
        {**GOOD, "origin": None},
        {**GOOD, "author": 1},
        {**GOOD, "adopted": "true"},
        {**GOOD, "changes": {}},
        {**GOOD, "changes": ["A"]},
        {**GOOD, "changes": [{"name": "A"}]},
        {**GOOD, "changes": [{"name": "A", "change": 1}]},
        {**GOOD, "changes": [{"name": "A", "change": "added", "value": "x"}]},
        {**GOOD, "crons": [1]},
        {**GOOD, "settings": [{"name": "logpush"}]},
        {**GOOD, "crons": "none"},
        {**GOOD, "lost": [{"name": "A", "change": "added"}]},
        {**GOOD, "more": 1},
    ],
)
def test_other_data_is_refused(data):
    with pytest.raises(DriftError) as caught:
        Drift.from_dict(data)
    assert "\n" not in str(caught.value)
