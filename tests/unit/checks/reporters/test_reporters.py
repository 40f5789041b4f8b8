"""All formats together: their names, and a whole run in each of them."""

from checks.reporters import junit, load, names
from tests.fakes.healthy_system import healthy_system


def test_the_formats():
    assert names() == ("github", "json", "junit", "markdown", "text")
    assert load("junit") is junit.render


def test_the_help_names_the_formats():
    from checks.cli import commands

    (option,) = [item for item in commands.run.params if item.name == "formats"]
    assert sorted(option.metavar.removesuffix("[=FILE]").split("|")) == sorted(names())


def test_every_format_of_a_whole_run(tmp_path):
    for name in names():
        code, text = healthy_system().run(tmp_path, formats=(name,))
        assert code == 0
        assert text.endswith("\n")
