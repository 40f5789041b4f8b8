"""Durations and report targets."""

import pytest

from checks.cli.arguments import parse_duration, parse_targets


def test_durations():
    assert [parse_duration(text) for text in ("60s", "2m", "500ms", "90", "1.5s")] == [60.0, 120.0, 0.5, 90.0, 1.5]


def test_targets(tmp_path):
    assert [target.format for target in parse_targets((), ("text", "json"))] == ["text"]
    assert parse_targets((f"json={tmp_path / 'x'}",), ("text", "json"))[0].file == tmp_path / "x"
    assert parse_targets(("json=-",), ("text", "json"))[0].file is None
    with pytest.raises(ValueError, match="only one format can go to standard output"):
        parse_targets(("json=-", "text"), ("text", "json"))
