"""All formats together: their names, and a whole run in each of them."""

from checks.reporters import junit, list_formats, load_renderer
from tests.fakes.healthy_system import healthy_system


def test_the_formats():
    assert list_formats() == ("github", "json", "junit", "markdown", "prometheus", "text")
    assert load_renderer("junit") is junit.render


def test_the_help_names_the_formats():
    from checks.cli import commands

    (option,) = [item for item in commands.run.params if item.name == "formats"]
    assert all(name in option.help for name in list_formats())


def test_every_format_of_a_whole_run(tmp_path):
    for name in list_formats():
        code, text = healthy_system().run(tmp_path, formats=(name,))
        assert code == 0
        assert text.endswith("\n")
