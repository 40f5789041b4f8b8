"""A report file is replaced in one step."""

import os
import stat
from pathlib import Path

import pytest

from checks.run.output.files import replace_file


def test_a_reader_sees_the_old_report_or_the_new_one(tmp_path):
    file = tmp_path / "vitals.prom"
    file.write_text("old")
    with file.open() as reader:
        replace_file(file, "new")
        assert reader.read() == "old"
    assert file.read_text() == "new"
    assert list(tmp_path.iterdir()) == [file]


def test_the_new_file_can_be_read_by_other_programs_as_the_umask_allows(tmp_path):
    before = os.umask(0o022)
    try:
        replace_file(tmp_path / "r", "text")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "r").stat().st_mode) == 0o644


def test_a_failed_write_leaves_the_old_report_and_no_other_file(tmp_path, monkeypatch):
    file = tmp_path / "r"
    file.write_text("old")

    def refuse(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        replace_file(file, "new")
    assert (file.read_text(), list(tmp_path.iterdir())) == ("old", [file])


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "real")
    replace_file(tmp_path / "link", "text")
    assert (tmp_path / "real").read_text() == "text"
    assert (tmp_path / "link").is_symlink()
    replace_file(Path(os.devnull), "text")
    assert not Path(os.devnull).is_file()
