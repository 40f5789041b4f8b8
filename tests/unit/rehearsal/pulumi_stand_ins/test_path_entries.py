"""PATH gets a stand-in only if the official executable is not installed."""

from pathlib import Path

import pytest

from rehearsal.pulumi_stand_ins import (
    BIN,
    GIVEN,
    GivenFolderError,
    find_path_entries,
    find_stand_ins,
    read_plugin_version,
)

LANGUAGE, PLUGIN = str(BIN / "only-language"), str(BIN / "only-plugin")


def _executable(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def _env(home: Path, *folders: Path) -> dict[str, str]:
    return {"PULUMI_HOME": str(home), "PATH": ":".join(str(folder) for folder in folders)}


def test_both_where_nothing_is_installed(tmp_path: Path) -> None:
    assert find_path_entries(_env(tmp_path)) == [LANGUAGE, PLUGIN]


def test_both_where_only_the_engine_is_installed(tmp_path: Path) -> None:
    engine = _executable(tmp_path / "bin/pulumi")
    assert find_path_entries(_env(tmp_path, engine.parent)) == [LANGUAGE, PLUGIN]


@pytest.mark.parametrize("where", ["beside the engine", "on PATH", "in the standard folder"])
def test_no_language_host_where_the_official_one_is(tmp_path: Path, where: str) -> None:
    folders = {"beside the engine": "engine", "on PATH": "elsewhere", "in the standard folder": "versions/3.259.0/bin"}
    _executable(tmp_path / folders[where] / "pulumi-language-python")
    path = [tmp_path / "elsewhere"]
    if where != "in the standard folder":
        engine = _executable(tmp_path / "engine/pulumi")
        (tmp_path / "links").mkdir()
        (tmp_path / "links/pulumi").symlink_to(engine)
        path.append(tmp_path / "links")
    assert find_path_entries(_env(tmp_path, *path)) == [PLUGIN]


def test_no_plugin_where_the_official_one_is_installed(tmp_path: Path) -> None:
    folder = tmp_path / f"plugins/resource-cloudflare-v{read_plugin_version()}"
    _executable(folder / "pulumi-resource-cloudflare")
    assert find_path_entries(_env(tmp_path)) == [LANGUAGE]
    folder.with_name(folder.name + ".partial").touch()
    assert find_path_entries(_env(tmp_path)) == [LANGUAGE, PLUGIN]


def test_another_version_of_the_plugin_is_not_the_official_one(tmp_path: Path) -> None:
    _executable(tmp_path / "plugins/resource-cloudflare-v5.0.0/pulumi-resource-cloudflare")
    assert PLUGIN in find_path_entries(_env(tmp_path))


def test_the_stand_ins_do_not_count_as_official(tmp_path: Path) -> None:
    assert find_path_entries(_env(tmp_path, Path(LANGUAGE), Path(PLUGIN), BIN)) == [LANGUAGE, PLUGIN]


def test_without_pulumi_home_the_users_home_counts(tmp_path: Path) -> None:
    _executable(tmp_path / f".pulumi/plugins/resource-cloudflare-v{read_plugin_version()}/pulumi-resource-cloudflare")
    assert find_path_entries({"HOME": str(tmp_path), "PATH": ""}) == [LANGUAGE]


@pytest.mark.parametrize(
    ("programs", "left"),
    [
        (["pulumi"], [LANGUAGE, PLUGIN]),
        (["pulumi-language-python"], [PLUGIN]),
        (["pulumi-resource-cloudflare"], [LANGUAGE]),
        (["pulumi", "pulumi-language-python", "pulumi-resource-cloudflare"], []),
    ],
)
def test_the_given_folder_comes_first_and_replaces_the_stand_ins_of_its_programs(
    tmp_path: Path, programs: list[str], left: list[str]
) -> None:
    for name in programs:
        _executable(tmp_path / "given" / name)
    env = {**_env(tmp_path / "home"), GIVEN: str(tmp_path / "given")}
    assert find_path_entries(env) == [str(tmp_path / "given"), *left]
    assert [Path(entry).name for entry in left] == [
        {"pulumi-language-python": "only-language", "pulumi-resource-cloudflare": "only-plugin"}[name]
        for name in find_stand_ins(env)
    ]


def test_a_given_folder_without_any_program_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(GivenFolderError) as refused:
        find_path_entries({**_env(tmp_path), GIVEN: str(tmp_path)})
    assert str(refused.value) == (
        "REHEARSAL_PULUMI_PATH: expected a folder with pulumi or pulumi-language-python or pulumi-resource-cloudflare, "
        f"found none in {tmp_path}"
    )


@pytest.mark.parametrize("entry", [LANGUAGE, PLUGIN, str(BIN)])
def test_each_folder_has_the_executables_of_its_name(entry: str) -> None:
    names = {LANGUAGE: {"pulumi-language-python"}, PLUGIN: {"pulumi-resource-cloudflare"}}
    found = {file.name for file in Path(entry).iterdir() if file.is_file()}
    assert found == names.get(entry, {"pulumi-language-python", "pulumi-resource-cloudflare"})
