import fcntl
import tempfile

import pytest

from rehearsal.folder import run_folder


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_run_has_its_own_folder_and_leaves_none(tmp_path):
    with run_folder() as one, run_folder() as two:
        assert one != two
        (one / "file").touch()
        assert one.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_swept_and_a_living_ones_is_not(tmp_path):
    dead, living, strange = (
        tmp_path / "building-vitals-dead",
        tmp_path / "building-vitals-living",
        tmp_path / "building-vitals-x",
    )
    for folder in (dead, living, strange):
        folder.mkdir()
    (dead / "lock").touch()
    with (living / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with run_folder():
            assert not dead.exists()
            assert living.exists()
            assert strange.exists()


def test_a_kept_folder_stays_also_for_later_runs(tmp_path):
    with run_folder(keep=True) as kept:
        pass
    with run_folder():
        assert kept.exists()
