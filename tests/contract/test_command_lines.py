"""Case P20: every command of the project has help that is complete at 80 columns, names its values, and has a version."""

import importlib

import click
import pytest

from contract.version import VERSION

PROGRAMS = {
    "checks": ("checks.cli.commands", "group"),
    "backfill": ("backfill.cli.commands", "group"),
    "deployment": ("deployment.__main__", "group"),
    "review": ("review.__main__", "main"),
    "review.github": ("review.github.__main__", "group"),
    "rehearsal": ("rehearsal.cli", "main"),
    "conformance": ("conformance.__main__", "main"),
}
COLUMNS = 80
NAMELESS = {"TEXT", "INTEGER", "INTEGER RANGE", "FLOAT", "FLOAT RANGE"}  # click's names for a value without one


def walk(name, command, parent=None):
    """Yield each command with a context of 80 columns."""
    settings = command.context_settings | {"terminal_width": COLUMNS, "max_content_width": COLUMNS}
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield context
    if isinstance(command, click.Group):
        for child, item in command.commands.items():
            yield from walk(child, item, context)


def list_contexts():
    for name, (module, attribute) in PROGRAMS.items():
        yield from walk(f"python -m {name}", getattr(importlib.import_module(module), attribute))


CONTEXTS = [pytest.param(context, id=context.command_path) for context in list_contexts()]


def find_gaps(context):
    """Yield each line of the help that is cut or too long, and each option whose value has no name."""
    for line in context.get_help().splitlines():
        if (len(line) > COLUMNS or line.endswith("...")) and not line.startswith("Usage:"):
            yield line
    for option in context.command.params:
        takes_value = isinstance(option, click.Option) and not option.is_flag
        if takes_value and option.make_metavar(context) in NAMELESS:
            yield option.name


@pytest.mark.parametrize("context", CONTEXTS)
def test_help_is_whole_at_80_columns_and_names_every_value(context):
    """Case P20."""
    assert list(find_gaps(context)) == []
    assert context.help_option_names == ["-h", "--help"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_program_has_a_version(name, capsys):
    """Case P20."""
    module, attribute = PROGRAMS[name]
    getattr(importlib.import_module(module), attribute).main(["--version"], standalone_mode=False)
    assert capsys.readouterr().out == f"building-vitals, version {VERSION}\n"


def test_a_gap_is_found():
    @click.group(context_settings={"help_option_names": ["-h", "--help"]})
    def broken():
        pass

    @broken.command()
    @click.option("--deadline")
    def child(deadline):
        """Do a thing with a first sentence that is far too long for one line of the list of commands at the top."""

    top, below = walk("broken", broken)
    assert [line.split()[0] for line in find_gaps(top)] == ["child"]
    assert list(find_gaps(below)) == ["deadline"]
