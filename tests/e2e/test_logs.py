"""The live logs of a real batch at the edge, read through the local Cloudflare's tail."""

import httpx


def checked(world):
    code, report = world.checks("logs")
    return code, {check["id"]: check for check in report["checks"]}


def tails(world):
    environment = world.local.environment
    account, token = environment["CLOUDFLARE_ACCOUNT_ID"], environment["CLOUDFLARE_API_TOKEN"]
    url = f"{environment['CLOUDFLARE_BASE_URL']}/accounts/{account}/workers/scripts/{world.local.worker_name}/tails"
    return httpx.get(url, headers={"Authorization": f"Bearer {token}"}).json()["result"]


def test_a_batch_that_went_well_shows_ace_and_r2(world):
    world.empty_bucket()
    code, checks = checked(world)
    assert (code, checks["logs"]["outcome"]) == (0, "pass"), checks["logs"]
    assert checks["logs"]["evidence"][0].endswith("and days written to R2: 2")
    assert "pages of ACE: 0" not in checks["logs"]["evidence"][0]
    assert tails(world) == []


def test_a_batch_with_nothing_to_do_says_so(world):
    code, checks = checked(world)
    assert (code, checks["logs"]["outcome"]) == (0, "pass")
    assert "had no day to fetch" in checks["logs"]["evidence"][0]


def test_a_key_that_ace_does_not_know_is_in_the_logs(world):
    world.empty_bucket()
    world.local.ace.accept("another-fake-key")
    try:
        code, checks = checked(world)
    finally:
        world.local.ace.accept(world.local.environment["ACE_API_KEY"])
    (found,) = checks["logs"]["findings"]
    assert (code, checks["logs"]["outcome"]) == (1, "fail")
    assert (found["cause"], found["subject"]) == ("configuration", "log of POST /trigger")
    assert "probably a bad key" in found["found"]
    assert found["hint"].startswith("pulumi config set --secret aceApiKey")
    assert tails(world) == []
    code, checks = checked(world)
    assert (code, {check["outcome"] for check in checks.values()}) == (0, {"pass"})
