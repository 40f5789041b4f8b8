"""release.yml: a tag is tested, built with the least permissions and without a cache, and published under its own version."""

from pathlib import Path

import yaml

TEXT = (Path(__file__).parents[3] / ".github" / "workflows" / "release.yml").read_text()
WORKFLOW = yaml.safe_load(TEXT)
TESTS, RELEASE = WORKFLOW["jobs"]["test"], WORKFLOW["jobs"]["release"]


def test_a_tag_is_published_after_green_tests_only():
    assert WORKFLOW[True] == {"push": {"tags": ["v*"]}}  # YAML 1.1 reads `on` as true
    assert (TESTS["uses"], RELEASE["needs"]) == ("$/.github/workflows/test.yml", "test")
    assert not {"if", "continue-on-error"} & {*TESTS, *RELEASE}


def test_it_may_write_the_release_and_nothing_else_and_has_no_secret():
    assert (WORKFLOW["permissions"], TESTS["permissions"]) == ({}, {"contents": "read"})
    assert RELEASE["permissions"] == {"contents": "write"}
    assert "secrets." not in TEXT
    assert [step["name"] for step in RELEASE["steps"] if "GH_TOKEN" in step.get("env", {})] == ["Publish"]
    assert "cache" not in TEXT.replace("no cache", "")


def test_the_script_compares_the_tag_and_the_built_files_are_published():
    build, attempt, publish = [step for step in RELEASE["steps"] if "run" in step]
    assert (build["run"], build["env"]) == ("scripts/release", {"TAG": "${{ github.ref_name }}"})
    assert "env -i " in attempt["run"]
    assert attempt["run"].endswith(" -I dist/building-vitals.pyz --version")
    files = [word for word in publish["run"].split() if word.startswith("dist/")]
    assert files == [f"dist/building-vitals.pyz{end}" for end in (".md", "", ".sha256")]
    assert "--verify-tag" in publish["run"]
