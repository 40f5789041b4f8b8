from rehearsal.local_system import stack


def test_the_rehearsals_own_settings_replace_the_declared_defaults():
    settings = stack.read_settings()
    assert settings["sites"] == [{"name": "ses_falls_city", "startDate": "2024-12-10"}]
    assert settings["workerName"] == "building-vitals-backfill"
    assert not (stack.engine.ROOT / f"Pulumi.{stack.STACK}.yaml").exists()


def test_a_rehearsal_may_have_several_sites_with_the_same_days():
    first, second, third = stack.make_sites(days=3, number=3)
    assert first == {"name": "ses_falls_city", "startDate": "2024-12-10", "endDate": "2024-12-12"}
    assert [second["name"], third["name"]] == ["ses_site_002", "ses_site_003"]
    assert stack.make_sites(days=3) == [first]
