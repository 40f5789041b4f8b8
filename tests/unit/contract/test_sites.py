"""The texts of the bindings SITES, SITES_2, …: whole sites, as many as fit into 5,000 bytes of UTF-8."""

import json

import pytest

from contract.manifest.sites import MAX_BYTES, DeclaredSite, pack_sites, unpack_sites

EMPTY = len('[{"name":"","startDate":"2024-12-10"}]')


def site(name):
    return DeclaredSite(name=name, start_date="2024-12-10")


def fill(bytes_left, letter="x"):
    """Return a site that makes a text of its own with so many bytes less than the limit."""
    count, rest = divmod(MAX_BYTES - bytes_left - EMPTY, len(letter.encode()))
    return site(letter * count + "x" * rest)


@pytest.mark.parametrize("letter", ["x", "\u00fc", "\u540d", "\U0001f321"])
def test_a_text_has_at_most_5000_bytes_and_holds_the_site_that_just_fits(letter):
    """A name of several bytes a letter breaks the rule of the setting, and its text is not too long either."""
    last = site("b")
    size = len(json.dumps(last.to_setting(), separators=(",", ":"))) + 1
    assert [len(text.encode()) for text in pack_sites([fill(0, letter)]).values()] == [MAX_BYTES]
    assert [len(text.encode()) for text in pack_sites([fill(size, letter), last]).values()] == [MAX_BYTES]
    texts = pack_sites([fill(size - 1, letter), last])
    assert [len(text.encode()) for text in texts.values()] == [MAX_BYTES - size + 1, size + 1]


def test_every_text_is_an_array_of_whole_sites_in_their_order():
    sites = [site(f"{'s' * (number * 7 % 200)}{number}") for number in range(300)]
    texts = pack_sites(sites)
    assert list(texts)[:3] == ["SITES", "SITES_2", "SITES_3"]
    assert all(json.loads(text) and len(text.encode()) <= MAX_BYTES for text in texts.values())
    assert unpack_sites(texts) == tuple(sites)


def test_no_site_is_no_text():
    assert pack_sites([]) == {}
