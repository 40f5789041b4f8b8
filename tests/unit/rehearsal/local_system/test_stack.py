from rehearsal.local_system import stack


def test_the_rehearsals_own_settings_replace_the_declared_defaults():
    settings = stack.read_settings()
    assert settings["site"] == "ses_falls_city"
    assert settings["workerName"] == "building-vitals-backfill"
    assert not (stack.engine.ROOT / f"Pulumi.{stack.STACK}.yaml").exists()
