import pytest

from tests.benchmarks import structure
from tests.contract.source_tree import SourceTree


@pytest.fixture
def trees(tmp_path, monkeypatch):
    """Three states of a repository, by name, with fewer lines and better words."""

    def write(name, code, comment):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_text(f"# {comment}\n" + "x = 1\n" * code)
        return SourceTree(root=tmp_path / name, paths=("a.py",))

    states = {
        "old": write("old", 3000, "It is what it is; so it is."),
        "half": write("half", 999, "It is what it is."),
        "new": write("new", 1000, "The value is constant."),
    }

    class Opened:
        def __init__(self, name):
            self.tree = states[name]

        def __enter__(self):
            return self.tree

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(structure, "tree_of_commit", Opened)
    monkeypatch.setattr(structure, "working_tree", lambda: states["new"])


def test_both_states_are_printed_side_by_side_with_the_limits(trees, capsys):
    assert structure.structure("old", "") is True
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["old", "working", "tree", "limit"]
    assert "lines of shipped code                       3,001        1,001   1,001" in lines
    assert "words per 1,000, comments                     125            0       3    8 words -> 4 words" in lines


def test_a_missed_limit_is_named(trees, capsys):
    assert structure.structure("old", "half") is False
    missed = [line.partition("  ")[0] for line in capsys.readouterr().out.splitlines() if "MISSED" in line]
    assert missed == ["words per 1,000, comments"]
