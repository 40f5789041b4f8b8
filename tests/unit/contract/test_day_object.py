"""The members of a day's object, with the same vectors as tests/worker/test_day_format.py."""

import hashlib
import json
from pathlib import Path

import pytest

from contract.day_object import MEMBERS, combine_digests, find_member, format_lengths, parse_lengths

VECTORS = json.loads((Path(__file__).parents[2] / "contract/day_object_examples.json").read_text())


@pytest.mark.parametrize(("name", "member"), VECTORS["members"])
def test_a_name_has_the_member_of_its_last_segment(name, member):
    assert find_member(name) == find_member(f"ses/any/{name}") == member


def test_published_values_of_the_hash():
    assert find_member("") == 0x811C9DC5 % MEMBERS
    assert find_member("a") == 0xE40C292C % MEMBERS
    assert find_member("foobar") == 0xBF9CF968 % MEMBERS


def test_lengths_are_read_and_written():
    lengths = (0, 20, 35, 36, 36**9, *range(59))
    text = format_lengths(lengths)
    assert text.startswith("0,k,z,10,1000000000,0,1,2")
    assert parse_lengths(text) == lengths


@pytest.mark.parametrize("text", VECTORS["wrong_lengths"])
def test_other_lengths_are_refused(text):
    with pytest.raises(ValueError, match="64 numbers in base 36"):
        parse_lengths(text)


def test_the_digest_of_a_day_is_the_digest_of_the_digests():
    digests = [hashlib.sha256(text.encode()).digest() for text in ("a", *[""] * 63)]
    assert combine_digests(digests) == hashlib.sha256(b"".join(digests)).hexdigest()
