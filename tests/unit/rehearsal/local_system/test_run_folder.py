import fcntl
import os
import tempfile

import pytest

from rehearsal.local_system.run_folder import open_run_folder


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_run_has_its_own_folder_and_leaves_none(tmp_path):
    with open_run_folder() as one, open_run_folder() as two:
        assert one != two
        (one / "file").touch()
        assert one.stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"building-vitals-{os.getuid()}-folders"]


def test_the_folder_of_a_killed_run_is_removed_and_that_of_a_living_run_stays(tmp_path):
    names = ("dead", "living", "lockless")
    dead, living, lockless = (tmp_path / f"building-vitals-{os.getuid()}-{name}" for name in names)
    for folder in (dead, living, lockless):
        folder.mkdir()
    (dead / "lock").touch()
    with (living / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open_run_folder():
            assert not dead.exists()
            assert living.exists()
            assert not lockless.exists()


def test_a_kept_folder_stays_also_for_later_runs(tmp_path):
    with open_run_folder(keep=True) as kept:
        pass
    with open_run_folder():
        assert kept.exists()
