import pytest

from rehearsal.local_system import commands, environment
from rehearsal.pulumi_stand_ins import GIVEN


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (None, None),
        ("", None),
        ("fake-canary-7261", None),
        ("changeme", "is a placeholder"),
        (" fake-canary-7261", "has white space around it"),
        ("Bearerfake-canary-7261", "starts with"),
    ],
)
def test_a_key_of_this_environment_that_the_program_will_refuse_is_reported(monkeypatch, key, said):
    monkeypatch.delenv("ACE_API_KEY", raising=False)
    if key is not None:
        monkeypatch.setenv("ACE_API_KEY", key)
    problem = environment.describe_key_problem()
    if said is None:
        assert problem is None
    else:
        assert problem.startswith(f"ACE_API_KEY of this environment was used, but it {said}")
        assert "`unset ACE_API_KEY`" in problem
        assert "canary" not in problem
        assert "changeme" not in problem


def refuse():
    raise commands.CommandError("the Pulumi engine is missing. Run scripts/setup")


def test_an_engine_in_the_given_folder_comes_before_the_installed_one(monkeypatch, tmp_path):
    engine = tmp_path / "pulumi"
    engine.write_text("#!/bin/sh\n")
    engine.chmod(0o755)
    monkeypatch.setattr(environment, "_find_installed_engine", refuse)
    monkeypatch.setenv(GIVEN, str(tmp_path))
    assert environment.find_engine() == tmp_path
    engine.rename(tmp_path / "pulumi-language-python")
    with pytest.raises(commands.CommandError, match="the Pulumi engine is missing"):
        environment.find_engine()


def test_a_given_folder_without_programs_is_refused_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv(GIVEN, str(tmp_path))
    with pytest.raises(commands.CommandError, match=r"^REHEARSAL_PULUMI_PATH: expected a folder with pulumi or .*$"):
        environment.make_environment(tmp_path, stack="rehearsal", account_id="0" * 32)
