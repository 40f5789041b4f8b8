"""Before the first deployment, `config` and `token` check the previewed deployment with the stack's own key."""

from rehearsal import local_system as local
from rehearsal.local_system import commands as process

KEY = "fake-ace-key-of-the-stack"


def test_config_and_token_before_the_first_up(empty_world):
    world, environment = empty_world, {"ACE_API_KEY": ""}
    given = {**world.local.environment, **environment}
    command = ("pulumi", "config", "set", "--secret", "aceApiKey")
    assert world.wait(process.run(command, environment=given, folder=local.ROOT, given=f"{KEY}\n"))[0] == 0
    judged = ("python", "-m", "checks", "run", "config", "token", "--stack", local.STACK)
    code, output = world.run(*judged, **environment)
    assert (code, KEY in output) == (1, False), output
    assert "probably a wrong key" in output
    world.local.ace.accept(KEY)
    code, output = world.run(*judged, **environment)
    assert (code, KEY in output) == (0, False), output
    assert "ACE accepts the stack's aceApiKey and serves ses_falls_city" in output
    code, output = world.run("python", "-m", "checks", "run", "health", "--stack", local.STACK, **environment)
    assert code == 3
    assert "has no output manifest" in output
