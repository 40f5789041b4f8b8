"""A stored day is read within bounds, and each defect of one is named."""

import dataclasses
import gzip
import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.stored_days import gzip_reader
from checks.stored_days.gzip_reader import BrokenDayError, DayTooLargeError
from checks.stored_days.stored_day import compare_with_metadata, decode_day
from contract.day_object import MEMBERS, find_member, format_lengths
from tests.fakes.days import lines, stored, stored_in_members

DAY = date(2024, 12, 10)


GOOD = lines("2024-12-10")


def read_object(object_):
    found = decode_day(object_.body, object_.custom, day=DAY)
    compare_with_metadata(found, object_.custom)
    return found


def test_a_valid_day():
    found = read_object(stored("2024-12-10"))
    assert (found.samples, found.points) == (3, {"ses/p0", "ses/p1"})


def test_an_empty_day():
    assert read_object(stored("2024-12-10", [])).samples == 0


def test_a_last_line_without_its_end():
    content = "\n".join(json.dumps(sample) for sample in GOOD).encode()
    assert read_object(stored("2024-12-10", content=content)).samples == 3


@pytest.mark.parametrize("value", [1, -2.5, 1e300, "", "0x10", "on", "1e999", "NaN", True, False, None])
def test_valid_values(value):
    """Case A1."""
    read_object(stored("2024-12-10", [GOOD[0] | {"value": value}]))


@pytest.mark.parametrize(
    "change",
    [
        {"value": "72.5"},
        {"value": "-1e3"},
        {"value": []},
        {"value": float("inf")},
        {"point_name": ""},
        {"point_name": 5},
        {"timestamp": 1.5},
        {"timestamp": True},
        {"timestamp": GOOD[0]["timestamp"] - 1},
        {"timestamp": GOOD[0]["timestamp"] + 86_400_000},
        {"extra": 1},
    ],
)
def test_invalid_lines(change):
    with pytest.raises(BrokenDayError, match="in line 1"):
        read_object(stored("2024-12-10", [GOOD[0] | change]))


@pytest.mark.parametrize(
    ("raw", "actual"),
    [
        (b"", "cut off"),
        (b"no gzip", "do not decompress"),
        (stored("2024-12-10").body[:-4], "cut off"),
        (stored("2024-12-10").body + b"x", "1 bytes after its end"),
        (gzip.compress(stored("2024-12-10").body), "compressed twice"),
        (gzip.compress(b"{]\n"), "another text"),
        (gzip.compress(b"\n"), "another text"),
        (gzip.compress(b"[" * 60_000), "another text"),
        (gzip.compress(b"[1]\n"), "other fields"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",  # gzip holds the time: no id for a test
)
def test_bytes_that_are_not_a_day(raw, actual):
    with pytest.raises(BrokenDayError, match=actual):
        decode_day(raw, {}, day=DAY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("samples", "2"),
        ("samples", None),
        ("points", "9"),
        ("sha256", "0" * 64),
        ("first", None),
        ("first", "yesterday"),
        ("last", "0"),
    ],
)
def test_false_metadata(name, value):
    with pytest.raises(BrokenDayError, match=f"metadata {name}"):
        read_object(stored("2024-12-10", **{name: value}))


def test_metadata_that_names_a_first_sample_of_an_empty_day():
    with pytest.raises(BrokenDayError, match="metadata first None"):
        read_object(stored("2024-12-10", [], first="0"))


@pytest.mark.parametrize("text", ["2024-12-10T00:00:00", "2024-12-10T00:00:00.000Z", "2024-12-10T01:00:00+01:00"])
def test_metadata_in_iso_form(text):
    read_object(stored("2024-12-10", first=text))


def test_too_many_points_are_refused(monkeypatch):
    monkeypatch.setattr(gzip_reader, "MAX_POINTS", 1)
    with pytest.raises(DayTooLargeError, match="more than 1 points"):
        decode_day(stored("2024-12-10").body, {}, day=DAY)


def test_a_line_beyond_the_bounds_is_inconclusive():
    with pytest.raises(DayTooLargeError, match="a line of more than"):
        decode_day(gzip.compress(b"x" * 100_000), {}, day=DAY)


@pytest.mark.parametrize("store", [stored, stored_in_members])
def test_a_repeated_row_is_valid(store):
    """Case A6: it is stored twice, and counted twice."""
    rows = [GOOD[0], GOOD[0] | {"point_name": "q"}, GOOD[0]]
    assert read_object(store("2024-12-10", rows)).samples == 3
    with pytest.raises(BrokenDayError, match="metadata samples 3"):
        read_object(store("2024-12-10", rows, samples="2"))


def test_two_values_of_a_point_in_one_millisecond_are_valid():
    found = read_object(stored("2024-12-10", [GOOD[0], GOOD[0] | {"value": 1}, GOOD[1]]))
    assert (found.samples, len(found.points)) == (3, 2)


@pytest.mark.parametrize("digits", [309, 400, 4000])
def test_a_whole_number_that_is_not_finite_is_not_a_value(digits):
    with pytest.raises(BrokenDayError, match="a finite number"):
        read_object(stored("2024-12-10", [GOOD[0] | {"value": 10**digits}]))


@pytest.mark.parametrize("store", [stored, stored_in_members])
def test_the_order_of_the_rows_does_not_count(store):
    """Case A5: ACE may order a page by point. The first and the last time are the smallest and the largest."""
    rows = [GOOD[2], GOOD[0], GOOD[1]]
    found = read_object(store("2024-12-10", rows))
    assert (found.first, found.last) == (GOOD[0]["timestamp"], GOOD[2]["timestamp"])
    with pytest.raises(BrokenDayError, match="metadata first"):
        read_object(store("2024-12-10", rows, first=str(GOOD[2]["timestamp"])))


@pytest.mark.parametrize(
    "source",
    [None, "", "x/y", "2024-12-11T00:00:00Z/2024-12-12T00:00:00Z", "2024-12-10T00:00:00Z", "2024-12-10T00:00:00Z/x"],
)
def test_metadata_that_names_another_window_of_ace(source):
    with pytest.raises(BrokenDayError, match="metadata source 2024-12-10T00:00:00Z/2024-12-11T00:00:00Z"):
        read_object(stored("2024-12-10", source=source))


@pytest.mark.parametrize(
    "name", ["ses/ses_falls_city/a/b", "ses/p0", "VAV-707.DaTemp", "ses/weather/x", "a/ses_other/b"]
)
def test_names_of_no_other_site(name):
    decode_day(stored("2024-12-10", [GOOD[0] | {"point_name": name}]).body, {}, day=DAY, site="ses_falls_city")


def test_a_name_that_looks_like_a_site_beside_the_sites_own_is_valid():
    rows = [GOOD[0] | {"point_name": "ses/ses_falls_city/x"}, GOOD[1] | {"point_name": "ses/ses_weather/y"}]
    decode_day(stored("2024-12-10", rows).body, {}, day=DAY, site="ses_falls_city")


def test_the_points_of_another_site():
    raw = stored("2024-12-10", [GOOD[0], GOOD[1] | {"point_name": "ses/ses_elsewhere/x/y.Temp"}]).body
    with pytest.raises(BrokenDayError, match=r"points of site ses_falls_city, found ses/.*, of site ses_elsewhere"):
        decode_day(raw, {}, day=DAY, site="ses_falls_city")


POINTS = [GOOD[0] | {"point_name": f"ses/p{n}"} for n in range(200)]
MEMBER = find_member("ses/p0")


def test_a_day_in_64_members():
    found = read_object(stored_in_members("2024-12-10", POINTS))
    assert (found.samples, len(found.points)) == (200, 200)
    whole = stored_in_members("2024-12-10", POINTS).body
    assert len(gzip.decompress(whole).splitlines()) == 200, "gunzip reads the whole"


def test_an_empty_day_is_one_empty_member():
    empty = stored_in_members("2024-12-10", [])
    assert (len(empty.body), read_object(empty).samples) == (20, 0)


def other_member(number=(MEMBER + 1) % MEMBERS):
    return stored_in_members("2024-12-10", [GOOD[0]], replaced={number: gzip.compress(json.dumps(GOOD[0]).encode())})


@pytest.mark.parametrize(
    ("object_", "text"),
    [
        (stored_in_members("2024-12-10", format="3"), "metadata format 2, or none, found '3'"),
        (stored_in_members("2024-12-10", members="1,2"), "64 lengths in base 36"),
        (stored_in_members("2024-12-10", sha256="0" * 64), "metadata sha256"),
        (stored_in_members("2024-12-10", revision="0"), "metadata revision, a number from 1"),
        (stored_in_members("2024-12-10", revision=None), "metadata revision, a number from 1"),
        (stored_in_members("2024-12-10", checked_at="soon"), "metadata checked_at, a time"),
        (other_member(), f"ses/p0 in member {MEMBER}, found it is in member"),
        (stored_in_members("2024-12-10", replaced={7: gzip.compress(b"")}), "samples in member 7, found none"),
        (
            stored_in_members("2024-12-10", replaced={MEMBER: b"no gzip"}),
            f"a gzip file as member {MEMBER}, found bytes",
        ),
        (stored_in_members("2024-12-10", [], replaced={1: gzip.compress(b"")}), "samples in member 0, found none"),
    ],
)
def test_broken_members(object_, text):
    with pytest.raises(BrokenDayError, match=text):
        read_object(object_)


def test_members_that_are_cut_elsewhere_than_their_lengths_say():
    whole = stored_in_members("2024-12-10", POINTS)
    lengths = [int(length, 36) for length in whole.custom["members"].split(",")]
    first, second = [number for number, length in enumerate(lengths) if length][:2]
    for more, text in ((1, "1 bytes after its end"), (-1, "cut off")):
        moved = list(lengths)
        moved[first], moved[second] = moved[first] + more, moved[second] - more
        with pytest.raises(BrokenDayError, match=rf"as member {first}, found .*{text}"):
            read_object(_relabel(whole, moved))
    with pytest.raises(BrokenDayError, match="bytes, as in the metadata members"):
        read_object(_relabel(whole, [lengths[0] + 1, *lengths[1:]]))


def _relabel(of, lengths):
    return dataclasses.replace(of, custom=of.custom | {"members": format_lengths(lengths)})


@given(st.binary(max_size=200))
def test_any_bytes_are_a_valid_or_a_broken_day(data):
    for raw in (data, gzip.compress(data)):
        try:
            decode_day(raw, {}, day=DAY)
        except BrokenDayError as error:
            assert error.expected
            assert error.found
