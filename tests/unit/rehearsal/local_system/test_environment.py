import pytest

from rehearsal.local_system import environment


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
