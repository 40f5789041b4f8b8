import pytest

from toolchain.stamp import NAME, Stamp


@pytest.fixture
def installed(tmp_path):
    lock, folder = tmp_path / "lock", tmp_path / "packages"
    lock.write_text("a")
    (folder / "deep" / "__pycache__").mkdir(parents=True)
    (folder / "deep" / "module").write_text("code")
    (folder / "deep" / "__pycache__" / "module.pyc").write_text("compiled")
    (folder / "link").symlink_to("deep/module")
    Stamp(folder, [lock]).write()
    return folder, lock


def test_an_installation_is_current_for_the_same_inputs_only(installed):
    folder, lock = installed
    assert Stamp(folder, [lock]).current()
    lock.write_text("b")
    assert not Stamp(folder, [lock]).current()
    assert Stamp(folder, [lock]).damage() is None


@pytest.mark.parametrize(
    ("change", "damage"),
    [
        (lambda folder: (folder / "deep" / "module").unlink(), "deep/module is gone"),
        (lambda folder: (folder / "link").unlink(), "link is gone"),
        (lambda folder: (folder / "deep" / "module").write_text("cod"), "deep/module was changed"),
        (lambda folder: (folder / "deep" / "__pycache__" / "module.pyc").unlink(), None),
        (lambda folder: (folder / "cache").write_text("written later"), None),
        (lambda folder: (folder / NAME).unlink(), ""),
        (lambda folder: (folder / NAME).write_text('{"fol'), ""),
    ],
)
def test_damage_is_named_and_later_files_are_not_damage(installed, change, damage):
    folder, lock = installed
    change(folder)
    assert Stamp(folder, [lock]).damage() == damage


def test_a_moved_folder_is_damaged_because_its_scripts_have_the_old_path(installed):
    folder, lock = installed
    moved = folder.rename(folder.with_name("moved"))
    assert Stamp(moved, [lock]).damage() == f"moved from {folder}"


def test_a_folder_that_checkouts_share_by_a_link_is_whole_in_each(installed):
    folder, lock = installed
    link = folder.with_name("other-checkout")
    link.symlink_to(folder)
    assert Stamp(link, [lock]).damage() is None


def test_a_forgotten_stamp_is_not_current(installed):
    folder, lock = installed
    Stamp(folder, [lock]).forget()
    assert not Stamp(folder, [lock]).current()
    Stamp(folder, [lock]).forget()
