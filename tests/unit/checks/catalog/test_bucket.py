"""The check `bucket`: it exists, is not public, and no lifecycle rule deletes stored days."""

import pytest

from tests.fakes.answers import envelope, refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import BUCKET, manifest_data
from tests.fakes.outcomes import failed_finding, inconclusive_finding

EXPIRY = {"condition": {"type": "Age", "maxAge": 2_592_000}}
DOMAIN = {"domain": "data.example.org", "enabled": True, "status": {"ownership": "active", "ssl": "active"}}


def rule(prefix, enabled=True, **changes):
    return {"id": "cleanup", "enabled": enabled, "conditions": {"prefix": prefix}, **changes}


def test_a_private_bucket_without_expiry_passes(tmp_path):
    _, report = healthy_system().report(tmp_path, "bucket")
    assert report["bucket"]["outcome"] == "pass"
    assert report["bucket"]["evidence"] == [
        f"bucket {BUCKET} exists in jurisdiction default",
        "no lifecycle rule deletes stored days",
        "it is not public under r2.dev",
        "it has no custom domain",
    ]


@pytest.mark.parametrize(
    "prefix", ["", "timeseries/", "timeseries/ses_falls_city/2024-12", "_control/", "_control/backfill/runs"]
)
def test_a_rule_that_deletes_objects_of_the_backfill_fails(tmp_path, prefix):
    """Case X4: an R2 rule that expires objects, added outside Pulumi."""
    system = healthy_system()
    system.cloudflare.rules.append(rule(prefix, deleteObjectsTransition=EXPIRY))
    found = failed_finding(tmp_path, system, "bucket")
    place = f"under {prefix}" if prefix else "of the whole bucket"
    assert (found["subject"], found["cause"]) == (f"lifecycle rule cleanup of {BUCKET}", "outside_change")
    assert found["found"] == f"deletes objects {place} after 30 days"
    assert found["hint"] == f"npx wrangler r2 bucket lifecycle remove {BUCKET} --name cleanup"


@pytest.mark.parametrize(
    "found",
    [
        rule("other/", deleteObjectsTransition=EXPIRY),
        rule("timeseries/another_site/", deleteObjectsTransition=EXPIRY),
        rule("", enabled=False, deleteObjectsTransition=EXPIRY),
        rule("", deleteObjectsTransition=None, storageClassTransitions=None),
    ],
)
def test_a_rule_that_deletes_nothing_of_ours_passes(tmp_path, found):
    system = healthy_system()
    system.cloudflare.rules.append(found)
    code, report = system.report(tmp_path, "bucket")
    assert (code, report["bucket"]["warnings"]) == (0, [])


def test_a_rule_that_moves_objects_is_a_warning(tmp_path):
    system = healthy_system()
    move = {"condition": {"type": "Date", "date": "2025-03-01T00:00:00Z"}, "storageClass": "InfrequentAccess"}
    system.cloudflare.rules.append(rule("", storageClassTransitions=[move]))
    code, report = system.report(tmp_path, "bucket")
    said = "lifecycle rule cleanup moves objects of the whole bucket to InfrequentAccess on 2025-03-01: reads cost more"
    assert (code, report["bucket"]["warnings"]) == (0, [said])


def test_a_public_bucket_fails(tmp_path):
    """Case X4: a public bucket, enabled outside Pulumi."""
    system = healthy_system()
    system.cloudflare.public = True
    found = failed_finding(tmp_path, system, "bucket")
    assert (found["found"], found["cause"]) == ("public at https://pub-b1.r2.dev", "outside_change")
    assert found["hint"] == f"npx wrangler r2 bucket dev-url disable {BUCKET}"


def test_a_custom_domain_fails_and_a_disabled_one_is_a_warning(tmp_path):
    system = healthy_system()
    system.cloudflare.domains = [DOMAIN]
    found = failed_finding(tmp_path, system, "bucket")
    assert (found["found"], found["cause"]) == ("public at https://data.example.org", "outside_change")
    system.cloudflare.domains = [{**DOMAIN, "enabled": False}]
    code, report = system.report(tmp_path, "bucket")
    assert (code, report["bucket"]["warnings"]) == (0, ["the custom domain data.example.org is attached and disabled"])


def test_a_missing_bucket_fails(tmp_path):
    system = healthy_system()
    system.cloudflare.buckets.clear()
    found = failed_finding(tmp_path, system, "bucket")
    assert (found["expected"], found["found"]) == ("exists in jurisdiction default", "absent")


def test_a_bucket_in_another_jurisdiction_is_named(tmp_path):
    system = healthy_system(manifest=manifest_data(storage__jurisdiction="eu"))
    found = failed_finding(tmp_path, system, "bucket")
    assert found["expected"] == "exists in jurisdiction eu"
    assert found["found"] == "absent there, but one of this name is in jurisdiction default"


@pytest.mark.parametrize("part", ["/lifecycle", "/domains/managed", "/domains/custom", f"/buckets/{BUCKET}"])
def test_a_part_that_may_not_be_read_is_inconclusive(tmp_path, part):
    system = healthy_system()
    system.routes["GET", part] = refusal(403, 10000)
    inconclusive_finding(tmp_path, system, "bucket")


def test_an_unreadable_part_hides_no_finding(tmp_path):
    system = healthy_system()
    system.cloudflare.public = True
    system.routes["GET", "/lifecycle"] = refusal(403, 10000)
    assert failed_finding(tmp_path, system, "bucket")["found"] == "public at https://pub-b1.r2.dev"


@pytest.mark.parametrize(
    ("part", "result"),
    [
        ("/lifecycle", {"rules": [5]}),
        ("/lifecycle", {"rules": [{"id": "x", "enabled": "yes"}]}),
        ("/lifecycle", []),
        ("/domains/managed", {"domain": "x"}),
        ("/domains/custom", {"domains": [{"enabled": True}]}),
    ],
)
def test_an_answer_of_another_shape_is_inconclusive(tmp_path, part, result):
    system = healthy_system()
    system.routes["GET", part] = envelope(result)
    assert inconclusive_finding(tmp_path, system, "bucket")["expected"] == "an answer of the documented form"
