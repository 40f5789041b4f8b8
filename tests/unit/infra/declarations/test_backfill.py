import json
import re

import pytest

from contract.manifest import Manifest
from contract.manifest.sites import unpack_sites
from infra import policy
from infra.declarations import backfill, query
from infra.settings.binding_names import BACKFILL_BINDINGS
from tests.unit.infra.conftest import manifest_of


def declared(read, **config):
    return manifest_of(read(**config))


def test_every_declared_binding_has_a_reserved_name(read):
    names = {binding.name for binding in backfill.declare(read()).bindings}
    assert names == set(BACKFILL_BINDINGS)


def test_a_hundred_sites_are_bound_in_whole_parts_that_cloudflare_stores(read):
    """The limit of a variable is 5 KB. Both workers get the same texts."""
    sites = [{"name": f"ses_site_of_our_city_{number:03}", "startDate": "2020-01-01"} for number in range(100)]
    sites[0]["endDate"] = "2024-12-31"
    settings = read(sites=json.dumps(sites), queryWorker="true")
    for declare in (backfill.declare, query.declare):
        texts = {binding.name: binding.text for binding in declare(settings).bindings if "SITES" in binding.name}
        assert list(texts) == ["SITES", "SITES_2"]
        assert all(len(text.encode()) <= 5_000 for text in texts.values())
        assert [site for text in texts.values() for site in json.loads(text)] == sites
        assert unpack_sites(texts) == settings.sites
    manifest = manifest_of(settings)
    policy.enforce(manifest, key=settings.ace_api_key)
    assert (len(manifest.sites), len(manifest.digest())) == (100, 12)
    assert len(manifest.worker.tag.encode()) <= 100


def test_more_sites_than_a_worker_s_variables_can_hold_are_refused_in_one_line(read):
    sites = [{"name": f"{'s' * 240}{number}", "startDate": "2020-01-01"} for number in range(2_200)]
    settings = read(sites=json.dumps(sites))
    with pytest.raises(policy.PolicyError) as caught:
        policy.enforce(manifest_of(settings), key=settings.ace_api_key)
    assert re.fullmatch(
        r"the worker building-vitals-backfill has \d+ variables and secrets, and Cloudflare allows 128",
        str(caught.value),
    )


def test_the_manifest_has_every_binding_and_no_secret(read):
    data = declared(read).to_dict()
    assert {"name": "ACE_API_KEY", "type": "secret_text"} in data["bindings"]
    assert {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "ace-timeseries"} in data["bindings"]
    assert "fake" not in json.dumps(data)
    assert Manifest.from_dict(json.loads(json.dumps(data))).to_dict() == data


def test_the_tag_fits_and_follows_from_the_manifest_but_not_from_the_key(read):
    tag = declared(read).worker.tag
    assert tag.startswith("bv:")
    assert len(tag.encode()) <= 100
    assert declared(read, aceApiKey="another-fake-key").worker.tag == tag
    assert declared(read, sites='[{"name": "other", "startDate": "2024-12-10"}]').worker.tag != tag
    assert declared(read, schedule="").worker.tag != tag


def test_no_schedule_is_an_empty_list(read):
    assert declared(read, schedule="").schedules == ()
